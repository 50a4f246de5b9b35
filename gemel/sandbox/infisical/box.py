"""The running sandbox of Infisical as a test sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from .. import checks
from ..control import Action
from .accounts import Accounts
from .backend import Behaviour, Lockout
from .grants import add_grant
from .policies import add_policy

__all__ = ["Sandbox"]


class Sandbox(Accounts):
    """A running sandbox of Infisical.

    Attributes:
        controls: Which of its methods may be called over HTTP.
    """

    controls: ClassVar[tuple[Action, ...]] = (
        Action("PUT", "lockout", "set_lockout"),
        Action("DELETE", "lockouts", "clear_lockouts"),
        Action("PUT", "rate-limits", "set_rate_limits"),
        Action("POST", "policies", "add_change_policy", "policy_id"),
        Action("POST", "folder-grants", "add_folder_grant", "grant_id"),
        Action("PUT", "behaviour", "set_behaviour"),
    )

    def set_lockout(
        self,
        *,
        threshold: int = 3,
        seconds: float = 300.0,
        reset: float = 30.0,
        enabled: bool = True,
        identity_id: str | None = None,
    ) -> None:
        """Say when failed logins lock an identity, every one and those to come unless one is named.

        Args:
            threshold: How many failures lock it.
            seconds: How long it stays locked.
            reset: How long after the last failure the count is forgotten.
            enabled: Whether failures lock at all.
            identity_id: The one identity.

        Raises:
            ValueError: A number is none.
            LookupError: There is no such identity.
        """
        lockout = Lockout(
            checks.flag("enabled", enabled),
            checks.whole("threshold", threshold, 1),
            checks.seconds("seconds", seconds, zero=False),
            checks.seconds("reset", reset, zero=False),
        )
        with self._store.transaction():
            if identity_id is None:
                self._backend.lockout = lockout
            chosen = [self._backend.actor(identity_id)] if identity_id else self._store.all("SELECT * FROM identities")
            for row in chosen:
                self._store.update("identities", row["id"], **lockout.columns)

    def set_clock(self, clock: Callable[[], float]) -> None:
        """Count lockouts by a clock of the test's, which the clients may go by too: `gemel.testing.FrozenClock`.

        Args:
            clock: Gives monotonic seconds; what was counted by another is forgotten.
        """
        self._backend.lockouts.clear()
        self._backend.lockouts.clock = clock

    def clear_lockouts(self) -> None:
        """Let identities log in that too many failures have locked."""
        self._backend.lockouts.clear()

    def set_rate_limits(
        self,
        *,
        read: int | None = None,
        write: int | None = None,
        secrets: int | None = None,
        auth: int | None = None,
        window: float = 60.0,
    ) -> None:
        """Limit the groups of requests that the server limits apart; None answers all of a group.

        Args:
            read: GET requests other than those of secrets.
            write: All others, logins too unless they have a limit of their own.
            secrets: Requests for secrets, folders and imports.
            auth: Logins, and the renewal and revocation of tokens.
            window: Seconds in which they may be made.

        Raises:
            ValueError: A limit is no whole number, or the window not above 0 and at most a day.
        """
        limits = {"read": read, "write": write, "secrets": secrets, "auth": auth}
        for name, limit in limits.items():
            if limit is not None:
                checks.whole(name, limit)
        self._limit.set_groups(limits, checks.seconds("window", window, zero=False))

    def add_change_policy(
        self,
        project_id: str,
        environment: str,
        secret_path: str = "/",
        name: str = "sandbox policy",
        *,
        bypass_for_machine_identities: bool = False,
        approvers: Sequence[str] = (),
        approvals: int = 1,
    ) -> str:
        """Turn writes of secrets on a path into approval requests; the id of the policy.

        Args:
            project_id: The project.
            environment: The slug of the environment.
            secret_path: The path; `*` stands for one folder, `**` for any number of them.
            name: What refusals call it.
            bypass_for_machine_identities: Whether it holds the writes of users alone.
            approvers: The ids of the users who approve; any may where none is named.
            approvals: How many must, before a request can be merged.

        Raises:
            ValueError: There are fewer approvers than approvals, or an argument is none.
            LookupError: There is no such project or user.
        """
        checks.whole("approvals", approvals, 1)
        checks.flag("bypass_for_machine_identities", bypass_for_machine_identities)
        if approvers and approvals > len(approvers):
            raise ValueError("approvals cannot be greater than approvers")
        with self._store.transaction():
            self._check_project(project_id)
            for user_id in approvers:
                self._backend.actor(user_id)
            return add_policy(
                self._store,
                project_id,
                checks.text("environment", environment),
                checks.text("secret_path", secret_path),
                checks.text("name", name),
                bypass_identities=bypass_for_machine_identities,
                approvers=approvers,
                approvals=approvals,
            )

    def add_folder_grant(self, project_id: str, environment: str, secret_path: str, target_project_id: str) -> str:
        """Share a folder with another project, which may then refer to it and import it; the id of the grant.

        It counts while `set_behaviour(cross_project=True)` does.

        Raises:
            LookupError: There is no such folder or project.
        """
        with self._store.transaction():
            self._check_project(project_id)
            return add_grant(self._store, project_id, environment, secret_path, target_project_id)

    def set_behaviour(
        self, *, missing_folder: Literal["refused", "empty"] = "refused", cross_project: bool = False
    ) -> None:
        """Say how this server behaves where servers and organizations differ.

        Args:
            missing_folder: What a list of secrets gives for an environment or path that there is not:
                404, or an empty list, as older servers do.
            cross_project: Whether the organization lets projects share secrets.

        Raises:
            ValueError: There is no such behaviour.
        """
        self._backend.behaviour = Behaviour(
            checks.one_of("missing_folder", missing_folder, "refused", "empty"),
            checks.flag("cross_project", cross_project),
        )
