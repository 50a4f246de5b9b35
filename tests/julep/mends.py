"""Where the managers differ from the published ones on purpose: each difference, why, and where the defect is told.

A mend turns what the published SDK does in a case into what this one must do. `told` is where the reference on the API
tells of the defect: the section of API.md, or "managers" for the quirk of a method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .published import Case, Sent

KEPT = {"model": "m", "default_settings": {"temperature": 0.5, "preset": None}}
"""What the server of these tests has of an agent that a change without them would reset."""


SESSION_KEPT = {"situation": "sit", "token_budget": 7, "context_overflow": "truncate"}
"""What it has of a session that a change without them would reset."""


@dataclass(frozen=True)
class Mend:
    """One difference: why it is, where the defect is told, and what a case becomes."""

    reason: str
    told: str
    mended: Callable[[Case], Case]


def _refused(error: str) -> Callable[[Case], Case]:
    return lambda case: replace(case, sends=(), raises=error)


def _with_body(case: Case, **more: Any) -> Case:
    (write,) = (sent for sent in case.sends if sent.method != "GET")
    changed = replace(write, body={**write.body, **more})
    return replace(case, sends=tuple(changed if sent is write else sent for sent in case.sends))


def _own_path(case: Case) -> str:
    (write,) = (sent for sent in case.sends if sent.method != "GET")
    return write.path


def _read_again(case: Case) -> Case:
    return replace(case, sends=(*case.sends, Sent("GET", _own_path(case), {}, None)))


def _read_first(case: Case) -> Case:
    return replace(case, sends=(Sent("GET", _own_path(case), {}, None), *case.sends))


def _kept(case: Case) -> Case:
    (write,) = (sent for sent in case.sends if sent.method == "PATCH")
    return _with_body(case, **{name: value for name, value in KEPT.items() if name not in write.body})


def _session_kept(case: Case) -> Case:
    return _with_body(case, **{name: value for name, value in SESSION_KEPT.items() if name not in case.kwargs})


def _without_nulls(case: Case) -> Case:
    (write,) = case.sends
    body = {name: value for name, value in write.body.items() if value is not None}
    return replace(case, sends=(replace(write, body=body),))


def _docs_as_given(case: Case) -> Case:
    return _with_body(case, docs=case.kwargs["docs"])


def _metadata_as_given(case: Case) -> Case:
    return _with_body(case, metadata={**case.kwargs.get("metadata", {}), **case.kwargs["doc"]["metadata"]})


def _limits_tried(case: Case) -> Case:
    (listed,) = case.sends
    query = {**listed.query, "limit": "0"}
    return replace(case, sends=(listed, replace(listed, query={n: v for n, v in query.items() if n != "offset"})))


MENDS: dict[str, Mend] = {
    "uuid version": Mend(
        "an id that is a UUID of another version than 4 is refused",
        "2: Wrong validation: uuid check accepts any UUID version given as text",
        _refused("AssertionError"),
    ),
    "doc id": Mend(
        "the id of a doc is checked too", "managers: docs.delete: doc_id NOT checked", _refused("AssertionError")
    ),
    "both owners": Mend(
        "a doc has one owner: two are refused",
        "2: docs list/create accept both owners (agent wins)",
        _refused("AssertionError"),
    ),
    "metadata of docs": Mend(
        "the metadata of docs that are made with their owner is sent as given",
        "2: Data loss: docs' metadata is emptied before sending",
        _docs_as_given,
    ),
    "metadata of a doc": Mend(
        "the metadata of a doc is sent, that of the argument too",
        "2: Data loss; managers: docs.create: the `metadata` kwarg is never sent",
        _metadata_as_given,
    ),
    "settings kept": Mend(
        "model and settings that a change leaves out are sent again",
        "1: PATCH agent without model/default_settings RESETS both",
        _kept,
    ),
    "read first": Mend(
        "they are read before they are sent again, of a session also for the warning of what is lost",
        "1: PATCH agent: a careful client reads first and resends them",
        _read_first,
    ),
    "session kept": Mend(
        "what a change of a session leaves out is sent again",
        "8: PATCH and PUT of a session reset token_budget, context_overflow when left out",
        _session_kept,
    ),
    "read again": Mend(
        "what is given back is read after the change, and whole",
        "2: create and update are built with construct(): not validated, not re-read",
        _read_again,
    ),
    "not sent": Mend(
        "what is not given is not sent",
        "2: Unset is left out for agents/users; sessions.update sends nulls",
        _without_nulls,
    ),
    "limits tried": Mend(
        "whether the server heeds limits is found out where it matters",
        "1: Docs: list ignores limit/offset",
        _limits_tried,
    ),
    "no stream": Mend(
        "a stream that the server fails at is refused, with the way that works",
        "1: Chat stream: this server never streams: stream=true -> 500",
        _refused("ValueError"),
    ),
}

_UPDATED = ["read again"]
_CHANGED = ["settings kept", "read first", "read again"]

# Which mends explain a case, in the order in which they apply.
EXPLAINED: dict[tuple[str, str], list[str]] = {
    ("agents.get", "uuid v1 string"): ["uuid version"],
    ("agents.create", "everything (tools)"): ["metadata of docs"],
    ("agents.update", "one field"): _CHANGED,
    ("agents.update", "all"): _UPDATED,
    ("agents.update", "overwrite"): _UPDATED,
    ("agents.update", "explicit None"): _CHANGED,
    ("agents.update", "nothing"): _CHANGED,
    ("users.create", "all"): ["metadata of docs"],
    ("users.update", "one field"): _UPDATED,
    ("users.update", "overwrite"): _UPDATED,
    ("users.update", "nothing"): _UPDATED,
    ("sessions.update", "situation"): ["not sent", "session kept", "read first", "read again"],
    ("sessions.update", "overwrite"): ["read first", "read again"],
    ("sessions.chat", "stream True"): ["no stream"],
    ("docs.list", "user, all args"): ["limits tried"],
    ("docs.list", "both"): ["both owners"],
    ("docs.create", "agent"): ["metadata of a doc"],
    ("docs.create", "user"): ["metadata of a doc"],
    ("docs.create", "both"): ["both owners"],
    ("docs.create", "metadata kwarg"): ["metadata of a doc"],
    ("docs.delete", "bad doc id (not checked)"): ["doc id"],
}

# Keyword arguments that are more or fewer than the TypedDict of the published SDK names, and why.
MORE_KEYS = {
    "AgentCreateArgs": {"reread": "reads the agent again after it is made"},
    "UserCreateArgs": {"reread": "reads the user again after it is made"},
    "SessionCreateArgs": {"reread": "reads the session again after it is made"},
    "DocsCreateArgs": {"reread": "reads the doc again after it is made"},
}
FEWER_KEYS = {
    "SessionUpdateArgs": {"render_templates": "named by the published TypedDict, refused by its method and the server"},
}
# Parameters that a method has in one mode of the published SDK only, and has in both here.
OF_BOTH_MODES = {"tools.update": [("overwrite", "KEYWORD_ONLY", False)]}

# The types of the published SDK that are not here under their names, by the form of the name: what there is instead.
OTHER_TYPES = {
    r"\w+Metadata|MemoryEntitiesItem|FunctionParameters|ChatSettingsResponseFormatSchema": "a dict",
    r"\w+Instructions|\w+Content|ChatSettingsStop|\w*ToolChoice\w*|FunctionCallOption": "plain types in the signature",
    r"(Get|List)\w+Response": "the list that was in it",
    r"\w+Request(Order|SortBy)": "nothing: the server does not sort",
    r"CreateDoc|CreateToolRequest|PartialFunctionDef|ChatSettingsResponseFormat": "a TypedDict",
    r"ChatInputData|ChatSettings|MemoryAccessOptions": "the arguments of sessions.chat",
    r"\w+(RequestType|FormatType|UrlDetail|MessageRole)": "the text itself",
    r"\w+ContentItem(_\w+)?": "TextPart and ImagePart",
}
