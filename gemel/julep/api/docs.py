# mypy: disable-error-code="empty-body"
"""The endpoints of docs."""

from __future__ import annotations

from typing import Annotated, Any

from gemel.julep.models.common import Id, Limit, ResourceCreatedResponse
from gemel.julep.models.docs import Doc, DocDict
from gemel.kit.declare import Body, Query, delete, get, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

__all__ = ["Docs"]


class Docs(Resource[M]):
    """Docs of agents and of users.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("agents/{owner_id}/docs", unwrap="items")
    def get_agent_docs(
        self,
        owner_id: Id,
        *,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {},
    ) -> list[Doc]:
        """List the docs of an agent; a server of this generation ignores `limit` and `offset`."""
        ...

    @get("users/{owner_id}/docs", unwrap="items")
    def get_user_docs(
        self,
        owner_id: Id,
        *,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {},
    ) -> list[Doc]:
        """List the docs of a user; a server of this generation ignores `limit` and `offset`."""
        ...

    @post("agents/{owner_id}/docs")
    def create_agent_doc(self, owner_id: Id, *, request: Annotated[DocDict, Body]) -> ResourceCreatedResponse:
        """Create a doc of an agent; the reply holds its id, the time and its jobs."""
        ...

    @post("users/{owner_id}/docs")
    def create_user_doc(self, owner_id: Id, *, request: Annotated[DocDict, Body]) -> ResourceCreatedResponse:
        """Create a doc of a user; the reply holds its id, the time and its jobs."""
        ...

    @delete("agents/{owner_id}/docs/{doc_id}")
    def delete_agent_doc(self, owner_id: Id, doc_id: Id) -> None:
        """Delete a doc of an agent."""
        ...

    @delete("users/{owner_id}/docs/{doc_id}")
    def delete_user_doc(self, owner_id: Id, doc_id: Id) -> None:
        """Delete a doc of a user."""
        ...
