# mypy: disable-error-code="empty-body"
"""User code that keeps replies: what the checkers must understand (R) and must reject (E)."""

from typing_extensions import assert_type, reveal_type

from gemel import Cache, Caching, Identified, M, MemoryStore, Resource, StaleReply, Store, get
from gemel.infisical import InfisicalAsyncClient, InfisicalClient, Secret


class Shelf:
    """A store of a user's own."""

    def get(self, key: str) -> bytes | None:
        return None

    def set(self, key: str, value: bytes, seconds: float) -> None: ...

    def delete(self, key: str) -> None: ...

    def clear(self, prefix: str = "") -> None: ...


class Forgetful:
    """No store: it cannot be cleared."""

    def get(self, key: str) -> bytes | None:
        return None

    def set(self, key: str, value: bytes, seconds: float) -> None: ...


class Named:
    """A credential that tells in whose name it speaks."""

    def identity(self) -> bytes:
        return b"me"


def told(stale: StaleReply) -> None:
    assert_type(stale.age, float)


def deaf() -> None: ...


class Prices(Resource[M]):
    @get("api/prices", cacheable=False)
    def now(self) -> list[int]: ...

    @get("api/prices", cacheable="no")  # E1 not a bool
    def later(self) -> list[int]: ...


cache = Cache(ttl=60, stale_if_error=600, max_entries=10, store=Shelf(), on_stale=told)
memory: Store = MemoryStore(max_bytes=1000)
named: Identified = Named()
Cache(ttl="60")  # E2 not a number
Cache(store=Forgetful())  # E3 delete and clear are missing
Cache(on_stale=deaf)  # E4 takes no argument
Cache(tll=60)  # E5 no such setting


def sync_user() -> None:
    with InfisicalClient(token="t", cache=cache) as client:
        assert_type(client.cache, Caching)
        client.cache.clear()
        reply = client.secrets.retrieve.options(cache=False).raw("A", project_id="p", environment="e")
        reveal_type(reply.stale)  # R: bool
        reveal_type(reply.cache)  # R: str
        assert_type(reply.value, Secret)
        client.secrets.retrieve.options(cache=60)  # E6 not a bool
    InfisicalClient(token="t", cache=60)  # E7 not a Cache


async def async_user() -> None:
    async with InfisicalAsyncClient(token="t", cache=Cache()) as client:
        client.cache.clear()
        reply = await client.secrets.retrieve.raw("A", project_id="p", environment="e")
        reveal_type(reply.stale)  # R: bool
        await client.cache.clear()  # E8 nothing to await


async def wrong_stores() -> None:
    memory.set("key", "text", 60.0)  # E9 not bytes
    MemoryStore(60)  # E10 given by name only
