"""A running sandbox as a test sees it: where it is, who may log in, and how to disturb it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import checks
from .control import Action
from .faults import Faults
from .infisical.access import ROLES
from .infisical.backend import THIRTY_DAYS, Backend, Identity
from .infisical.policies import add_policy
from .messages import RequestLog
from .rate import RateLimit

__all__ = ["Box", "Running", "Sandbox"]


@dataclass(frozen=True)
class Running:
    """The running server under a sandbox: where it listens, and what its requests suffer."""

    url: str
    faults: Faults
    requests: RequestLog
    limit: RateLimit


class Box:
    """What the sandboxes of all APIs have. Methods may be called from any thread.

    Attributes:
        url: Where it listens, without a trailing slash.
        faults: What the next requests shall suffer.
        requests: The last requests received.
        controls: Which of its methods may be called over HTTP.
    """

    controls: ClassVar[tuple[Action, ...]] = (Action("PUT", "rate-limit", "set_rate_limit"),)

    def __init__(self, running: Running) -> None:
        self.url: str = running.url
        self.faults: Faults = running.faults
        self.requests: RequestLog = running.requests
        self._limit = running.limit

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self.url!r})"

    def set_rate_limit(self, limit: int | None, window: float = 60.0) -> None:
        """Answer so many requests in so many seconds, then 429; None answers all.

        Raises:
            ValueError: The limit is no whole number, or the window not above 0 and at most a day.
        """
        if limit is not None:
            checks.whole("limit", limit)
        self._limit.set(limit, checks.seconds("window", window, zero=False))


class Sandbox(Box):
    """A running sandbox of Infisical.

    Attributes:
        token: A ready access token of the admin identity.
    """

    def __init__(self, running: Running, backend: Backend) -> None:
        Box.__init__(self, running)  # not super(): a sandbox may be of two APIs
        self._backend = backend
        self.token: str = self.issue_token()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self.url!r}, client_id={self.client_id!r})"

    @property
    def client_id(self) -> str:
        """The client id of the admin identity."""
        return self._backend.admin.client_id

    @property
    def client_secret(self) -> str:
        """The client secret of the admin identity."""
        return self._backend.admin.client_secret

    @property
    def identity_id(self) -> str:
        """The id of the admin identity."""
        return self._backend.admin.identity_id

    @property
    def organization_id(self) -> str:
        """The id of the one organization."""
        return self._backend.organization_id

    def add_identity(
        self,
        name: str,
        *,
        role: str = "no-access",
        project_id: str | None = None,
        access_token_ttl: int = THIRTY_DAYS,
        access_token_max_ttl: int | None = None,
        num_uses_limit: int = 0,
    ) -> Identity:
        """Create a machine identity with universal auth.

        Arguments:
            name: Its name.
            role: no-access, viewer, member or admin.
            project_id: The project where it has that role; None gives it the role in the
                organization and in every project.
            access_token_ttl: Seconds that its access tokens live; 0 for ever.
            access_token_max_ttl: Seconds that renewing can stretch this to; by default the same.
            num_uses_limit: How many requests one access token serves; 0 for any number.

        Raises:
            ValueError: The role is none of the four.
            LookupError: There is no such project.
        """
        if role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, not {role!r}")
        longest = access_token_ttl if access_token_max_ttl is None else access_token_max_ttl
        return self._backend.add_identity(name, role, project_id, access_token_ttl, longest, num_uses_limit)

    def issue_token(self, identity_id: str | None = None) -> str:
        """A new Token Auth access token, of the admin identity unless another is named.

        Raises:
            LookupError: There is no such identity.
        """
        with self._backend.store.transaction():
            _, answer = self._backend.issue(identity_id or self.identity_id, "token-auth", "sandbox")
        return str(answer["accessToken"])

    def expire_tokens(self) -> None:
        """End the life of every access token issued so far; logging in again works."""
        with self._backend.store.transaction():
            self._backend.store.run("UPDATE tokens SET expired = 1")

    def revoke_tokens(self) -> None:
        """Revoke every access token issued so far; logging in again works."""
        with self._backend.store.transaction():
            self._backend.store.run("UPDATE tokens SET revoked = 1")

    def clear_lockouts(self) -> None:
        """Let identities log in that too many failures have locked."""
        self._backend.clear_lockouts()

    def add_change_policy(
        self, project_id: str, environment: str, secret_path: str = "/", name: str = "sandbox policy"
    ) -> str:
        """Turn writes of secrets on a path, which may hold wildcards, into approval requests; its id."""
        with self._backend.store.transaction():
            return add_policy(self._backend.store, project_id, environment, secret_path, name)
