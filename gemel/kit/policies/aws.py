"""Signatures of Amazon Web Services, version 4, made by botocore's signer."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any, cast

from gemel.kit.errors import CredentialsError, DeclarationError
from gemel.kit.flow.effects import Flow, Offload
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.echoes import without_secrets
from gemel.kit.policies.places import Place
from gemel.kit.policies.signed import Sender, Sign
from gemel.kit.policies.tokens import Token
from gemel.kit.tracebacks import entry

__all__ = ["AwsSigV4"]

_FIELDS = ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256", "X-Amz-Security-Token")
_UNSIGNED = "UNSIGNED-PAYLOAD"


class AwsSigV4:
    """Signs each attempt with an access key of Amazon Web Services (Signature Version 4); needs the extra `[aws]`.

    Args:
        region: The region, such as "eu-central-1".
        service: The service's name in signatures, such as "execute-api" or "s3".
        access_key: The id of the access key; without keys botocore looks for credentials in its usual places.
        secret_key: The secret of the access key.
        session_token: The token of temporary credentials.

    Raises:
        DeclarationError: Region or service is no text or empty, or one of the two keys is missing.
        CredentialsError: A key cannot be sent.
    """

    places: tuple[Place, ...] = (Place("header", "Authorization", "AWS4-HMAC-SHA256 "),)

    @entry
    def __init__(
        self,
        *,
        region: str,
        service: str,
        access_key: str | None = None,
        secret_key: str | None = None,
        session_token: str | None = None,
    ) -> None:
        for name, text in (("region", region), ("service", service)):
            if not isinstance(cast("object", text), str) or not text.isascii() or not text.isprintable() or not text:
                raise DeclarationError(f"AwsSigV4: {name} must be text and not empty")
        if (access_key is None) != (secret_key is None):
            raise DeclarationError(
                "AwsSigV4: access_key and secret_key go together; without both botocore looks for them"
            )
        if session_token is not None and access_key is None:
            raise DeclarationError("AwsSigV4: a session_token goes with an access_key and a secret_key")
        self._region = region
        self._service = service
        # Held as tokens, which are checked and show themselves to nobody.
        self._keys = [None if key is None else Token(key) for key in (access_key, secret_key, session_token)]

    def __repr__(self) -> str:
        return f"AwsSigV4(region={self._region!r}, service={self._service!r}, {MASK})"

    @entry
    def signing(self, caller: Caller) -> Sign:
        """Return what signs each attempt; raises ImportError without botocore."""
        try:
            import_module("botocore.auth")
        except ImportError:
            raise ImportError("AwsSigV4 signs with botocore: pip install 'gemel[aws]'") from None
        found: list[Any] = []

        def around(request: Request, send: Sender) -> Flow[Response]:
            if self._keys[0] is not None:
                keys = [None if key is None else key.value for key in self._keys]
            else:  # files, environment and roles, which are looked for and renewed with requests that block
                keys = yield Offload(lambda: _keys_found(found))
            added = self._added(request, keys)
            secrets = (*(key for key in keys[1:] if key), _proof(added))
            signed = request.with_headers(added).with_context(secrets=(*request.context.secrets, *secrets))
            return without_secrets((yield from send(signed)), secrets)

        return around

    def _added(self, request: Request, keys: list[str | None]) -> Headers:
        """Return the fields of a signature.

        Args:
            request: The request.
            keys: The id and the secret of the access key, and a session token.

        Raises:
            CredentialsError: The body is a file, which only S3 takes unsigned.
        """
        streamed = request.body is not None and not isinstance(request.body, bytes)
        if streamed and self._service != "s3":
            raise CredentialsError(f"AwsSigV4: {self._service} wants its body signed; send bytes, not an Upload")
        # Only what arrives as it was sent: a proxy may change other fields.
        kept = {name: value for name, value in request.headers.pairs() if _is_signed(name)}
        auth, requests = import_module("botocore.auth"), import_module("botocore.awsrequest")
        credentials = import_module("botocore.credentials").Credentials(*keys)
        body: Any = request.body if isinstance(request.body, bytes) else b""
        asked = requests.AWSRequest(method=request.method, url=request.url, data=body, headers=kept)
        if self._service == "s3":
            said = _UNSIGNED if streamed else hashlib.sha256(body).hexdigest()

            def payload(signer: object, request: object) -> str:
                return said

            signer = type("_Signer", (auth.S3SigV4Auth,), {"payload": payload})
        else:
            signer = auth.SigV4Auth
        signer(credentials, self._service, self._region).add_auth(asked)
        return Headers((name, str(asked.headers[name])) for name in _FIELDS if name in asked.headers)


def _is_signed(name: str) -> bool:
    return name.lower() == "content-type" or name.lower().startswith("x-amz-")


def _proof(added: Headers) -> str:
    """Return the signature itself, which is the last parameter of the field."""
    return added["authorization"].rpartition("Signature=")[2]


def _keys_found(found: list[Any]) -> list[str | None]:
    """Return the keys that botocore finds, renewed by it when they are over; `found` keeps what it has found."""
    if not found:
        credentials = import_module("botocore.session").get_session().get_credentials()
        if credentials is None:
            raise CredentialsError("AwsSigV4: botocore has found no credentials; give access_key and secret_key")
        found.append(credentials)
    frozen = found[0].get_frozen_credentials()
    return [frozen.access_key, frozen.secret_key, frozen.token]
