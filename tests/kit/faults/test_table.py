"""Every row of the fault table is tried out on both clients, and docs/faults.md says what came of it.

With GEMEL_WRITE_FAULTS=1 in the environment the page is written anew: `GEMEL_WRITE_FAULTS=1 pytest kit/faults`.
"""

from __future__ import annotations

import os

import pytest

from ..shop import ASYNC, SYNC, Mode
from .clocks import CLOCKS
from .crowds import CROWDS, KEPT_OPEN
from .forks import CAN_FORK
from .leaving import LEAVING
from .page import PAGE, tables, write, written
from .reaching import REACHING
from .replies import BODIES, CUT, HEADS, SLOW
from .rows import Outcome, Row
from .streaming import STREAMS

SECTIONS = {
    "The server cannot be reached": REACHING,
    "The server closes the connection": CUT,
    "The server is slow": SLOW,
    "Lengths, chunks, codings and sizes": BODIES,
    "Headers and statuses": HEADS,
    "What a server does to a connection that is kept": KEPT_OPEN,
    "Streams of events": STREAMS,
    "Many calls at once": CROWDS,
    "A clock jumps": CLOCKS,
    "The program breaks off, or forks": LEAVING,
}
TRIALS = [
    pytest.param(row, mode, id=f"{mode.name}-{row.does}")
    for rows in SECTIONS.values()
    for row in rows
    for mode in (SYNC, ASYNC)
    if row.expected(mode) is not None
]


def seen(row: Row, mode: Mode) -> Outcome | None:
    """What comes of a row in one mode."""
    return None if row.expected(mode) is None else row.play(mode)


@pytest.mark.parametrize(("row", "mode"), TRIALS)
def test_row(row: Row, mode: Mode) -> None:
    assert seen(row, mode) == row.expected(mode)


@pytest.mark.skipif(not CAN_FORK, reason="the page has the rows of a system that can fork")
def test_the_page_tells_what_was_seen() -> None:
    """What is seen of a row is what is expected of it, says `test_row`: only to write the page are they tried again."""
    anew = bool(os.environ.get("GEMEL_WRITE_FAULTS"))
    told = seen if anew else Row.expected
    came = {
        title: [(row.does, (told(row, SYNC), told(row, ASYNC))) for row in rows] for title, rows in SECTIONS.items()
    }
    text = tables(came)
    if anew:
        write(text)
    assert written() == text, f"{PAGE.name} is not what was seen; GEMEL_WRITE_FAULTS=1 writes it anew"
