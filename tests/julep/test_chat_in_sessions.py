"""Chat in a session: what is sent of it, what comes back, what is remembered, and what is refused."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from gemel.julep import (
    ChatMlMessage,
    ChatResponse,
    ChatRole,
    FunctionCall,
    ImagePart,
    ImageUrl,
    InputChatMlMessage,
    InputChatMlMessageRole,
    Session,
    TextPart,
)
from gemel.kit.errors import InternalServerError, InvalidArgument
from gemel.sandbox import JulepSandbox

from .modes import Mode

HI: dict[str, Any] = {"role": "user", "content": "hi"}
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def session(mode: Mode, client: Any) -> Session:
    agent = mode.run(client.agents.create(name="Ada", functions=[FUNCTION]))
    made: Session = mode.run(client.sessions.create(agent_id=agent.id))
    return made


@pytest.fixture
def chat(mode: Mode, client: Any, session: Session) -> Any:
    """Says something in the session."""
    return lambda *messages, **more: mode.run(client.sessions.chat(session_id=session.id, messages=[*messages], **more))


def sent(sandbox: JulepSandbox) -> dict[str, Any]:
    """The body of the last chat."""
    return dict(json.loads(next(one.body for one in sandbox.requests[::-1] if one.path.endswith("/chat"))))


def test_the_answer_is_typed_and_has_short_ways_to_its_text(chat: Any) -> None:
    answer = chat(HI)
    assert type(answer) is ChatResponse and answer.finish_reason == "stop"
    assert answer.text == answer.response[0][0].content == "echo: hi"
    assert isinstance(answer.message, ChatMlMessage) and answer.message.role is ChatRole.ASSISTANT
    assert answer.message.name == "Ada" and answer.message.function_call is None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.doc_ids.agent_doc_ids == [] and answer.jobs is None


@pytest.mark.parametrize("role", ["USER", "ASSISTANT", "SYSTEM", "FUNCTION_CALL"])
def test_roles_may_be_members_of_the_enum_that_the_published_package_has(
    chat: Any, sandbox: JulepSandbox, role: str
) -> None:
    member = InputChatMlMessageRole[role]
    chat({"role": member, "content": "hi"}, InputChatMlMessage(role=member.value, content="ho"))
    assert [message["role"] for message in sent(sandbox)["messages"]] == [role.lower()] * 2
    assert {each.name for each in InputChatMlMessageRole} == {"USER", "ASSISTANT", "SYSTEM", *SPECIAL}


SPECIAL = ("FUNCTION_CALL", "FUNCTION", "AUTO")
MESSAGES: list[Any] = [
    HI,
    InputChatMlMessage(role="user", content="hi"),
    InputChatMlMessage(role="user", content=[TextPart(type="text", text="hi")]),
    {"role": ChatRole.USER, "content": [{"type": "text", "text": "hi"}], "name": "Ann"},
    {"role": "user", "content": "hi", "continue": None},
]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_messages_are_dicts_or_records(chat: Any, message: Any) -> None:
    assert chat(message).text == "echo: hi"


def test_a_message_is_sent_as_it_is_given(chat: Any, sandbox: JulepSandbox) -> None:
    chat(InputChatMlMessage(role="user", content="hi"), {"role": "assistant", "content": "h", "continue": True})
    assert sent(sandbox)["messages"] == [HI, {"role": "assistant", "content": "h", "continue": True}]


@pytest.mark.parametrize("recall", [None, True, False])
@pytest.mark.parametrize("remember", [None, True, False])
def test_recall_and_remember_are_told_apart(
    chat: Any, sandbox: JulepSandbox, recall: bool | None, remember: bool | None
) -> None:
    chat(HI, recall=recall, remember=remember)
    assert sent(sandbox)["recall"] is (recall is not False)
    assert sent(sandbox)["remember"] is (remember is not False)


def test_what_is_not_remembered_is_not_in_the_history(mode: Mode, client: Any, session: Session, chat: Any) -> None:
    chat(HI, remember=False, recall=True)
    assert mode.run(client.sessions.history(session_id=session.id)) == []
    chat(HI, remember=True, recall=False)
    assert len(mode.run(client.sessions.history(session_id=session.id))) == 2


def test_docs_are_recalled_though_told_otherwise(mode: Mode, client: Any, session: Session, chat: Any) -> None:
    doc = mode.run(client.docs.create(agent_id=session.agent_id, doc={"title": "Trains", "content": "at nine"}))
    mode.run(client.jobs.wait(doc.jobs[0]))
    question = {"role": "user", "content": "When do trains leave?"}
    assert chat(question).doc_ids.agent_doc_ids == [doc.id]
    assert chat(question, recall=False).doc_ids.agent_doc_ids == [doc.id]  # the server does not heed it


def test_the_history_tells_what_was_said(mode: Mode, client: Any, session: Session, chat: Any) -> None:
    chat(HI | {"name": "Ann"})
    first, second = mode.run(client.sessions.history(session_id=UUID(session.id)))
    assert (first.role, first.content, first.name) == (ChatRole.USER, [TextPart(type="text", text="hi")], "Ann")
    assert (second.role, second.text, second.name) == ("assistant", "echo: hi", "Ada")
    assert [one.id for one in mode.run(client.sessions.history(session_id=session.id, limit=1, offset=1))] == [
        second.id
    ]
    again = {"role": second.role, "content": second.text}
    assert chat(again, HI).text


def test_a_call_of_a_function_is_read(chat: Any) -> None:
    answer = chat({"role": "user", "content": "CALL_TOOL x"})
    assert answer.finish_reason == "tool_calls" and answer.message.role is ChatRole.FUNCTION_CALL
    assert answer.message.function_call == FunctionCall(name="f", arguments="{}")


def test_stop_may_be_a_text(chat: Any, sandbox: JulepSandbox) -> None:
    """The server fails at one, though its description allows it."""
    chat(HI, stop="x")
    assert sent(sandbox)["stop"] == ["x"]
    chat(HI, stop=["x", "y"])
    assert sent(sandbox)["stop"] == ["x", "y"]


def test_a_stream_is_refused_before_it_is_sent(chat: Any, sandbox: JulepSandbox) -> None:
    sandbox.requests.clear()
    with pytest.raises(InvalidArgument, match=r"client\.chat\.completions\.create\(stream=True\)"):
        chat(HI, stream=True)
    assert len(sandbox.requests) == 0
    assert chat(HI, stream=False).text == "echo: hi"


IMAGE = ImagePart(type="image_url", image_url=ImageUrl(url="data:image/png;base64,AAAA"))
FAILING: list[tuple[Any, dict[str, Any]]] = [
    (HI, {"logit_bias": {"1": 2}}),
    (InputChatMlMessage(role="user", content=[IMAGE]), {}),
]


@pytest.mark.parametrize("message, more", FAILING, ids=str)
def test_what_the_server_fails_at_is_told_and_the_next_call_works(
    chat: Any, message: Any, more: dict[str, Any]
) -> None:
    """The server closes the connection after such a failure; the faults themselves are its own, and stay."""
    for _ in range(2):
        with pytest.raises(InternalServerError) as caught:
            chat(message, **more)
        assert caught.value.body == "Internal Server Error"
        assert chat(HI).text == "echo: hi"


def test_a_prompt_over_its_budget(mode: Mode, client: Any, session: Session, chat: Any) -> None:
    mode.run(client.sessions.update(session_id=session.id, token_budget=1))
    with pytest.raises(InternalServerError):
        chat({"role": "user", "content": "a b c d e f"})
    changed = mode.run(client.sessions.update(session_id=session.id, context_overflow="truncate"))
    assert changed.context_overflow == "truncate"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "at least one message"),
    ({"messages": "hi"}, "at least one message"),
    ({"messages": [{"role": "boss", "content": "x"}]}, r"at \[0\]\.role: expected .*'function_call'"),
    ({"messages": [{"role": "user"}]}, "'content' is missing"),
    ({"messages": [HI, {"role": "user", "content": 5}]}, r"at \[1\]\.content"),
    ({"messages": [HI | {"name": 5}]}, r"at \[0\]\.name"),
    ({"messages": [HI], "min_p": 0.1}, "min_p: unknown argument"),
    ({"messages": [HI], "temperature": "hot"}, "temperature: expected float"),
    ({"messages": [HI], "max_tokens": 1.5}, "max_tokens: expected int"),
    ({"messages": [HI], "recall": "yes"}, "recall: expected bool"),
    ({"messages": [HI], "response_format": {"type": "xml"}}, "response_format"),
    ({}, "messages: missing argument"),
]


@pytest.mark.parametrize("given, said", WRONG, ids=lambda value: str(value)[:40])
def test_wrong_chats_are_refused(
    mode: Mode, client: Any, session: Session, sandbox: JulepSandbox, given: dict[str, Any], said: str
) -> None:
    sandbox.requests.clear()
    with pytest.raises(InvalidArgument, match=said):
        mode.run(client.sessions.chat(session_id=session.id, **given))
    assert len(sandbox.requests) == 0
