"""Recorded requests, a line each, and how they differ from those that are sent now."""

from __future__ import annotations

import gzip
import json
import platform
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import gemel

AGENT = f"User-Agent: gemel/{gemel.__version__} python/{platform.python_version()}\r\n"
# aiohttp adds it, at the end, where gemel says nothing: with "br" and "zstd" where the machine has a decoder of them.
FURTHER_CODINGS = re.compile(r"(Accept-Encoding: gzip, deflate)(?:, (?:br|zstd))+(?=\r\n\r\n)")


class Line(NamedTuple):
    """One request: of which case, in which mode, and its bytes as text."""

    case: str
    mode: str
    request: str


def text_of(raw: bytes, port: int) -> str:
    """The bytes of a request as text, without what each run, machine and version has another of.

    Words stand for the recorder's port and, in the User-Agent of gemel, for the versions of gemel and of Python; the
    codings that aiohttp adds are cut to those that it always has. Nothing else is changed, and what is no UTF-8 is kept
    (PEP 383).
    """
    text = raw.decode("utf-8", "surrogateescape")
    for host in ("127.0.0.1", "localhost"):
        text = text.replace(f"{host}:{port}", f"{host}:{{port}}")
    text = text.replace(AGENT, "User-Agent: gemel/{version} python/{python}\r\n", 1)
    return FURTHER_CODINGS.sub(r"\1", text, count=1)


def load(file: Path) -> list[Line]:
    """The lines of a packed file of JSON objects."""
    with gzip.open(file, "rt", encoding="ascii") as lines:
        return [Line(**json.loads(line)) for line in lines]


def save(file: Path, lines: Iterable[Line]) -> None:
    """Write the lines as JSON objects in ASCII, packed; the same lines make the same file."""
    text = "".join(json.dumps(line._asdict()) + "\n" for line in lines)
    file.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))


def differences(recorded: Sequence[Line], sent: Sequence[Line]) -> list[str]:
    """What was sent otherwise than it was recorded, a sentence for each request; empty when nothing was."""
    known, present = _by_case(recorded), _by_case(sent)
    return [
        f"{mode} {case}, request {number}: {_difference(*pair)}"
        for mode, case in dict.fromkeys([*known, *present])
        for number, pair in enumerate(
            zip_longest(known.get((mode, case), ()), present.get((mode, case), ()), fillvalue=None), 1
        )
        if pair[0] != pair[1]
    ]


def _by_case(lines: Sequence[Line]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        found.setdefault((line.mode, line.case), []).append(line.request)
    return found


def _difference(recorded: str | None, sent: str | None) -> str:
    if recorded is None or sent is None:
        return f"it is not recorded: {sent!r:.300}" if recorded is None else f"it is not sent: {recorded!r:.300}"
    pairs = enumerate(zip_longest(recorded, sent, fillvalue=""))
    place = next(number for number, (one, other) in pairs if one != other)
    start, end = max(0, place - 40), place + 40
    return f"at character {place} it was {recorded[start:end]!r}, it is {sent[start:end]!r}"
