"""The rows of the table: what is timed, in which unit, and what gemel has promised for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Budget:
    """gemel's figure divided by that of `peer` stays under (or, for `at least`, over) `limit`."""

    kind: Literal["must", "aims"]
    sense: Literal["at most", "at least"]
    limit: float
    peer: str

    def reached(self, ratio: float) -> bool:
        return ratio <= self.limit if self.sense == "at most" else ratio >= self.limit


@dataclass(frozen=True)
class Row:
    """One kind of work; a figure times `scale` is in `unit`, and `best` picks the figure among those of all rounds."""

    key: str
    work: str
    unit: str
    scale: float
    budgets: tuple[Budget, ...] = ()
    best: Callable[[Iterable[float]], float] = min


def must(limit: float, peer: str, sense: Literal["at most", "at least"] = "at most") -> Budget:
    return Budget("must", sense, limit, peer)


def aims(limit: float, peer: str, sense: Literal["at most", "at least"] = "at most") -> Budget:
    return Budget("aims", sense, limit, peer)


INFISICAL_ROWS = (
    Row("get", "one GET, sync", "us", 1e6, (must(1.0, "prepared"), aims(0.5, "httpx-sdk"))),
    Row("aget", "one GET, async", "us", 1e6, (must(1.3, "aiohttp"), aims(1.15, "aiohttp"))),
    Row(
        "flight",
        "GETs at 50 in flight",
        "/s",
        1,
        (must(0.70, "aiohttp", "at least"), aims(0.80, "aiohttp", "at least")),
        best=max,
    ),
    Row("all", "1,000 secrets, sync", "ms", 1e3),
    Row("aall", "1,000 secrets, async", "ms", 1e3),
    Row("decode", "1,000 secrets, decode only", "ms", 1e3, (must(0.40, "json.loads"), aims(0.35, "json.loads"))),
    Row("first", "process start to secret, sync", "ms", 1e3, (must(1.0, "httpx-sdk"), aims(0.5, "httpx-sdk"))),
    Row("afirst", "process start to secret, async", "ms", 1e3),
    Row("ready", "import and make client, sync", "ms", 1e3),
    Row("aready", "import and make client, async", "ms", 1e3),
    Row("peak", "peak memory of that, sync", "MB", 1e-6),
    Row("apeak", "peak memory of that, async", "MB", 1e-6),
)
BINDING_ROWS = (Row("bind", "binding a GET, 8 arguments", "us", 1e6, (must(1.1, "no uplink"), aims(1.0, "no uplink"))),)
JULEP_ROWS = (
    Row("jget", "one agent, sync", "us", 1e6),
    Row("jaget", "one agent, async", "us", 1e6),
    Row("jlist", "100 agents, sync", "us", 1e6),
    Row("jalist", "100 agents, async", "us", 1e6),
    Row("jstream", "a stream of 2,000 chunks, sync", "ms", 1e3),
    Row("jastream", "a stream of 2,000 chunks, async", "ms", 1e3),
    Row("jchats", "50 chats at once, in threads", "/s", 1, best=max),
    Row("jachats", "50 chats at once, async", "/s", 1, best=max),
)
