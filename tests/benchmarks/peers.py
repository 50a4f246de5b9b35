"""The clients that are compared: each gets one secret, gets 1,000, and says where the value stands in its record.

Every import of a peer stands in its constructor: a process that asks for one peer must not pay for the others.
For the same reason this module imports nothing that a peer would not import itself.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from payload import ENVIRONMENT, KEY, PROJECT, TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
QUERY_V3 = {"workspaceId": PROJECT, "environment": ENVIRONMENT}
QUERY_V4 = {"projectId": PROJECT, "environment": ENVIRONMENT}


def gemel_decode(body: bytes) -> Any:
    """The records of a list reply, by gemel's own decoder."""
    return gemel_decoder()(body).secrets


@cache
def gemel_decoder() -> Callable[[bytes], Any]:
    """The decoder that an endpoint makes once from its declaration, fed with bytes in place of a reply."""
    from gemel.infisical.models.secrets import SecretList
    from gemel.kit.http.messages import Headers, Request, Response
    from gemel.kit.models.decode import decoder

    decode, request = decoder(SecretList), Request("GET", "http://127.0.0.1/", Headers())
    return lambda body: decode(Response(200, request.headers, body, request.url), request)


class Gemel:
    """gemel, blocking."""

    def __init__(self, origin: str) -> None:
        from gemel.infisical import InfisicalClient

        self._client = InfisicalClient(endpoint=origin, token=TOKEN)

    def get(self) -> Any:
        return self._client.secrets.retrieve(KEY, project_id=PROJECT, environment=ENVIRONMENT)

    def get_all(self) -> Any:
        return self._client.secrets.list(project_id=PROJECT, environment=ENVIRONMENT).secrets

    def close(self) -> None:
        self._client.close()

    decode = staticmethod(gemel_decode)

    @staticmethod
    def value(record: Any) -> str:
        return record.secret_value


class AsyncGemel:
    """gemel, async."""

    def __init__(self, origin: str) -> None:
        from gemel.infisical import InfisicalAsyncClient

        self._client = InfisicalAsyncClient(endpoint=origin, token=TOKEN)

    async def get(self) -> Any:
        return await self._client.secrets.retrieve(KEY, project_id=PROJECT, environment=ENVIRONMENT)

    async def get_all(self) -> Any:
        page = await self._client.secrets.list(project_id=PROJECT, environment=ENVIRONMENT)
        return page.secrets

    async def close(self) -> None:
        await self._client.close()

    @staticmethod
    def value(record: Any) -> str:
        return record.secret_value


class Bare:
    """What the bare transports share: plain dicts and json.loads, no check of anything but the JSON."""

    @staticmethod
    def decode(body: bytes) -> Any:
        return json.loads(body)["secrets"]

    @staticmethod
    def value(record: Any) -> str:
        return record["secretValue"]


class BareGet(Bare):
    """requests, as most people write it: Session.get, which prepares and reads the environment on each call."""

    def __init__(self, origin: str) -> None:
        import requests

        self._session = requests.Session()
        self._session.headers.update(HEADERS)
        self._secrets = f"{origin}/api/v4/secrets"

    def get(self) -> Any:
        return json.loads(self._session.get(f"{self._secrets}/{KEY}", params=QUERY_V4).content)["secret"]

    def get_all(self) -> Any:
        return self.decode(self._session.get(self._secrets, params=QUERY_V4).content)

    def close(self) -> None:
        self._session.close()


class BarePrepared(Bare):
    """requests at its leanest: a request prepared once, sent with the proxies already looked up (there are none)."""

    def __init__(self, origin: str) -> None:
        from requests import Request, Session

        self._session = Session()
        self._session.headers.update(HEADERS)
        prepare, secrets = self._session.prepare_request, f"{origin}/api/v4/secrets"
        self._one = prepare(Request("GET", f"{secrets}/{KEY}", params=QUERY_V4))
        self._all = prepare(Request("GET", secrets, params=QUERY_V4))

    def get(self) -> Any:
        return json.loads(self._session.send(self._one, proxies={}).content)["secret"]

    def get_all(self) -> Any:
        return self.decode(self._session.send(self._all, proxies={}).content)

    def close(self) -> None:
        self._session.close()


class BareAiohttp(Bare):
    """aiohttp with one ClientSession."""

    def __init__(self, origin: str) -> None:
        import aiohttp

        self._session = aiohttp.ClientSession(headers=HEADERS)
        self._secrets = f"{origin}/api/v4/secrets"

    async def get(self) -> Any:
        async with self._session.get(f"{self._secrets}/{KEY}", params=QUERY_V4) as reply:
            return json.loads(await reply.read())["secret"]

    async def get_all(self) -> Any:
        async with self._session.get(self._secrets, params=QUERY_V4) as reply:
            return self.decode(await reply.read())

    async def close(self) -> None:
        await self._session.close()


class Httpx:
    """infisical-httpx-sdk, blocking: httpx and pydantic, v3 raw endpoints."""

    def __init__(self, origin: str) -> None:
        from infisical import InfisicalClient

        self._client = InfisicalClient(endpoint=origin, token=TOKEN)

    def get(self) -> Any:
        return self._client.secrets.v3.retrieve(name=KEY, **QUERY_V3)

    def get_all(self) -> Any:
        return self._client.secrets.v3.list(**QUERY_V3).secrets

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def decode(body: bytes) -> Any:
        from infisical.resources.secrets.models import SecretsList

        return SecretsList.model_validate(json.loads(body)).secrets

    @staticmethod
    def value(record: Any) -> str:
        return record.secret_value


class AsyncHttpx:
    """infisical-httpx-sdk, async."""

    def __init__(self, origin: str) -> None:
        from infisical import InfisicalAsyncClient

        self._client = InfisicalAsyncClient(endpoint=origin, token=TOKEN)

    async def get(self) -> Any:
        return await self._client.secrets.v3.retrieve(name=KEY, **QUERY_V3)

    async def get_all(self) -> Any:
        return (await self._client.secrets.v3.list(**QUERY_V3)).secrets

    async def close(self) -> None:
        await self._client.close()

    @staticmethod
    def value(record: Any) -> str:
        return record.secret_value


class Official:
    """infisicalsdk, blocking only: requests and dataclasses, v3 raw endpoints, its cache switched off."""

    def __init__(self, origin: str) -> None:
        from infisical_sdk import InfisicalSDKClient

        self._client = InfisicalSDKClient(host=origin, token=TOKEN, cache_ttl=None)

    def get(self) -> Any:
        return self._client.secrets.get_secret_by_name(KEY, ENVIRONMENT, "/", project_id=PROJECT)

    def get_all(self) -> Any:
        return self._client.secrets.list_secrets(ENVIRONMENT, "/", project_id=PROJECT).secrets

    def close(self) -> None:
        self._client.close()
        self._client.api.session.close()  # close() of 1.0.17 stops the cache only

    @staticmethod
    def decode(body: bytes) -> Any:
        from infisical_sdk.api_types import ListSecretsResponse

        return ListSecretsResponse.from_dict(json.loads(body)).secrets

    @staticmethod
    def value(record: Any) -> str:
        return record.secretValue


SYNC: dict[str, Any] = {
    "gemel": Gemel,
    "requests.get": BareGet,
    "prepared": BarePrepared,
    "httpx-sdk": Httpx,
    "infisicalsdk": Official,
}
ASYNC: dict[str, Any] = {"gemel": AsyncGemel, "aiohttp": BareAiohttp, "httpx-sdk": AsyncHttpx}
