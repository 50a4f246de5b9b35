"""Client and AsyncClient: the clients of the Julep API 0.x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from gemel.julep.errors import explain_reply, read_julep_fault
from gemel.julep.managers.agents import AgentsManager, AsyncAgentsManager, BaseAgentsManager
from gemel.julep.managers.chat import AsyncChat, BaseChat, Chat
from gemel.julep.managers.completions import AsyncCompletions, BaseCompletions, Completions
from gemel.julep.managers.docs import AsyncDocsManager, BaseDocsManager, DocsManager
from gemel.julep.managers.jobs import AsyncJobsManager, BaseJobsManager, JobsManager
from gemel.julep.managers.memories import AsyncMemoriesManager, BaseMemoriesManager, MemoriesManager
from gemel.julep.managers.sessions import AsyncSessionsManager, BaseSessionsManager, SessionsManager
from gemel.julep.managers.tools import AsyncToolsManager, BaseToolsManager, ToolsManager
from gemel.julep.managers.users import AsyncUsersManager, BaseUsersManager, UsersManager
from gemel.julep.official import Serving
from gemel.julep.settings import find_api_key, find_base_url, given_headers, patience, refuse_httpx
from gemel.kit.client import AsyncClient as KitAsyncClient
from gemel.kit.client import BaseClient, CommonSettings
from gemel.kit.client import Client as KitClient
from gemel.kit.http.messages import Response, Timeout
from gemel.kit.http.problem import Fault
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import extensible
from gemel.kit.tracebacks import entry
from gemel.kit.types import Async, M, Sync

if TYPE_CHECKING:
    import aiohttp
    import requests
    from openai import AsyncOpenAI, OpenAI

__all__ = ["AsyncClient", "BaseJulepClient", "Client"]


@extensible
class BaseJulepClient(Serving, BaseClient[M]):
    """The base of both clients: the managers of the Julep API."""

    agents: BaseAgentsManager[M]
    users: BaseUsersManager[M]
    sessions: BaseSessionsManager[M]
    docs: BaseDocsManager[M]
    memories: BaseMemoriesManager[M]
    tools: BaseToolsManager[M]
    jobs: BaseJobsManager[M]
    chat: BaseChat[M]
    completions: BaseCompletions[M]

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: Timeout | float = 300,
        additional_headers: Mapping[str, str] | None = None,
        _httpx_client: None = None,
        *,
        session: Any = None,
        **settings: Unpack[CommonSettings],
    ) -> None:
        """Make a client.

        The other settings are those of `gemel.BaseClient`.

        Args:
            api_key: The API key; None takes JULEP_API_KEY from the environment.
            base_url: The base URL with the API's path, such as https://host/api; None takes JULEP_API_URL from the
                environment.
            timeout: Seconds for each whole call, however long the server is silent meanwhile, or a Timeout.
            additional_headers: Header fields sent with every request.
            _httpx_client: Must be None; it keeps the position it has in the published SDK. Pass `session` instead.
            session: A requests.Session or aiohttp.ClientSession to send with; it is used as it is and never closed.
            **settings: The other settings of a client.

        Raises:
            MissingSettingError: There is no key or no address; it is an AssertionError too.
            InvalidArgument: A text is not a str, or `_httpx_client` is given.
            ValueError: A setting cannot work.
        """
        refuse_httpx(_httpx_client)
        settings["headers"] = headers = {**given_headers(additional_headers), **(settings.get("headers") or {})}
        key, address, limits = find_api_key(api_key), find_base_url(base_url), patience(timeout)
        super().__init__(address, credential=Bearer(key), session=session, timeout=limits, **settings)
        self._remember(key, address, headers, limits.total)

    def _read_fault(self, response: Response) -> Fault:
        """Read an error body of the Julep API."""
        return read_julep_fault(response)

    def _explain(self, response: Response) -> str:
        """Say which generation of the API an unexpected reply seems to come from, "" when that is unknown."""
        return explain_reply(response)


class Client(BaseJulepClient[Sync], KitClient):
    """The blocking Julep client: `with Client(api_key=..., base_url=...) as client: client.agents.create(name="A")`."""

    agents: AgentsManager
    users: UsersManager
    sessions: SessionsManager
    docs: DocsManager
    memories: MemoriesManager
    tools: ToolsManager
    jobs: JobsManager
    chat: Chat
    completions: Completions

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: Timeout | float = 300,
        additional_headers: Mapping[str, str] | None = None,
        _httpx_client: None = None,
        *,
        session: requests.Session | None = None,
        **settings: Unpack[CommonSettings],
    ) -> None:
        """Make a blocking client; the arguments are those of BaseJulepClient."""
        super().__init__(api_key, base_url, timeout, additional_headers, _httpx_client, session=session, **settings)

    @entry
    def openai(self) -> OpenAI:
        """Return an `openai.OpenAI` for the same host, key, headers and timeout; close it when you are done.

        It has connections of its own, and openai's rules for proxies, certificates and retries.

        Raises:
            MissingExtraError: The extra is not installed: pip install 'gemel[openai]'; it is an ImportError too.
        """
        made: OpenAI = self._official("OpenAI")
        return made


class AsyncClient(BaseJulepClient[Async], KitAsyncClient):
    """The async Julep client: `async with AsyncClient() as client: await client.agents.create(name="A")`."""

    agents: AsyncAgentsManager
    users: AsyncUsersManager
    sessions: AsyncSessionsManager
    docs: AsyncDocsManager
    memories: AsyncMemoriesManager
    tools: AsyncToolsManager
    jobs: AsyncJobsManager
    chat: AsyncChat
    completions: AsyncCompletions

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: Timeout | float = 300,
        additional_headers: Mapping[str, str] | None = None,
        _httpx_client: None = None,
        *,
        session: aiohttp.ClientSession | None = None,
        **settings: Unpack[CommonSettings],
    ) -> None:
        """Make an async client; the arguments are those of BaseJulepClient."""
        super().__init__(api_key, base_url, timeout, additional_headers, _httpx_client, session=session, **settings)

    @entry
    def openai(self) -> AsyncOpenAI:
        """Return an `openai.AsyncOpenAI` for the same host, key, headers and timeout; otherwise as `Client.openai`.

        Raises:
            MissingExtraError: The extra is not installed: pip install 'gemel[openai]'; it is an ImportError too.
        """
        made: AsyncOpenAI = self._official("AsyncOpenAI")
        return made
