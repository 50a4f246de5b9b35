"""The steps of Julep: a key from Infisical, then an agent with a tool and docs, and conversations with it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from gemel.cli.demo.infisical import delete_project
from gemel.cli.demo.modes import each, settled
from gemel.cli.demo.steps import Chapter, joined, refused, told
from gemel.cli.demo.walk import Seen, Walk, closing
from gemel.julep.errors import InvalidIdError
from gemel.julep.models.chat import ChatResponse, InputChatMlMessageDict
from gemel.julep.models.completion_args import ChatMessageDict
from gemel.julep.models.docs import DocDict
from gemel.julep.models.tools import ToolDict

__all__ = ["JULEP"]

JULEP = Chapter(lambda mode: f"julep.{mode.julep.__name__}")

_KEY = "JULEP_API_KEY"
_ENVIRONMENT = "prod"
_MODEL = "gpt-4o"
_PACE = 0.005  # seconds between the chunks of a stream
_ANCHORS: DocDict = {"title": "Anchors", "content": "An admiralty anchor holds best in clay."}
_TIDES: DocDict = {"title": "Tides", "content": ["High water at Brest: noon.", "Low water at Brest: six."]}
_FORECAST: ToolDict = {
    "type": "function",
    "function": {
        "name": "forecast",
        "description": "The wind at a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}


async def _refusal(call: Callable[[], Any]) -> Seen:
    """Make a call that must fail, and show its error."""
    error = await refused(call)
    return Seen(f"{type(error).__name__} {error.status}", str(error)) if error else Seen("no error")


async def _chat(walk: Walk, message: InputChatMlMessageDict) -> ChatResponse:
    return await settled(walk.julep.sessions.chat(session_id=walk.id_of("session"), messages=[message]))


async def _titles(walk: Walk) -> dict[str, str]:
    """Return the titles of the agent's docs by id."""
    docs = await settled(walk.julep.docs.list(agent_id=walk.id_of("agent")))
    return {doc.id: doc.title for doc in docs}


@JULEP.step("keep the Julep key in Infisical", expects=f"{_KEY} v1")
async def _keep_key(walk: Walk) -> Seen:
    project = await settled(walk.infisical.projects.create(f"Agents of {walk.mode.julep.__name__}"))
    walk.ids["project"], walk.values[_KEY] = project.id, walk.sandbox.api_key
    kept = await settled(
        walk.infisical.secrets.create(
            _KEY, project_id=project.id, environment=_ENVIRONMENT, secret_value=walk.sandbox.api_key
        )
    )
    return Seen(f"{kept.secret_key} v{kept.version}")


@JULEP.step("make a Julep client with it", expects=f"{_KEY} v1, the value as written, masked in its repr; it opens")
async def _open(walk: Walk) -> Seen:
    project_id = walk.id_of("project")
    key = await settled(walk.infisical.secrets.retrieve(_KEY, project_id=project_id, environment=_ENVIRONMENT))
    await walk.open_julep(key.secret_value)
    error = await refused(lambda: walk.julep.agents.list(limit=1))
    return Seen(f"{told(walk, key)}; {'it is refused' if error else 'it opens'}", str(error or ""))


@JULEP.step("come with another key", expects="PermissionDeniedError 403")
async def _wrong_key(walk: Walk) -> Seen:
    async with closing(walk.mode.julep_client(walk.sandbox, walk.fresh("WRONG_KEY"))) as client:
        return await _refusal(lambda: client.agents.list())


@JULEP.step("create an agent, a tool and a doc", expects=f"Ada on {_MODEL}; tools: forecast; docs: Anchors")
async def _create_agent(walk: Walk) -> Seen:
    julep = walk.julep
    agent = await settled(
        julep.agents.create(
            name="Ada",
            about="Knows the sea.",
            model=_MODEL,
            default_settings={"temperature": 0.2},
            metadata={"ship": "Astrolabe"},
            tools=[_FORECAST],
            docs=[_ANCHORS],
        )
    )
    walk.ids["agent"] = agent.id
    tools = await settled(julep.tools.get(agent_id=agent.id))
    walk.ids |= {f"tool {tool.function.name}": tool.id for tool in tools}
    names = joined(tool.function.name for tool in tools)
    return Seen(f"{agent.name} on {agent.model}; tools: {names}; docs: {joined((await _titles(walk)).values())}")


@JULEP.step("change it a little", expects=f"'Knows tides.', still on {_MODEL} at 0.2; metadata: port, ship")
async def _update_agent(walk: Walk) -> Seen:
    agent = await settled(
        walk.julep.agents.update(agent_id=walk.id_of("agent"), about="Knows tides.", metadata={"port": "Brest"})
    )
    heat = agent.default_settings.temperature if agent.default_settings else None
    return Seen(f"{agent.about!r}, still on {agent.model} at {heat}; metadata: {joined(agent.metadata or {})}")


@JULEP.step("give it another doc", expects="Tides in 2 parts, its job succeeded")
async def _create_doc(walk: Walk) -> Seen:
    agent_id = walk.id_of("agent")
    doc = await settled(walk.julep.docs.create(agent_id=agent_id, doc=_TIDES))
    walk.ids["doc"] = doc.id
    (job_id,) = doc.jobs or []
    job = await settled(walk.julep.jobs.wait(job_id))
    parts = [part for part in await settled(walk.julep.docs.list(agent_id=agent_id)) if part.id == doc.id]
    return Seen(f"{doc.title} in {len(parts)} parts, its job {job.state}")


@JULEP.step("create a user", expects="Jules, A sailor.")
async def _create_user(walk: Walk) -> Seen:
    user = await settled(walk.julep.users.create(name="Jules", about="A sailor."))
    walk.ids["user"] = user.id
    return Seen(f"{user.name}, {user.about}")


@JULEP.step("open a session", expects="of the agent with the user, 'Before a voyage.'")
async def _create_session(walk: Walk) -> Seen:
    agent_id, user_id = walk.id_of("agent"), walk.id_of("user")
    made = await settled(
        walk.julep.sessions.create(agent_id=agent_id, user_id=user_id, situation="Before a voyage.", reread=True)
    )
    walk.ids["session"] = made.id
    who = f"{'the' if made.agent_id == agent_id else 'another'} agent"
    whom = f"{'the' if made.user_id == user_id else 'another'} user"
    return Seen(f"of {who} with {whom}, {made.situation!r}")


@JULEP.step("chat, with the doc that fits", expects="'echo: When is high water?'; recalled: Tides")
async def _chat_with_doc(walk: Walk) -> Seen:
    answer = await _chat(walk, {"role": "user", "content": "When is high water?"})
    titles = await _titles(walk)
    recalled = joined(titles.get(doc_id, "an unknown doc") for doc_id in answer.doc_ids.agent_doc_ids)
    return Seen(f"{answer.text!r}; recalled: {recalled}", f"{answer.usage.total_tokens} tokens")


@JULEP.step("chat, and be asked for a tool", expects='tool_calls: forecast({"place": "Brest"})')
async def _chat_with_tool(walk: Walk) -> Seen:
    answer = await _chat(walk, {"role": "user", "content": 'Shall we sail? CALL_TOOL forecast {"place": "Brest"}'})
    call = answer.message.function_call if answer.message else None
    return Seen(f"{answer.finish_reason}: {f'{call.name}({call.arguments})' if call else answer.text}")


@JULEP.step("give it what the tool says", expects="stop: 'echo: A fair wind.'")
async def _answer_tool(walk: Walk) -> Seen:
    answer = await _chat(walk, {"role": "system", "name": "forecast", "content": "A fair wind."})
    return Seen(f"{answer.finish_reason}: {answer.text!r}")


@JULEP.step("read the history", expects="user, assistant, user, function_call, system, assistant")
async def _history(walk: Walk) -> Seen:
    messages = await settled(walk.julep.sessions.history(session_id=walk.id_of("session")))
    return Seen(", ".join(str(message.role) for message in messages))


@JULEP.step("stream a completion", expects="6 pieces: 'echo: Fair winds and following seas.'; stop")
async def _stream(walk: Walk) -> Seen:
    walk.sandbox.set_pace(_PACE)
    asked: list[ChatMessageDict] = [{"role": "user", "content": "Fair winds and following seas."}]
    begun = time.perf_counter()
    stream = each(walk.julep.chat.completions.create(messages=asked, stream=True))
    came = [(time.perf_counter() - begun, chunk) async for chunk in stream]
    pieces = [chunk.text for _, chunk in came if chunk.text]
    reasons = [str(choice.finish_reason) for _, chunk in came for choice in chunk.choices if choice.finish_reason]
    first, last = (f"{seconds * 1000:.0f} ms" for seconds, _ in (came[0], came[-1]))
    got = f"{len(pieces)} pieces: {''.join(pieces)!r}; {joined(reasons)}"
    return Seen(got, f"the first chunk after {first}, the last after {last}")


@JULEP.step("ask for an agent that is not there", expects="NotFoundError 404")
async def _not_found(walk: Walk) -> Seen:
    julep, missing = walk.julep, uuid.uuid4()
    return await _refusal(lambda: julep.agents.get(missing))


@JULEP.step("mistake a name for an id", expects="InvalidIdError, nothing was sent")
async def _invalid(walk: Walk) -> Seen:
    before = len(walk.sandbox.requests)
    try:
        await settled(walk.julep.agents.get("Ada"))
    except InvalidIdError as error:
        sent = len(walk.sandbox.requests) - before
        return Seen(f"{type(error).__name__}, {'nothing' if not sent else 'something'} was sent", str(error))
    return Seen("no error")


@JULEP.step("delete the tool and the doc", expects="left: no tool; Anchors")
async def _delete_parts(walk: Walk) -> Seen:
    agent_id = walk.id_of("agent")
    await settled(walk.julep.tools.delete(agent_id=agent_id, tool_id=walk.id_of("tool forecast")))
    await settled(walk.julep.docs.delete(agent_id=agent_id, doc_id=walk.id_of("doc")))
    tools = await settled(walk.julep.tools.get(agent_id=agent_id))
    return Seen(f"left: {'a' if tools else 'no'} tool; {joined((await _titles(walk)).values())}")


@JULEP.step("delete session, user and agent", expects="deleted; then NotFoundError 404, 3 times")
async def _delete_all(walk: Walk) -> Seen:
    session_id, user_id, agent_id = walk.id_of("session"), walk.id_of("user"), walk.id_of("agent")
    julep = walk.julep
    await settled(julep.sessions.delete(session_id))
    await settled(julep.users.delete(user_id))
    await settled(julep.agents.delete(agent_id))
    looks: list[Callable[[], Any]] = [
        lambda: julep.sessions.get(session_id),
        lambda: julep.users.get(user_id),
        lambda: julep.agents.get(agent_id),
    ]
    after = [(await _refusal(look)).got for look in looks]
    return Seen(f"deleted; then {joined(set(after))}, {len(after)} times")


@JULEP.step("delete the project of the key", expects="deleted; then NotFoundError 404, with a request id")
async def _delete_key(walk: Walk) -> Seen:
    return await delete_project(walk)
