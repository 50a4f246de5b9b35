"""Exchange: one recorded request with its reply, one JSON document on a line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.kit.http.redaction import MASK
from gemel.kit.types import JSONObject, is_array, is_object
from gemel.testing.bodies import Kept
from gemel.testing.calls import query_of

__all__ = ["SERVER", "Exchange", "fits", "read_exchanges", "write_exchanges"]

SERVER = "{server}"
"""The text that stands for the address of the server in a recording."""

_HEAD = {"gemel": "exchanges", "version": 1}

Pairs = list[list[str]]


@dataclass(frozen=True)
class Exchange:
    """One request and its reply; `***` in a request was masked, and matches anything.

    Attributes:
        method: The verb.
        path: The path, still encoded.
        query: The query parameters, decoded.
        headers: The header fields of the request.
        body: The body of the request.
        status: The status of the reply.
        reply_headers: The header fields of the reply.
        reply: The body of the reply.
    """

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: Kept
    status: int
    reply_headers: Pairs
    reply: Kept

    def differences(self, method: str, path: str, query: str, body: Kept) -> list[str] | None:
        """Return the parts in which a request differs, None when it is for another path."""
        if method != self.method or not fits(self.path, path):
            return None
        mine, theirs = _grouped(self.query), {name: _listed(value) for name, value in query_of(query).items()}
        names = [name for name in {**mine, **theirs} if not fits(mine.get(name), theirs.get(name))]
        parts = [f"the query parameter {name!r}" for name in names]
        return parts if fits(self.body, body) else [*parts, "the body"]

    def as_line(self) -> str:
        """Return the exchange as a line of a recording."""
        request: JSONObject = {"method": self.method, "path": self.path, "query": self.query}
        request |= {"headers": self.headers, "body": self.body}
        reply: JSONObject = {"status": self.status, "headers": self.reply_headers, "body": self.reply}
        return json.dumps({"request": request, "reply": reply}, ensure_ascii=False)

    @classmethod
    def of_line(cls, line: str) -> Exchange:
        """Parse a line of a recording; raises ValueError, KeyError or TypeError for any other line."""
        document = json.loads(line)
        request, reply = document["request"], document["reply"]
        asked = (request["method"], request["path"], request["query"], request["headers"], request["body"])
        return cls(*asked, reply["status"], reply["headers"], reply["body"])


def write_exchanges(path: str | os.PathLike[str], exchanges: Iterable[Exchange]) -> None:
    """Write a recording; a missing folder is created."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(_HEAD), *(exchange.as_line() for exchange in exchanges)]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogatepass")


def read_exchanges(path: str | os.PathLike[str]) -> list[Exchange]:
    """Read a recording; raises ValueError naming the line for any other file, OSError for a missing one."""
    head, *lines = Path(path).read_text(encoding="utf-8", errors="surrogatepass").splitlines() or [""]
    if head != json.dumps(_HEAD):
        raise ValueError(f"{os.fspath(path)}: it is not a recording: its first line is not {json.dumps(_HEAD)}")
    exchanges = list[Exchange]()
    for number, line in enumerate(lines, 2):
        try:
            exchanges.append(Exchange.of_line(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{os.fspath(path)}: line {number} is not an exchange: {error!r}") from None
    return exchanges


def fits(recorded: Any, actual: Any) -> bool:
    """Say whether a value equals the recorded one, in which masked parts match anything."""
    if isinstance(recorded, str) and MASK in recorded:
        pattern = ".*".join(map(re.escape, recorded.split(MASK)))
        return recorded == MASK or (isinstance(actual, str) and re.fullmatch(pattern, actual, re.DOTALL) is not None)
    if is_object(recorded) and is_object(actual):
        return _fit_members(recorded, actual)
    if is_array(recorded) and is_array(actual):
        return len(recorded) == len(actual) and all(map(fits, recorded, actual))
    return bool(recorded == actual) and isinstance(recorded, bool) == isinstance(actual, bool)


def _fit_members(recorded: dict[str, Any], actual: dict[str, Any]) -> bool:
    return recorded.keys() == actual.keys() and all(fits(value, actual[name]) for name, value in recorded.items())


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
