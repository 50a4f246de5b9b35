"""Link fields (RFC 8288), and single members of a reply."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest

from gemel.kit.http.links import linked
from gemel.kit.http.messages import Headers, Response
from gemel.kit.paging.members import member_reader
from gemel.kit.paging.position import hide, reveal


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        (['</a>; rel="next"'], "/a"),
        (["</a>;rel=next"], "/a"),
        (['</a> ; REL = "NEXT"'], "/a"),
        (['</a>; rel="prev", </b>; rel="next"'], "/b"),
        (['</a>; rel="prev"', '</b>; rel="next"'], "/b"),
        (['</a>; rel="last next"'], "/a"),
        (['</a>; title="rel=next, </x>; rel=next", </b>; rel=next'], "/b"),
        (['</a>; title="\\"; rel=next", </b>; rel=next'], "/b"),
        (["</a?b=1,2;c>; rel=next"], "/a?b=1,2;c"),
        (["</a>; rel=prev; rel=next, </b>; rel=next"], "/b"),
        (['</a>; rel=next; anchor="/other", </b>; rel=next'], "/b"),
        ([" , ,</a>; flag; rel=next,"], "/a"),
        (["<>; rel=next"], ""),
        (["</a>; rel=nextpage"], None),
        (["</a>"], None),
        (["</a"], None),
        (["rel=next"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_target_of_a_relation(fields: list[str], target: str | None) -> None:
    assert linked(fields, "next") == target


@pytest.mark.parametrize("text", ["</a>;" + " " * 50_000, "</a>" + ';a="' * 20_000, "," * 50_000, "<" * 50_000])
def test_long_nonsense_takes_no_time(text: str) -> None:
    assert linked([text], "next") is None


@pytest.mark.parametrize(
    ("document", "values"),
    [
        ({"total": 3, "meta": {"next": "c"}}, {"total": 3, "meta.next": "c"}),
        ({"total": None, "meta": {"next": 0}}, {"meta.next": 0}),
        ({"meta": None}, {}),
        ({"meta": "text", "total": [1]}, {"total": [1]}),
        ([1, 2], {}),
        ("text", {}),
    ],
)
def test_members_beside_the_items(document: Any, values: dict[str, Any]) -> None:
    read = member_reader("items", ["total", "meta.next"])
    assert read(replied(json.dumps(document).encode())).values == values
    assert read(replied(json.dumps(document).encode("utf-16"))).values == values


def replied(body: bytes) -> Response:
    return Response(200, Headers({"Content-Type": "application/json"}), body, "http://h/")


def test_the_items_as_bytes() -> None:
    read = member_reader("items", ["total"])
    assert read(replied(b'{"total": 3, "items": [1,  2]}')).listed == b"[1,  2]"
    assert read(replied(b'{"total": 3}')).listed == b""
    assert read(replied(b"not json")).listed == b""
    assert member_reader(None, [])(replied(b"[1]")).listed == b"[1]"


@pytest.mark.parametrize(
    "secrets", [("s/ecret",), ("secret-one", "secret-one-more"), ("0000", "1111"), ("abc", "{0}x")]
)
def test_secrets_are_hidden_and_put_back(secrets: tuple[str, ...]) -> None:
    address = "http://host/x?" + "&".join(f"key={quote(secret, safe='')}" for secret in secrets) + "&from=0&to=1"
    hidden = hide(address, secrets)
    assert unquote(reveal(hidden, secrets)) == unquote(address)
    assert not [secret for secret in secrets if len(secret) >= 4 and quote(secret, safe="") in hidden]


def test_a_hidden_secret_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="needs a secret argument"):
        reveal("http://host/{1}", ("only one",))
