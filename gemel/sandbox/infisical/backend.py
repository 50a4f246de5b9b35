"""The state of the Infisical sandbox: records, identities and users, their credentials, lockouts and switches."""

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
from .errors import forbidden, not_found, unauthorized
from .lockouts import Lockouts

__all__ = ["THIRTY_DAYS", "Backend", "Behaviour", "Caller", "Identity", "User", "timestamp"]

THIRTY_DAYS = 2592000


def timestamp(moment: float | None = None) -> str:
    """A moment, now by default, as the server writes times: UTC with milliseconds."""
    at = datetime.now(timezone.utc) if moment is None else datetime.fromtimestamp(moment, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Caller:
    """Whom a request's credentials belong to.

    Attributes:
        id: The id of the identity, the user or the service token.
        name: Its name.
        kind: Identity, user or service.
        mode: What the server calls the kind of credential: identityAccessToken, jwt, apiKey or serviceToken.
        token: The record of a service token.
    """

    id: str
    name: str
    kind: str = "identity"
    mode: str = "identityAccessToken"
    token: Row | None = None

    @property
    def user_id(self) -> str | None:
        """The id of a user; None for anything else."""
        return self.id if self.kind == "user" else None


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


@dataclass(frozen=True)
class User:
    """A user, logged in.

    Attributes:
        user_id: Its id.
        username: Its name.
        token: An access token of its session; not in the repr.
        api_key: Its API key, for the header X-API-Key of older operations; not in the repr.
    """

    user_id: str
    username: str
    token: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass
class Behaviour:
    """What differs between servers and organizations.

    Attributes:
        missing_folder: "refused" with 404, or "empty": what a list of secrets gives for an
            environment or path that there is not. Servers of before 2025 gave an empty list.
        cross_project: Whether secrets may be shared with other projects at all.
    """

    missing_folder: str = "refused"
    cross_project: bool = False


@dataclass(frozen=True)
class Lockout:
    """The settings of universal auth that identities get which are made from now on."""

    enabled: bool = True
    threshold: int = 3
    seconds: float = 300.0
    reset: float = 30.0

    @property
    def columns(self) -> dict[str, Any]:
        """As they are recorded with an identity."""
        return {
            "lockout_enabled": self.enabled,
            "lockout_threshold": self.threshold,
            "lockout_seconds": self.seconds,
            "lockout_reset": self.reset,
        }


class Backend:
    """Everything the operations read and change.

    Arguments:
        store: Where the records are; its tables must be those of `SCHEMA`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lockouts: Lockouts = Lockouts()
        self.behaviour: Behaviour = Behaviour()
        self.lockout: Lockout = Lockout()
        with self.store.transaction():
            self.key: bytes = store.setting("signing_key", secrets.token_hex(32)).encode()
            self.organization_id: str = store.setting("organization_id", str(uuid.uuid4()))
            admin_id = store.setting("admin_id", str(uuid.uuid4()))
            if self.store.one("SELECT 1 FROM identities WHERE id = ?", admin_id) is None:
                self.add_actor(admin_id, "admin", "admin", None)
        self.admin: Identity = self.identity(admin_id)

    def identity(self, identity_id: str) -> Identity:
        """The credentials of an identity."""
        row = self.actor(identity_id)
        return Identity(row["id"], row["client_id"], row["client_secret"])

    def actor(self, actor_id: str) -> Row:
        """The record of an identity or a user.

        Raises:
            LookupError: There is neither.
        """
        row = self.store.one("SELECT * FROM identities WHERE id = ?", actor_id)
        if row is None:
            raise LookupError(f"no identity and no user has the id {actor_id}")
        return row

    def add_actor(self, actor_id: str, name: str, role: str, project_id: str | None, **columns: Any) -> None:
        """Record an identity, or a user, with a role in one project or everywhere; call it in a transaction."""
        if project_id and self.store.one("SELECT 1 FROM projects WHERE id = ?", project_id) is None:
            raise LookupError(f"no project has the id {project_id}")
        values = {
            "client_id": str(uuid.uuid4()),
            "client_secret": secrets.token_hex(32),
            "access_token_ttl": THIRTY_DAYS,
            "access_token_max_ttl": THIRTY_DAYS,
            "num_uses_limit": 0,
        }
        self.store.insert("identities", id=actor_id, name=name, **values | self.lockout.columns | columns)
        self.store.insert("roles", identity_id=actor_id, project_id=project_id or "", role=role)

    def issue(self, actor_id: str, method: str, name: str | None = None) -> tuple[Row, dict[str, Any]]:
        """A new access token of an identity or a user: its row and the answer of a login."""
        return tokens.issue(self.store, self.key, self.actor(actor_id), method, name)

    def authenticate(self, authorization: str | None, api_key: str | None) -> Caller:
        """Whoever is behind the credentials of a request; counts one use of an access token.

        Raises:
            ApiError: 401 without credentials; for a service token 404, 401 or 403; otherwise as `tokens.resolve`.
        """
        if api_key:
            return self._key_owner(api_key)
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("Token missing")
        if token.strip().startswith("st."):
            return self._service(token.strip())
        row = tokens.resolve(self.store, self.key, token.strip())
        self.store.run("UPDATE tokens SET num_uses = num_uses + 1 WHERE id = ?", row["id"])
        actor = self.store.one("SELECT * FROM identities WHERE id = ?", row["identity_id"])
        if actor is None:
            raise unauthorized()
        is_user = actor["kind"] == "user"
        return Caller(actor["id"], actor["name"], actor["kind"], "jwt" if is_user else "identityAccessToken")

    def _key_owner(self, api_key: str) -> Caller:
        user = self.store.one("SELECT * FROM identities WHERE api_key = ?", api_key)
        if user is None:
            raise unauthorized("Invalid api key")
        return Caller(user["id"], user["name"], "user", "apiKey")

    def _service(self, token: str) -> Caller:
        """The service token that the first three parts name; the fourth was a key that only clients used."""
        _, token_id, secret, *_ = [*token.split("."), "", ""]
        row = self.store.one("SELECT * FROM service_tokens WHERE id = ?", token_id)
        if row is None:
            raise not_found(f"Service token with ID '{token_id}' not found")
        if row["expires"] is not None and time.time() >= row["expires"]:
            raise forbidden("Service token has expired")
        if not hmac.compare_digest(row["secret"].encode(), secret.encode(errors="replace")):
            raise unauthorized("Invalid service token")
        return Caller(row["id"], row["name"], "service", "serviceToken", row)

    def log_in(self, client_id: str, client_secret: str) -> dict[str, Any]:
        """A fresh access token for a client id and secret.

        Raises:
            ApiError: 401 for wrong ones, and for any while too many failures lock the identity.
        """
        identity = self.store.one("SELECT * FROM identities WHERE client_id = ? AND kind = 'identity'", client_id)
        if identity is None:
            raise unauthorized("Invalid credentials")
        if self.lockouts.is_locked(identity):
            raise unauthorized("This identity auth method is temporarily locked, please try again later")
        if not hmac.compare_digest(identity["client_secret"].encode(), client_secret.encode(errors="replace")):
            self.lockouts.failed(identity)
            raise unauthorized("Invalid credentials")
        self.lockouts.forget(identity["id"])
        return tokens.issue(self.store, self.key, identity, "universal-auth")[1]
