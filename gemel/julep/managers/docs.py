"""The manager of docs: each is of an agent or of a user, never of both."""

from __future__ import annotations

import builtins
from typing import Any, cast

from typing_extensions import Unpack

from gemel.julep.api.docs import Docs
from gemel.julep.errors import OwnerError
from gemel.julep.managers.unknown import known_parts
from gemel.julep.models.common import Id, Limit, completed, with_jobs
from gemel.julep.models.docs import Doc, DocDict, DocsCreateArgs
from gemel.kit.calls.flows import flow, perform
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

__all__ = ["AsyncDocsManager", "BaseDocsManager", "DocsManager"]


class BaseDocsManager(Docs[M]):
    """Docs of either client."""

    @flow
    def list(
        self,
        *,
        agent_id: Id | None = None,
        user_id: Id | None = None,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: dict[str, Any] = {},
    ) -> Flow[builtins.list[Doc]]:
        """List the docs of an agent or of a user whose metadata has these values.

        A doc of several parts comes as several items with the same id.

        Args:
            agent_id: The owner, or None.
            user_id: The owner, or None.
            limit: The most items to return; if the server ignores it, the list is cut here.
            offset: How many items to skip; likewise.
            metadata_filter: Values that the metadata must have.

        Raises:
            OwnerError: Not exactly one owner is given.
        """
        owner = self._owner("list", agent_id, user_id)
        get = self.get_agent_docs if user_id is None else self.get_user_docs
        found = yield from perform(get, owner, limit=limit, offset=offset, metadata_filter=metadata_filter)
        docs = [doc.replace(**_ids(agent_id, user_id)) for doc in found]
        if not docs or (limit is None and not offset):
            return docs
        ignored = limit is not None and len(docs) > limit
        if offset and not ignored:
            # Only a server that ignores `limit` answers this with something.
            ignored = bool((yield from perform(get, owner, limit=0, metadata_filter=metadata_filter)))
        return docs[offset or 0 :][:limit] if ignored else docs

    @flow
    def create(self, **kwargs: Unpack[DocsCreateArgs]) -> Flow[Doc]:
        """Create a doc of an agent or of a user and return it; see DocsCreateArgs.

        Its `.jobs` name the work of making it searchable: `client.jobs.wait(doc.jobs[0])`. The parts of its content
        stand as they were sent, though a server of this generation forgets their order.

        Raises:
            OwnerError: Not exactly one owner is given.
        """
        agent_id, user_id = kwargs.get("agent_id"), kwargs.get("user_id")
        owner = self._owner("create", agent_id, user_id)
        doc = known_parts(f"{type(self).__name__}.create", "doc", kwargs["doc"], DocDict)
        sent: dict[str, Any] = {**doc, "metadata": kwargs.get("metadata", {}) | doc.get("metadata", {})}
        create = self.create_agent_doc if user_id is None else self.create_user_doc
        made = yield from perform(create, owner, request=cast("DocDict", sent))
        whose = _ids(agent_id, user_id)
        whole = completed(Doc, sent | whose, made)
        if not kwargs.get("reread", False):
            return whole
        get = self.get_agent_docs if user_id is None else self.get_user_docs
        parts = [doc for doc in (yield from perform(get, owner)) if doc.id == made.id]
        return with_jobs(_joined(parts, whole.content).replace(**whose), made) if parts else whole

    @flow
    def delete(self, *, doc_id: Id, agent_id: Id | None = None, user_id: Id | None = None) -> Flow[None]:
        """Delete a doc of an agent or of a user; raises OwnerError unless exactly one owner is given."""
        owner = self._owner("delete", agent_id, user_id)
        yield from perform(self.delete_agent_doc if user_id is None else self.delete_user_doc, owner, doc_id)

    def _owner(self, method: str, agent_id: Any, user_id: Any) -> Any:
        if (agent_id is None) == (user_id is None):
            given = "neither is" if agent_id is None else "both are"
            problem = f"give exactly one of agent_id and user_id; {given} given"
            raise OwnerError(f"{type(self).__name__}.{method}", "agent_id", problem)
        return user_id if agent_id is None else agent_id


class DocsManager(BaseDocsManager[Sync]):
    """Docs of the blocking client."""


class AsyncDocsManager(BaseDocsManager[Async]):
    """Docs of the async client."""


def _ids(agent_id: Any, user_id: Any) -> dict[str, str]:
    """Return who a doc is of, as its record says it."""
    return {"user_id": str(user_id)} if agent_id is None else {"agent_id": str(agent_id)}


def _joined(parts: list[Doc], sent: str | builtins.list[str]) -> Doc:
    """Return one doc of the items that a server makes of its parts: in the order of what was sent, others last."""
    if isinstance(sent, str) and len(parts) == 1:
        return parts[0]
    left, content = [str(part.content) for part in parts], list[str]()
    for text in [sent] if isinstance(sent, str) else sent:
        if text in left:
            left.remove(text)
            content.append(text)
    return parts[0].replace(content=[*content, *left])
