"""The clients that are compared at the work of Julep: an agent, 100 agents, a chat, a streamed completion.

Every import of a peer stands in its constructor: the published SDK 0.3.9 works in a process that has no other peer.
What is streamed is joined as it comes, by all peers alike.
"""

import json
from typing import Any

from julep_payload import AGENT, MESSAGES, MODEL, SESSION
from payload import TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
CHAT = {"messages": MESSAGES, "recall": True, "remember": True}
COMPLETION = {"model": MODEL, "messages": MESSAGES, "stream": True}


class Older:
    """What gemel and the published SDK 0.3.9 have in common: every name."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get(self) -> Any:
        return self._client.agents.get(AGENT)

    def get_all(self) -> Any:
        return self._client.agents.list(limit=100)

    def chat(self) -> Any:
        return self._client.sessions.chat(session_id=SESSION, **CHAT)

    @staticmethod
    def name(agent: Any) -> str:
        return agent.name

    @staticmethod
    def said(answer: Any) -> str:
        return answer.response[0][0].content


class OlderSync(Older):
    """The blocking client of either."""

    def stream(self) -> str:
        chunks = self._client.chat.completions.create(messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content for chunk in chunks])

    def close(self) -> None:
        getattr(self._client, "close", bool)()


class OlderAsync(Older):
    """The async client of either."""

    async def stream(self) -> str:
        chunks = await self._client.chat.completions.create(messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content async for chunk in chunks])

    async def close(self) -> None:
        if hasattr(self._client, "close"):
            await self._client.close()


class Gemel(OlderSync):
    """gemel, blocking."""

    def __init__(self, origin: str) -> None:
        from gemel.julep import Client

        super().__init__(Client(api_key=TOKEN, base_url=f"{origin}/api"))


class AsyncGemel(OlderAsync):
    """gemel, async."""

    def __init__(self, origin: str) -> None:
        from gemel.julep import AsyncClient

        super().__init__(AsyncClient(api_key=TOKEN, base_url=f"{origin}/api"))


class Published(OlderSync):
    """julep 0.3.9, blocking: httpx, pydantic's v1, beartype; openai's client for completions. It cannot be closed."""

    def __init__(self, origin: str) -> None:
        from julep import Client

        super().__init__(Client(api_key=TOKEN, base_url=f"{origin}/api"))


class AsyncPublished(OlderAsync):
    """julep 0.3.9, async."""

    def __init__(self, origin: str) -> None:
        from julep import AsyncClient

        super().__init__(AsyncClient(api_key=TOKEN, base_url=f"{origin}/api"))


class Newer:
    """What the two clients of julep 2.21.0 have in common: httpx and pydantic, the API 1.x."""

    def __init__(self, client: Any, streaming: Any) -> None:
        self._client = client
        self._streaming = streaming

    def get(self) -> Any:
        return self._client.agents.get(AGENT)

    def chat(self) -> Any:
        return self._client.sessions.chat(SESSION, messages=MESSAGES, recall=True)

    @staticmethod
    def name(agent: Any) -> str:
        return agent.name

    @staticmethod
    def said(answer: Any) -> str:
        return answer.choices[0].message.content


class Current(Newer):
    """julep 2.21.0, blocking."""

    def __init__(self, origin: str) -> None:
        from julep import Julep

        clients = (Julep(api_key=TOKEN, base_url=f"{origin}/{path}") for path in ("new", "streamed"))
        super().__init__(*clients)

    def get_all(self) -> Any:
        return self._client.agents.list(limit=100).items

    def stream(self) -> str:
        chunks = self._streaming.sessions.chat(SESSION, messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content for chunk in chunks])

    def close(self) -> None:
        self._client.close()
        self._streaming.close()


class AsyncCurrent(Newer):
    """julep 2.21.0, async."""

    def __init__(self, origin: str) -> None:
        from julep import AsyncJulep

        clients = (AsyncJulep(api_key=TOKEN, base_url=f"{origin}/{path}") for path in ("new", "streamed"))
        super().__init__(*clients)

    async def get_all(self) -> Any:
        return (await self._client.agents.list(limit=100)).items

    async def stream(self) -> str:
        chunks = await self._streaming.sessions.chat(SESSION, messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content async for chunk in chunks])

    async def close(self) -> None:
        await self._client.close()
        await self._streaming.close()


class Bare:
    """What the bare transports share: plain dicts and json.loads, no check of anything but the JSON."""

    def __init__(self, origin: str) -> None:
        self._agents, self._completions = f"{origin}/api/agents", f"{origin}/v1/chat/completions"
        self._chat = f"{origin}/api/sessions/{SESSION}/chat"

    @staticmethod
    def name(agent: Any) -> str:
        return agent["name"]

    @staticmethod
    def said(answer: Any) -> str:
        return answer["response"][0][0]["content"]

    @staticmethod
    def word(line: bytes) -> str:
        """What a line of a stream adds."""
        if not line.startswith(b"data: {"):
            return ""
        return json.loads(line[6:])["choices"][0]["delta"]["content"]


class BareRequests(Bare):
    """requests with one Session, made for 50 calls at once, the proxies already looked up (there are none)."""

    def __init__(self, origin: str) -> None:
        from requests import Request, Session
        from requests.adapters import HTTPAdapter

        super().__init__(origin)
        self._session = Session()
        self._session.headers.update(HEADERS)
        self._session.mount("http://", HTTPAdapter(pool_maxsize=50))
        prepare = self._session.prepare_request
        self._one = prepare(Request("GET", f"{self._agents}/{AGENT}"))
        self._all = prepare(Request("GET", self._agents, params={"limit": 100}))
        self._said = prepare(Request("POST", self._chat, json=CHAT))
        self._streamed = prepare(Request("POST", self._completions, json=COMPLETION))

    def _sent(self, request: Any) -> Any:
        return json.loads(self._session.send(request, proxies={}).content)

    def get(self) -> Any:
        return self._sent(self._one)

    def get_all(self) -> Any:
        return self._sent(self._all)["items"]

    def chat(self) -> Any:
        return self._sent(self._said)

    def stream(self) -> str:
        with self._session.send(self._streamed, proxies={}, stream=True) as reply:
            return "".join([self.word(line) for line in reply.iter_lines(chunk_size=None)])

    def close(self) -> None:
        self._session.close()


class BareAiohttp(Bare):
    """aiohttp with one ClientSession."""

    def __init__(self, origin: str) -> None:
        import aiohttp

        super().__init__(origin)
        self._session = aiohttp.ClientSession(headers=HEADERS)

    async def get(self) -> Any:
        async with self._session.get(f"{self._agents}/{AGENT}") as reply:
            return json.loads(await reply.read())

    async def get_all(self) -> Any:
        async with self._session.get(self._agents, params={"limit": 100}) as reply:
            return json.loads(await reply.read())["items"]

    async def chat(self) -> Any:
        async with self._session.post(self._chat, json=CHAT) as reply:
            return json.loads(await reply.read())

    async def stream(self) -> str:
        async with self._session.post(self._completions, json=COMPLETION) as reply:
            return "".join([self.word(line) async for line in reply.content])

    async def close(self) -> None:
        await self._session.close()


# The blocking and the async client of each peer.
PEERS: dict[str, tuple[Any, Any]] = {
    "gemel": (Gemel, AsyncGemel),
    "bare": (BareRequests, BareAiohttp),
    "julep 2.21.0": (Current, AsyncCurrent),
}
OLD = "julep 0.3.9"
