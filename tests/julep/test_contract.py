"""Every manager method as the published SDK has it: the same signature, the same request, but for the listed mends."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from typing_extensions import get_type_hints

import gemel.julep
from gemel.julep import AsyncClient, Client
from gemel.julep.api.agents import Agents
from gemel.julep.api.docs import Docs
from gemel.julep.api.memories import Memories
from gemel.julep.api.sessions import Sessions
from gemel.julep.api.tools import Tools
from gemel.julep.api.users import Users
from gemel.kit.calls.endpoint import Endpoint
from gemel.sandbox.messages import ServerReply
from gemel.testing import ReceivedCall, StubServer

from .mends import EXPLAINED, FEWER_KEYS, KEPT, MENDS, MORE_KEYS, OF_BOTH_MODES, OTHER_TYPES, SESSION_KEPT
from .modes import Mode
from .published import (
    API_PATH,
    RECORDED,
    Case,
    Parameter,
    Sent,
    cases,
    decoded,
    methods,
    parameters,
    typed_dicts,
    unpacked,
)

ID = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
NOW = "2024-06-11T00:00:00Z"
AGENT = {"id": ID, "name": "n", "about": "a", "instructions": ["i"], "metadata": {}, "created_at": NOW, **KEPT}
USER = {"id": ID, "name": "n", "about": "a", "created_at": NOW}
SESSION = {"id": ID, "agent_id": ID, "created_at": NOW, **SESSION_KEPT}
DOC = {"id": ID, "title": "t", "content": "c", "created_at": NOW}
MESSAGE = {"id": ID, "role": "assistant", "content": "hi", "created_at": NOW}
ANSWER = {
    "id": ID,
    "finish_reason": "stop",
    "response": [[MESSAGE]],
    "usage": {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2},
    "doc_ids": {"agent_doc_ids": [], "user_doc_ids": []},
}
SHOWN = {"agents": AGENT, "users": USER, "sessions": SESSION, "docs": DOC}


def plausible(call: ReceivedCall) -> ServerReply:
    """What a server of this generation may answer to any request of a manager."""
    nouns = re.findall(r"/([a-z]+)(?:/|$)", call.template.removeprefix("api"))
    said = {"id": ID, "jobs": None}
    if call.method == "POST":
        return ServerReply.of(ANSWER if nouns[-1] == "chat" else said | {"created_at": NOW})
    if call.method in ("PUT", "PATCH"):
        return ServerReply.of(said | {"updated_at": NOW})
    if call.method == "DELETE":
        return ServerReply.of(said | {"deleted_at": NOW}, 202)
    if call.template.endswith("}"):
        return ServerReply.of(SHOWN[nouns[0]])
    return ServerReply.of({"items": [DOC] if nouns[-1] == "docs" else []})


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer(assert_all_called=False) as running:
        for recorded in methods().values():
            for http in recorded["http"]:
                running.on(http["verb"], API_PATH[1:] + http["path"]).answer(plausible)
        yield running


def bound(client: Any, method: str) -> Any:
    manager, name = method.split(".")
    return getattr(getattr(client, manager), name)


def named(call: Any) -> list[Parameter]:
    """The parameters of one of our calls."""
    taken = inspect.signature(call).parameters.values()
    plain = [each for each in taken if each.kind is not each.VAR_KEYWORD]
    return [(each.name, each.kind.name, ... if each.default is each.empty else each.default) for each in plain]


def sent(calls: list[ReceivedCall]) -> tuple[Sent, ...]:
    return tuple(Sent(each.method, each.target.partition("?")[0], decoded(each.query), each.json) for each in calls)


def done(mode: Mode, stub: StubServer, case: Case) -> tuple[tuple[Sent, ...], Exception | None]:
    """What a case sends here, and the error it ends with."""
    before, failure = len(stub.calls), None
    call = bound(mode.client(stub.url + API_PATH), case.method)
    try:
        mode.run(call(**case.kwargs))
    except Exception as error:
        failure = error
    return sent(stub.calls[before:]), failure


def fits(case: Case, outcome: tuple[tuple[Sent, ...], Exception | None]) -> bool:
    requests, failure = outcome
    raised = {kind.__name__ for kind in type(failure).__mro__} if failure else {""}
    return requests == case.sends and case.raises in raised


def explained(case: Case, names: list[str]) -> Case:
    for name in names:
        case = MENDS[name].mended(case)
    return case


@pytest.mark.parametrize("method", methods())
def test_every_method_has_the_signature_of_the_published_one(mode: Mode, method: str) -> None:
    call = bound(mode.client("http://127.0.0.1:9/api"), method)
    recorded = methods()[method]["signature_" + mode.name]
    more = OF_BOTH_MODES.get(method, []) if mode.name == "async" else []
    assert named(call) == parameters(recorded) + more
    assert inspect.signature(call).parameters.keys() >= ({"kwargs"} if unpacked(recorded) else set())


@pytest.mark.parametrize("method", [name for name, known in methods().items() if unpacked(known["signature_sync"])])
def test_every_method_takes_the_keywords_of_the_published_one(mode: Mode, method: str) -> None:
    call = bound(mode.client("http://127.0.0.1:9/api"), method)
    name = unpacked(methods()[method]["signature_sync"])
    hints = get_type_hints(call._declared.method)
    (ours,) = get_args(hints["kwargs"])
    assert ours.__name__ == name
    fewer, more = FEWER_KEYS.get(name, {}), MORE_KEYS.get(name, {})
    assert ours.__required_keys__ | ours.__optional_keys__ == set(typed_dicts()[name]) - fewer.keys() | more.keys()


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.method}: {case.name}")
def test_every_captured_call_sends_the_recorded_request_or_a_mend_explains_it(
    mode: Mode, stub: StubServer, case: Case
) -> None:
    names = EXPLAINED.get((case.method, case.name), [])
    outcome = done(mode, stub, case)
    wanted = explained(case, names)
    assert outcome[0] == wanted.sends, outcome[1]
    assert fits(wanted, outcome), outcome[1]
    for name in names:
        less = explained(case, [each for each in names if each != name])
        assert not fits(less, outcome), f"{name} explains nothing"


def test_every_mend_is_needed_and_told() -> None:
    used = {name for names in EXPLAINED.values() for name in names}
    assert used == MENDS.keys()
    assert EXPLAINED.keys() <= {(case.method, case.name) for case in cases()}
    assert all(mend.reason and mend.told for mend in MENDS.values())
    assert OF_BOTH_MODES.keys() <= methods().keys()
    assert {*MORE_KEYS, *FEWER_KEYS} <= typed_dicts().keys()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_clients_take_the_arguments_of_the_published_one_in_its_order(kind: Any) -> None:
    recorded = [one for one in parameters(RECORDED["client"]["Client"].replace(", **kwargs", "")) if one[0] != "args"]
    ours = inspect.signature(kind.__init__).parameters
    by_position = [each.name for each in ours.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert by_position == ["self", *(name for name, _, _ in recorded)]
    assert [ours[name].default or None for name, _, _ in recorded if name != "base_url"] == [
        default or None for name, _, default in recorded if name != "base_url"
    ]


def test_the_recording_is_whole() -> None:
    assert len(methods()) == 27 and len(cases()) == 67
    managers = {case.method.partition(".")[0] for case in cases()}
    assert managers == {"agents", "docs", "memories", "sessions", "tools", "users"}
    assert {case.method for case in cases()} == methods().keys()


def low_level() -> dict[str, Endpoint[..., Any]]:
    """Our endpoints that have the name of a method of the published low-level client."""
    nouns = (Agents, Users, Sessions, Docs, Memories, Tools)
    found = {name: value for noun in nouns for name, value in vars(noun).items() if isinstance(value, Endpoint)}
    return {name: found[name] for name in RECORDED["low_level"] if name in found}


@pytest.mark.parametrize("name", low_level())
def test_an_endpoint_under_the_lower_name_is_the_one_of_that_name(name: str) -> None:
    endpoint, recorded = low_level()[name], RECORDED["low_level"][name]
    taken = list(inspect.signature(endpoint.stub).parameters.values())[1:]
    placeless = [re.sub(r"\{\w+\}", "{}", path) for path in (endpoint.spec.path, recorded["path"][1:])]
    assert (endpoint.spec.method, placeless[0]) == (recorded["verb"], placeless[1])
    by_name = {each.name for each in taken if each.kind is each.KEYWORD_ONLY}
    assert by_name | {"sort_by", "order"} >= recorded["keyword_only"].keys()
    assert len(taken) - len(by_name) == len(recorded["positional"])


def test_every_lower_name_that_no_manager_has_is_there() -> None:
    of_managers = {"list_agents", "list_users", "list_sessions", "get_agent", "get_user", "get_session"}
    of_managers |= {"delete_agent", "delete_user", "delete_session", "delete_session_history", "delete_agent_tool"}
    of_managers |= {
        "get_agent_tools",
        "get_history",
        "get_suggestions",
        "chat",
        "get_job_status",
        "delete_agent_memory",
    }
    assert RECORDED["low_level"].keys() - low_level().keys() <= of_managers


@pytest.mark.parametrize("name", RECORDED["types"])
def test_every_type_of_the_published_one_is_here_or_something_is_in_its_place(name: str) -> None:
    others = [form for form in OTHER_TYPES if re.fullmatch(form, name)]
    assert name in gemel.julep.__all__ or len(others) == 1


def test_nothing_is_in_the_place_of_no_type() -> None:
    missing = set(RECORDED["types"]) - set(gemel.julep.__all__)
    assert all(any(re.fullmatch(form, name) for name in missing) for form in OTHER_TYPES)
    assert {"AgentCreateArgs", "DocDict", "ToolDict", "FunctionDefDict", "DefaultSettingsDict"} <= set(
        gemel.julep.__all__
    )
