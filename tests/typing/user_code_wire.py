# mypy: disable-error-code="empty-body"
"""What the checkers see of places, codecs and open numbers: the types of Python, not those of the wire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from typing_extensions import assert_type, reveal_type

from gemel import (
    Async,
    AsyncClient,
    BaseClient,
    Client,
    Codec,
    Cookie,
    Epoch,
    EventStream,
    Form,
    Header,
    M,
    Model,
    NumberText,
    OpenIntEnum,
    Query,
    Resource,
    Seconds,
    Stream,
    Sync,
    Url,
    Verb,
    get,
    post,
)

asking = Verb("GET", body=True)
Hexadecimal = Codec(lambda text: int(text, 16), lambda value: f"{value:x}", name="number")


class Kind(OpenIntEnum):
    TEXT = 0
    VOICE = 2


class Sample(Model):
    at: Annotated[datetime, Epoch]
    value: Annotated[float, NumberText]
    mask: Annotated[int, Hexadecimal] = 0
    kind: Kind = Kind.TEXT


class Samples(Resource[M]):
    @get("{version}/samples/{+path}")
    def list(
        self,
        path: str,
        where: Annotated[dict[str, Any], Query(style="deep")],
        *,
        since: Annotated[datetime, Epoch],
        tags: Annotated[tuple[str, ...], Header("X-Tags")] = (),
        session: Annotated[str | None, Cookie] = None,
        version: str = "v1",
    ) -> Sample: ...
    @post("form")
    def form(self, took: Annotated[timedelta, Seconds, Form]) -> None: ...
    @get("")
    def follow(self, link: Annotated[str, Url(origins=("https://*",))]) -> Sample: ...
    @get("log", events=EventStream(formats=("jsonl",), parse=int))
    def log(self) -> Stream[int]: ...


class Api(BaseClient[M]):
    samples: Samples[M]


class ApiClient(Api[Sync], Client): ...


class AsyncApiClient(Api[Async], AsyncClient): ...


def sync_use(client: ApiClient, now: datetime) -> None:
    sample = client.samples.list("a/b", {"a": 1}, since=now, tags=("x",), session="s")
    reveal_type(sample)  # R: Sample
    assert_type(sample.at, datetime)
    assert_type(sample.value, float)
    assert_type(sample.mask, int)
    assert_type(sample.kind.known, bool)
    assert_type(client.samples.follow("/x"), Sample)
    with client.samples.log() as numbers:
        reveal_type(numbers)  # R: Stream[int]
    client.samples.list("a/b", {}, since=1.5)  # E1 the wire's form, not the type's
    client.samples.list(["a", "b"], {}, since=now)  # E2 no list is declared
    client.samples.form("PT1S")  # E3 the wire's form
    Sample(at=now, value="1.5")  # E4 the wire's form
    Verb("GET", body="yes")  # E5 wrong type of a setting
    EventStream(formats="jsonl")  # E6 not a tuple


async def async_use(client: AsyncApiClient, now: datetime) -> None:
    reveal_type(await client.samples.list("a", {}, since=now))  # R: Sample
    assert_type(await client.samples.follow("/x"), Sample)
    async with client.samples.log() as numbers:
        assert_type([number async for number in numbers], list[int])
    client.samples.follow("/x").at  # E7 not awaited
    await client.samples.follow(5)  # E8 an address is text
    Query(lists=True)  # E9 wrong type of a setting
    Codec(int)  # E10 a codec writes too
