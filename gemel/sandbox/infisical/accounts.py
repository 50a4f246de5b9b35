"""Who may use the running sandbox of Infisical: identities, users, their roles and tokens."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .. import checks
from ..box import Box, Running
from ..control import Action
from ..store import Store
from .backend import THIRTY_DAYS, Backend, Identity, User, timestamp
from .rules import ROLES, parsed
from .service_tokens import PERMISSIONS, add_service_token

__all__ = ["Accounts"]

LONGEST_LIFE = 315360000  # of an access token, in seconds: ten years


class Accounts(Box):
    """The part of a running sandbox of Infisical that gives access to it.

    Attributes:
        token: A ready access token of the admin identity.
        controls: Which of its methods may be called over HTTP.
    """

    controls: ClassVar[tuple[Action, ...]] = (
        Action("POST", "identities", "add_identity"),
        Action("POST", "users", "add_user"),
        Action("POST", "roles", "add_role", "slug"),
        Action("PUT", "members", "set_role"),
        Action("POST", "tokens", "issue_token", "token"),
        Action("POST", "tokens/expire", "expire_tokens"),
        Action("POST", "tokens/revoke", "revoke_tokens"),
        Action("POST", "service-tokens", "add_service_token", "token"),
    )

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

    @property
    def _store(self) -> Store:
        return self._backend.store

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

        Args:
            name: Its name.
            role: no-access, viewer, member or admin; in a project also the slug of a role of its own.
            project_id: The project where it has that role; None gives it the role in the
                organization and in every project.
            access_token_ttl: Seconds that its access tokens live; 0 for ever.
            access_token_max_ttl: Seconds that renewing can stretch this to; by default the same.
            num_uses_limit: How many requests one access token serves; 0 for any number.

        Raises:
            ValueError: There is no such role, or a number is none.
            LookupError: There is no such project.
        """
        lives = checks.whole("access_token_ttl", access_token_ttl, 0, LONGEST_LIFE)
        longest = lives if access_token_max_ttl is None else access_token_max_ttl
        columns = {
            "access_token_ttl": lives,
            "access_token_max_ttl": checks.whole("access_token_max_ttl", longest, 0, LONGEST_LIFE),
            "num_uses_limit": checks.whole("num_uses_limit", num_uses_limit),
        }
        return self._backend.identity(self._add_actor(checks.text("name", name), role, project_id, **columns))

    def add_user(self, username: str, *, role: str = "no-access", project_id: str | None = None) -> User:
        """Create a user, logged in: users have personal overrides and approve changes.

        Args:
            username: Its name, which no other user has.
            role: As for `add_identity`.
            project_id: As for `add_identity`.

        Raises:
            ValueError: The name is taken, or there is no such role.
            LookupError: There is no such project.
        """
        name = checks.text("username", username)
        with self._store.transaction():
            taken = self._store.one("SELECT 1 FROM identities WHERE name = ? AND kind = 'user'", name)
        if taken:
            raise ValueError(f"there is a user called {name!r} already")
        api_key = f"ak.{uuid.uuid4()}.{secrets.token_hex(16)}"
        user_id = self._add_actor(name, role, project_id, kind="user", api_key=api_key)
        return User(user_id, name, self.issue_token(user_id), api_key)

    def _add_actor(self, name: str, role: str, project_id: str | None, **columns: Any) -> str:
        actor_id = str(uuid.uuid4())
        with self._store.transaction():
            self._check_role(role, project_id)
            self._backend.add_actor(actor_id, name, role, project_id, **columns)
        return actor_id

    def _check_role(self, role: str, project_id: str | None) -> None:
        if project_id is not None:
            self._check_project(project_id)
        own = self._store.all("SELECT slug FROM project_roles WHERE project_id = ? ORDER BY slug", project_id)
        checks.one_of("role", role, *ROLES, *(row["slug"] for row in own))

    def _check_project(self, project_id: str) -> None:
        if self._store.one("SELECT 1 FROM projects WHERE id = ?", checks.text("project_id", project_id)) is None:
            raise LookupError(f"no project has the id {project_id}")

    def add_role(
        self, project_id: str, slug: str, permissions: Sequence[Mapping[str, Any]], *, name: str | None = None
    ) -> str:
        """Create a role of a project, or replace the rules of one; its slug.

        Args:
            project_id: The project.
            slug: What the role is called where it is given.
            permissions: The rules as the API writes them: each has a `subject`, an `action` or a list
                of them, and perhaps `conditions` on environment, secretPath, secretName and secretTags,
                and `inverted`. Of those that fit the last one decides.
            name: Its name.

        Raises:
            ValueError: A rule is not understood, or every project has a role with that slug.
            LookupError: There is no such project.
        """
        if checks.text("slug", slug) in ROLES:
            raise ValueError(f"every project has a role {slug!r}")
        parsed(permissions)
        now = timestamp()
        with self._store.transaction():
            self._check_project(project_id)
            self._store.run("DELETE FROM project_roles WHERE project_id = ? AND slug = ?", project_id, slug)
            self._store.insert(
                "project_roles",
                id=str(uuid.uuid4()),
                project_id=project_id,
                slug=slug,
                name=slug if name is None else checks.text("name", name),
                permissions=json.dumps(list(permissions)),
                created_at=now,
                updated_at=now,
            )
        return slug

    def set_role(self, actor_id: str, role: str, project_id: str | None = None) -> None:
        """Give an identity or a user another role, in one project or, where none is named, everywhere else.

        Raises:
            ValueError: There is no such role.
            LookupError: There is no such identity, user or project.
        """
        with self._store.transaction():
            self._backend.actor(checks.text("actor_id", actor_id))
            self._check_role(role, project_id)
            self._store.run(
                "INSERT OR REPLACE INTO roles (identity_id, project_id, role) VALUES (?, ?, ?)",
                actor_id,
                project_id or "",
                role,
            )

    def issue_token(self, identity_id: str | None = None) -> str:
        """A new access token, of the admin identity unless another identity or a user is named.

        Raises:
            LookupError: There is neither.
        """
        with self._store.transaction():
            actor = self._backend.actor(identity_id or self.identity_id)
            method = "user" if actor["kind"] == "user" else "token-auth"
            _, answer = self._backend.issue(actor["id"], method, "sandbox")
        return str(answer["accessToken"])

    def expire_tokens(self) -> None:
        """End the life of every access token issued so far; logging in again works."""
        with self._store.transaction():
            self._store.run("UPDATE tokens SET expired = 1")

    def revoke_tokens(self) -> None:
        """Revoke every access token issued so far; logging in again works."""
        with self._store.transaction():
            self._store.run("UPDATE tokens SET revoked = 1")

    def add_service_token(
        self,
        project_id: str,
        scopes: Sequence[Mapping[str, str]],
        permissions: Sequence[str] = ("read",),
        *,
        name: str = "sandbox",
        expires_in: float | None = None,
    ) -> str:
        """Create a service token, the legacy credential of one project: `st.<id>.<secret>`.

        Args:
            project_id: The project.
            scopes: Where it holds: each names an `environment` and a `secretPath`, which may have wildcards.
            permissions: Read, write or both.
            name: Its name.
            expires_in: Seconds that it lives; None for ever.

        Raises:
            ValueError: A scope or permission is none.
            LookupError: There is no such project.
        """
        if not scopes or not all(set(scope) == {"environment", "secretPath"} for scope in scopes):
            raise ValueError("scopes must be objects of environment and secretPath, one at least")
        kinds = [checks.one_of("permissions", kind, *PERMISSIONS) for kind in permissions]
        lives = None if expires_in is None else checks.seconds("expires_in", expires_in, zero=False)
        with self._store.transaction():
            self._check_project(project_id)
            _, token = add_service_token(
                self._store, project_id, scopes, kinds, name=name, created_by=self.identity_id, expires_in=lives
            )
        return token
