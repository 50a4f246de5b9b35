"""The state of the Infisical sandbox: records, identities, tokens, lockouts and change policies."""

from __future__ import annotations

import hmac
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..store import Row, Store
from . import tokens
from .errors import unauthorized

__all__ = ["Backend", "Caller", "Identity", "timestamp"]

THIRTY_DAYS = 2592000
LOCKOUT_FAILURES = 3
LOCKOUT_SECONDS = 300


def timestamp() -> str:
    """Now, as the server writes times: UTC with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Caller:
    """The machine identity that a request's token belongs to."""

    id: str
    name: str


@dataclass(frozen=True)
class Identity:
    """A machine identity with universal auth, ready to log in.

    Attributes:
        identity_id: Its id.
        client_id: The client id for logging in.
        client_secret: The client secret; not in the repr.
    """

    identity_id: str
    client_id: str
    client_secret: str = field(repr=False)


class Backend:
    """Everything the operations read and change.

    Arguments:
        store: Where the records are; its tables must be those of `SCHEMA`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._failures: dict[str, tuple[int, float]] = {}
        with self.store.transaction():
            self.key: bytes = store.setting("signing_key", secrets.token_hex(32)).encode()
            self.organization_id: str = store.setting("organization_id", str(uuid.uuid4()))
            admin_id = store.setting("admin_id", str(uuid.uuid4()))
            if self.store.one("SELECT 1 FROM identities WHERE id = ?", admin_id) is None:
                self._add_identity(admin_id, "admin", "admin", None, THIRTY_DAYS, THIRTY_DAYS, 0)
        self.admin: Identity = self.identity(admin_id)

    def identity(self, identity_id: str) -> Identity:
        """The credentials of an identity."""
        row = self.store.one("SELECT * FROM identities WHERE id = ?", identity_id)
        if row is None:
            raise LookupError(f"no identity has the id {identity_id}")
        return Identity(row["id"], row["client_id"], row["client_secret"])

    def add_identity(
        self, name: str, role: str, project_id: str | None, ttl: int, max_ttl: int, num_uses_limit: int
    ) -> Identity:
        """Create a machine identity and give it a role."""
        identity_id = str(uuid.uuid4())
        with self.store.transaction():
            self._add_identity(identity_id, name, role, project_id, ttl, max_ttl, num_uses_limit)
        return self.identity(identity_id)

    def _add_identity(
        self, identity_id: str, name: str, role: str, project_id: str | None, ttl: int, max_ttl: int, uses: int
    ) -> None:
        if project_id and self.store.one("SELECT 1 FROM projects WHERE id = ?", project_id) is None:
            raise LookupError(f"no project has the id {project_id}")
        self.store.insert(
            "identities",
            id=identity_id,
            name=name,
            client_id=str(uuid.uuid4()),
            client_secret=secrets.token_hex(32),
            access_token_ttl=ttl,
            access_token_max_ttl=max_ttl,
            num_uses_limit=uses,
        )
        self.store.insert("roles", identity_id=identity_id, project_id=project_id or "", role=role)

    def issue(self, identity_id: str, method: str, name: str | None = None) -> tuple[Row, dict[str, Any]]:
        """A new access token of an identity: its row and the answer of a login."""
        identity = self.store.one("SELECT * FROM identities WHERE id = ?", identity_id)
        if identity is None:
            raise LookupError(f"no identity has the id {identity_id}")
        return tokens.issue(self.store, self.key, identity, method, name)

    def authenticate(self, header: str | None) -> Caller:
        """The identity behind an Authorization header; counts one use of its token.

        Raises:
            ApiError: 401 without a bearer token, otherwise as `tokens.resolve`.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("Token missing")
        row = tokens.resolve(self.store, self.key, token.strip())
        self.store.run("UPDATE tokens SET num_uses = num_uses + 1 WHERE id = ?", row["id"])
        identity = self.store.one("SELECT id, name FROM identities WHERE id = ?", row["identity_id"])
        if identity is None:
            raise unauthorized()
        return Caller(identity["id"], identity["name"])

    def log_in(self, client_id: str, client_secret: str) -> dict[str, Any]:
        """A fresh access token for a client id and secret.

        Raises:
            ApiError: 401 for wrong ones, and for any while three failures lock the identity.
        """
        identity = self.store.one("SELECT * FROM identities WHERE client_id = ?", client_id)
        if identity is None:
            raise unauthorized("Invalid credentials")
        failures, since = self._failures.get(client_id, (0, 0.0))
        if failures >= LOCKOUT_FAILURES and time.monotonic() < since + LOCKOUT_SECONDS:
            raise unauthorized("This identity auth method is temporarily locked, please try again later")
        if not hmac.compare_digest(identity["client_secret"].encode(), client_secret.encode(errors="replace")):
            recent = failures if failures < LOCKOUT_FAILURES else 0
            self._failures[client_id] = (recent + 1, time.monotonic())
            raise unauthorized("Invalid credentials")
        self._failures.pop(client_id, None)
        return tokens.issue(self.store, self.key, identity, "universal-auth")[1]

    def clear_lockouts(self) -> None:
        """Forget every failed login."""
        self._failures.clear()
