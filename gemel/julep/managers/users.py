"""The manager of users."""

from __future__ import annotations

from typing import Any

from typing_extensions import Unpack

from gemel.julep.api.users import Users
from gemel.julep.managers.unknown import known_parts
from gemel.julep.models.common import Id, completed, with_jobs
from gemel.julep.models.docs import DocDict
from gemel.julep.models.users import User, UserCreateArgs, UserUpdateArgs
from gemel.kit.calls.flows import flow, perform
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

__all__ = ["AsyncUsersManager", "BaseUsersManager", "UsersManager"]


class BaseUsersManager(Users[M]):
    """Users of either client."""

    @flow
    def create(self, **kwargs: Unpack[UserCreateArgs]) -> Flow[User]:
        """Create a user and return it, put together from what was sent and the reply; see UserCreateArgs."""
        given: dict[str, Any] = {**kwargs}
        reread = given.pop("reread", False)
        if "docs" in given:
            given["docs"] = known_parts(f"{type(self).__name__}.create", "docs", given["docs"], DocDict)
        sent: dict[str, Any] = {"docs": [], "metadata": {}, **given}
        made = yield from perform(self.create_user, **sent)
        return with_jobs((yield from perform(self.get, made.id)), made) if reread else completed(User, sent, made)

    @flow
    def update(self, *, user_id: Id, **kwargs: Unpack[UserUpdateArgs]) -> Flow[User]:
        """Change a user and return it as it is afterwards; see UserUpdateArgs.

        Metadata is merged; with `overwrite` it is replaced, and name and about must be given.
        """
        given: dict[str, Any] = {**kwargs}
        change = self.update_user if given.pop("overwrite", False) else self.patch_user
        said = yield from perform(change, user_id, **given)
        return with_jobs((yield from perform(self.get, user_id)), said)


class UsersManager(BaseUsersManager[Sync]):
    """Users of the blocking client."""


class AsyncUsersManager(BaseUsersManager[Async]):
    """Users of the async client."""
