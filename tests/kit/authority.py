"""A certificate authority of the tests."""

from __future__ import annotations

import ssl
from pathlib import Path


class Authority:
    """An authority of this test run and the files it makes."""

    def __init__(self, folder: Path) -> None:
        import trustme

        self.root = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.root.cert_pem.write_to_path(self.file)
        self.client = str(folder / "client.pem")
        self.root.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(self.client)

    def serving(self, host: str = "127.0.0.1", *, asks: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.root.issue_cert(host).configure_cert(context)
        if asks:
            self.root.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.file)
