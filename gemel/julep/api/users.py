# mypy: disable-error-code="empty-body"
"""The endpoints of users."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

from gemel.julep.models.common import Id, Limit, PageSize, ResourceCreatedResponse, ResourceUpdatedResponse
from gemel.julep.models.docs import DocDict
from gemel.julep.models.users import User
from gemel.kit.declare import Offset, Page, Query, delete, get, patch, post, put
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

__all__ = ["Users"]


class Users(Resource[M]):
    """Users.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("users", unwrap="items")
    def list(
        self,
        *,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {},
    ) -> builtins.list[User]:
        """Return users, newest first, 100 unless `limit` says otherwise; those whose metadata has these values."""
        ...

    @get("users", unwrap="items", paging=Offset())
    def iterate(
        self, *, page_size: PageSize = 100, metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {}
    ) -> Page[User]:
        """Iterate all users in pages, newest first; those whose metadata has these values."""
        ...

    @post("users")
    def create_user(
        self,
        *,
        name: str | Omit = OMIT,
        about: str | Omit = OMIT,
        docs: builtins.list[DocDict] | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
    ) -> ResourceCreatedResponse:
        """Make a user, and return what the server says of it."""
        ...

    @put("users/{user_id}")
    def update_user(
        self, user_id: Id, *, name: str, about: str, metadata: dict[str, Any] | None | Omit = OMIT
    ) -> ResourceUpdatedResponse:
        """Replace a user: without metadata it has none."""
        ...

    @patch("users/{user_id}")
    def patch_user(
        self,
        user_id: Id,
        *,
        name: str | None | Omit = OMIT,
        about: str | None | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
    ) -> ResourceUpdatedResponse:
        """Change a user: what is left out stays, metadata is merged."""
        ...

    @delete("users/{user_id}")
    def delete(self, user_id: Id) -> None:
        """Remove a user; the server accepts the id of one that there is not."""
        ...

    @get("users/{id}")
    def get(self, id: Id) -> User:
        """Return one user."""
        ...
