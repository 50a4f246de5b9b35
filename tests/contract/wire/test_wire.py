"""Both SDKs send, byte for byte, what they sent when it was recorded.

Some hundred cases an SDK and mode go over real sockets to a server that keeps what it gets: every declared endpoint and
flow with the least, with all and with some of its arguments, among them hostile texts, empty ones and None; options,
undeclared requests, settings of a client, credentials, redirects and repeats. The arguments follow from the annotations
(`values.py`), so that a new endpoint or argument is a new case. What is replaced before comparing stands in `text_of`.

When a test here fails and the difference is meant, or when there is a new endpoint: record anew, in the folder `tests`,

    python -m contract.wire

with the gemel that is to be recorded on the path. It writes `infisical.jsonl.gz` and `julep.jsonl.gz` beside this file
and prints each request that differs from the last recording: read them, for the files themselves are packed (`zcat`
shows them, one request a line).
"""

from __future__ import annotations

import pytest

from .cases import endpoints, flows
from .lines import AGENT, Line, differences, load, text_of
from .play import played
from .recorded import SDKS, file_of

RAW = (
    b"POST /api/v4/secrets/a%20b?path=%2F HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: application/json\r\n"
    b"Accept-Encoding: gzip, deflate\r\n" + AGENT.encode() + b"Authorization: Bearer t\r\nContent-Length: 22\r\n\r\n"
    b'{"name":"gr\xc3\xbcn \xff \x00"}'
)


@pytest.mark.parametrize("name", SDKS)
def test_what_is_sent_is_what_was_recorded(name: str) -> None:
    found = differences(load(file_of(name)), played(SDKS[name]))
    assert not found, "\n".join([f"{len(found)} requests differ", *found[:20]])


@pytest.mark.parametrize("name", SDKS)
def test_every_endpoint_and_flow_is_recorded_in_both_modes(name: str) -> None:
    sdk, recorded = SDKS[name], load(file_of(name))
    with sdk.blocking(**sdk.settings("http://127.0.0.1:1")) as client:
        expected = {*endpoints(client), *flows(client, endpoints(client))}
    for mode in ("sync", "async"):
        lines = [line for line in recorded if line.mode == mode]
        assert len(lines) >= 300
        assert expected <= {line.case.partition(":")[0] for line in lines}


def test_a_single_changed_byte_is_seen() -> None:
    """Wherever in a request it is: the words that stand for what changes take nothing else's place."""
    kept = Line("one", "sync", text_of(RAW, 8080))
    assert "{port}" in kept.request and "{python}" in kept.request
    for place in range(len(RAW)):
        changed = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
        (found,) = differences([kept], [kept._replace(request=text_of(changed, 8080))])
        assert found.startswith("sync one, request 1: at character ")


@pytest.mark.parametrize("name", SDKS)
def test_a_changed_line_is_seen_among_all(name: str) -> None:
    recorded = load(file_of(name))
    assert differences(recorded, recorded) == []
    for number in range(0, len(recorded), 101):
        line, before, after = recorded[number], recorded[:number], recorded[number + 1 :]
        end = line._replace(request=line.request[:-1] + chr(ord(line.request[-1]) ^ 1))
        for sent in ([*before, end, *after], [*before, *after], [*before, line, line, *after]):
            (found,) = differences(recorded, sent)[:1]
            assert found.startswith(f"{line.mode} {line.case}, request ")


def test_requests_in_another_order_are_seen() -> None:
    first, second = Line("one", "sync", "GET /a"), Line("one", "sync", "GET /b")
    assert len(differences([first, second], [second, first])) == 2
    assert differences([first], [first._replace(mode="async")]) == [
        "sync one, request 1: it is not sent: 'GET /a'",
        "async one, request 1: it is not recorded: 'GET /a'",
    ]
