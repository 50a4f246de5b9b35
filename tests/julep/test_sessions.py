"""Sessions: whole records, changes, lists, and the server's traps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from gemel.julep import Cache, InvalidIdError, Session
from gemel.kit.errors import InternalServerError, InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox

from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def agent_id(mode: Mode, client: Any) -> str:
    return str(mode.run(client.agents.create(name="A")).id)


@pytest.fixture
def session(mode: Mode, client: Any, agent_id: str) -> Session:
    made: Session = mode.run(client.sessions.create(agent_id=agent_id, situation="s", metadata={"q": 1}))
    return made


def test_what_is_created_is_whole(mode: Mode, client: Any, agent_id: str) -> None:
    user = mode.run(client.users.create(name="U", about="u"))
    made = mode.run(
        client.sessions.create(
            agent_id=UUID(agent_id),
            user_id=UUID(user.id),
            situation="s",
            metadata={"q": {"r": 1}},
            render_templates=True,
            token_budget=100,
            context_overflow="adaptive",
        )
    )
    assert type(made) is Session and (made.agent_id, made.user_id, made.situation) == (agent_id, user.id, "s")
    assert made.metadata == {"q": {"r": 1}} and made.render_templates is True
    assert (made.token_budget, made.context_overflow) == (100, "adaptive")
    read = mode.run(client.sessions.get(made.id))
    differing = {"updated_at", "summary", "jobs"}
    assert {name: value for name, value in read.to_dict().items() if name not in differing} == {
        name: value for name, value in made.to_dict().items() if name not in differing
    }


def test_only_the_agent_is_needed(mode: Mode, client: Any, agent_id: str) -> None:
    made = mode.run(client.sessions.create(agent_id=agent_id, reread=True))
    assert (made.user_id, made.situation, made.metadata, made.token_budget) == (None, "", {}, None)
    assert made.updated_at is not None and made.updated_at.microsecond == 0


def test_a_change_keeps_what_is_left_out(mode: Mode, client: Any, session: Session) -> None:
    """The server takes a budget and what happens beyond it away, unless they are sent again."""
    changed = mode.run(client.sessions.update(session_id=session.id, token_budget=50))
    assert (changed.situation, changed.metadata, changed.token_budget) == ("s", {"q": 1}, 50)
    more = {"metadata": {"w": 2}, "token_budget": 50}
    changed = mode.run(client.sessions.update(session_id=UUID(session.id), situation="t", **more))
    assert (changed.situation, changed.metadata, changed.token_budget) == ("t", {"q": 1, "w": 2}, 50)
    assert changed.agent_id == session.agent_id


FULL: dict[str, Any] = {
    "situation": "s",
    "metadata": {"q": 1},
    "token_budget": 100,
    "context_overflow": "truncate",
}


def settings_of(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in FULL}


@pytest.fixture
def full(mode: Mode, client: Any, agent_id: str) -> str:
    """The id of a session with all settings that a change can keep."""
    return str(mode.run(client.sessions.create(agent_id=agent_id, **FULL)).id)


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"metadata": {}}, {}),
    ({"metadata": {"w": 2}}, {"metadata": {"q": 1, "w": 2}}),
    ({"situation": "t"}, {"situation": "t"}),
    ({"situation": ""}, {"situation": ""}),
    ({"token_budget": 7}, {"token_budget": 7}),
    ({"token_budget": 0}, {"token_budget": 0}),
    ({"context_overflow": "adaptive"}, {"context_overflow": "adaptive"}),
    ({"token_budget": None}, {"token_budget": None}),
    ({"context_overflow": None, "situation": "t"}, {"context_overflow": None, "situation": "t"}),
    ({"situation": "t", "overwrite": True}, {"situation": "t"}),
    ({"situation": "t", "metadata": {"w": 2}, "overwrite": True}, {"situation": "t", "metadata": {"w": 2}}),
    ({"situation": "t", "token_budget": None, "overwrite": True}, {"situation": "t", "token_budget": None}),
]


@pytest.mark.parametrize(("change", "becomes"), CHANGES, ids=str)
def test_a_change_destroys_no_setting(
    mode: Mode, client: Any, full: str, change: dict[str, Any], becomes: dict[str, Any]
) -> None:
    changed = mode.run(client.sessions.update(session_id=full, **change))
    assert settings_of(changed) == settings_of(mode.run(client.sessions.get(full))) == FULL | becomes


@pytest.mark.parametrize("change", [{}, {"metadata": {"w": 2}}], ids=str)
def test_a_session_without_settings_can_be_changed_too(
    mode: Mode, client: Any, agent_id: str, change: dict[str, Any]
) -> None:
    """The server fails at such a change unless something else is sent with it."""
    made = mode.run(client.sessions.create(agent_id=agent_id))
    changed = mode.run(client.sessions.update(session_id=made.id, **change))
    assert (changed.situation, changed.metadata, changed.token_budget) == ("", change.get("metadata", {}), None)


def test_the_list_of_sessions_still_works_after_a_change(mode: Mode, client: Any, agent_id: str, full: str) -> None:
    """A budget that a change takes away makes the server fail at lists."""
    mode.run(client.sessions.create(agent_id=agent_id, token_budget=5))
    mode.run(client.sessions.update(session_id=full, situation="t"))
    assert len(mode.run(client.sessions.list())) == 2


@pytest.mark.parametrize("change", [{"situation": "t"}, {"metadata": {}}, {"situation": "t", "overwrite": True}])
def test_templates_that_a_change_switches_off_are_told(
    mode: Mode, client: Any, agent_id: str, change: dict[str, Any]
) -> None:
    made = mode.run(client.sessions.create(agent_id=agent_id, render_templates=True))
    with pytest.warns(UserWarning, match=f"render_templates of session {made.id} off"):
        changed = mode.run(client.sessions.update(session_id=made.id, **change))
    assert changed.render_templates is False
    mode.run(client.sessions.update(session_id=made.id, **change))  # they are off, so there is nothing to tell


def test_what_a_change_keeps_is_read_anew_whatever_is_cached(mode: Mode, sandbox: JulepSandbox) -> None:
    key = sandbox.add_developer()
    client, other = mode.client(sandbox.api_url, key, cache=Cache(ttl=60)), mode.client(sandbox.api_url, key)
    agent = mode.run(client.agents.create(name="A"))
    made = mode.run(client.sessions.create(agent_id=agent.id, token_budget=5))
    mode.run(client.sessions.get(made.id))
    mode.run(other.sessions.update(session_id=made.id, token_budget=9))
    assert mode.run(client.sessions.update(session_id=made.id, situation="t")).token_budget == 9


def test_nothing_to_change_in_a_session_that_is_not_there(mode: Mode, client: Any) -> None:
    for change in ({}, {"metadata": {"w": 2}}):
        with pytest.raises(NotFoundError, match="Session not found"):
            mode.run(client.sessions.update(session_id=GHOST, **change))


def test_overwriting_replaces_the_metadata_that_is_given(mode: Mode, client: Any, session: Session) -> None:
    changed = mode.run(client.sessions.update(session_id=session.id, situation="p", overwrite=True))
    assert (changed.situation, changed.metadata) == ("p", {"q": 1})
    changed = mode.run(client.sessions.update(session_id=session.id, situation="p", metadata={}, overwrite=True))
    assert changed.metadata == {}
    with pytest.raises(TypeError, match="situation: missing argument"):
        mode.run(client.sessions.update(session_id=session.id, overwrite=True))


def test_what_cannot_be_changed_is_refused(mode: Mode, client: Any, session: Session) -> None:
    with pytest.raises(TypeError, match="render_templates: unknown argument"):
        mode.run(client.sessions.update(session_id=session.id, render_templates=True))


def test_a_session_that_is_not_there(mode: Mode, client: Any) -> None:
    assert mode.run(client.sessions.delete(GHOST)) is None
    assert mode.run(client.sessions.delete_history(session_id=GHOST)) is None
    assert mode.run(client.sessions.history(session_id=GHOST)) == []
    with pytest.raises(NotFoundError, match="Session not found"):
        mode.run(client.sessions.get(GHOST))
    with pytest.raises(NotFoundError, match=f"Session {GHOST} not found"):
        mode.run(client.sessions.update(session_id=GHOST, situation="x"))
    with pytest.raises(NotFoundError, match=f"Session {GHOST} not found"):
        mode.run(client.sessions.chat(session_id=GHOST, messages=[{"role": "user", "content": "x"}]))


def test_deleting_takes_the_session_and_its_history(mode: Mode, client: Any, session: Session) -> None:
    mode.run(client.sessions.chat(session_id=session.id, messages=[{"role": "user", "content": "hi"}]))
    assert len(mode.run(client.sessions.history(session_id=session.id))) == 2
    assert mode.run(client.sessions.delete_history(session.id)) is None
    assert mode.run(client.sessions.history(session_id=session.id)) == []
    assert mode.run(client.sessions.delete(session.id)) is None
    with pytest.raises(NotFoundError):
        mode.run(client.sessions.get(session.id))


def test_there_are_no_suggestions(mode: Mode, client: Any, session: Session) -> None:
    assert mode.run(client.sessions.suggestions(session_id=session.id, limit=5, offset=2)) == []


def test_lists_and_iteration(mode: Mode, client: Any, agent_id: str) -> None:
    for number in range(5):
        mode.run(client.sessions.create(agent_id=agent_id, situation=str(number), metadata={"even": number % 2 == 0}))
    assert [one.situation for one in mode.run(client.sessions.list(limit=2, offset=1))] == ["3", "2"]
    assert [one.situation for one in mode.run(client.sessions.list(metadata_filter={"even": False}))] == ["3", "1"]
    assert [one.situation for one in mode.all(client.sessions.iterate(page_size=2))] == list("43210")


def test_a_page_with_and_without_budgets_is_more_than_the_server_can_take(
    mode: Mode, client: Any, agent_id: str
) -> None:
    """The server's fault stays; pages of one session go around it."""
    mode.run(client.sessions.create(agent_id=agent_id, situation="0"))
    mode.run(client.sessions.create(agent_id=agent_id, situation="1", token_budget=5))
    with pytest.raises(InternalServerError, match="Internal Server Error"):
        mode.run(client.sessions.list())
    assert [one.situation for one in mode.all(client.sessions.iterate(page_size=1))] == ["1", "0"]


WRONG: list[tuple[dict[str, Any], type[Exception]]] = [
    ({}, InvalidArgument),
    ({"agent_id": "nope"}, InvalidIdError),
    ({"agent_id": None}, InvalidIdError),
    ({"agent_id": GHOST, "user_id": "nope"}, InvalidIdError),
    ({"agent_id": GHOST, "token_budget": -1}, InvalidArgument),
    ({"agent_id": GHOST, "token_budget": "5"}, InvalidArgument),
    ({"agent_id": GHOST, "context_overflow": "explode"}, InvalidArgument),
    ({"agent_id": GHOST, "metadata": "x"}, InvalidArgument),
    ({"agent_id": GHOST, "situations": "x"}, InvalidArgument),
]


@pytest.mark.parametrize("given, error", WRONG, ids=str)
def test_wrong_sessions_are_refused(
    mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        mode.run(client.sessions.create(**given))
    assert isinstance(caught.value, AssertionError) == (error is InvalidIdError)
    assert len(sandbox.requests) == 0


@pytest.mark.parametrize("name", ["get", "update", "delete", "delete_history", "history", "suggestions", "chat"])
def test_every_method_checks_the_id(mode: Mode, client: Any, sandbox: JulepSandbox, name: str) -> None:
    given = {"id" if name == "get" else "session_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    if name == "chat":
        given["messages"] = [{"role": "user", "content": "x"}]  # type: ignore[assignment]
    with pytest.raises(InvalidIdError):
        mode.run(getattr(client.sessions, name)(**given))
    assert len(sandbox.requests) == 0
