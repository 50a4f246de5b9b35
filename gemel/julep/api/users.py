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
        """List users whose metadata has these values, newest first; 100 unless `limit` says otherwise."""
        ...

    @get("users", unwrap="items", paging=Offset())
    def iterate(
        self, *, page_size: PageSize = 100, metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {}
    ) -> Page[User]:
        """Iterate over all users whose metadata has these values, newest first, in pages."""
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
        """Create a user; the reply holds its id and the time."""
        ...

    @put("users/{user_id}")
    def update_user(
        self, user_id: Id, *, name: str, about: str, metadata: dict[str, Any] | None | Omit = OMIT
    ) -> ResourceUpdatedResponse:
        """Replace a user; without `metadata` it has none afterwards."""
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
        """Change a user; what is left out stays as it is, metadata is merged."""
        ...

    @delete("users/{user_id}")
    def delete(self, user_id: Id) -> None:
        """Delete a user; the server accepts the id of one that does not exist."""
        ...

    @get("users/{id}")
    def get(self, id: Id) -> User:
        """Retrieve one user by id."""
        ...
