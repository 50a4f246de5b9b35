"""Addresses: whoever names one, both clients send the same bytes, or it is refused when the client is made."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import requests

from gemel.kit.errors import InvalidArgument
from gemel.kit.http.address import referred_address
from gemel.kit.http.encoding import Refused
from gemel.kit.policies.credentials import Bearer
from gemel.kit.transport.environment import Network

from .authority import Authority
from .lists import AsyncWarehouseClient, WarehouseClient, items
from .pair import Pair
from .shop import ASYNC, SYNC, AsyncShopClient, Mode, ShopClient
from .test_network import tunnel
from .wire import Wire, cut, reply

LEAF = reply({"leaf": 1})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def utf8(text: str) -> str:
    """What a header field must hold for these letters to go out in UTF-8: the test server writes Latin-1."""
    return text.encode().decode("latin-1")


def raw(endpoint: str, step: Any = tree, **settings: Any) -> bytes:
    """What a call sends, the same from both clients."""
    with Wire(LEAF) as wire:
        with Pair(endpoint.format(host=wire.host, port=wire.port), ShopClient, AsyncShopClient, **settings) as pair:
            assert [type(each).__name__ for each in pair.outcomes(step)] == ["Tree", "Tree"]
        blocking, awaited = (each.raw for each in wire.seen)
    assert blocking == awaited
    return blocking.replace(wire.host.encode(), b"HOST")


FORMS = [
    ("http://{host}", "/api/tree"),
    ("  http://{host}/\n", "/api/tree"),
    ("HTTP://{host}", "/api/tree"),
    ("http://{host}/v1//", "/v1/api/tree"),
    ("http://{host}/a b/\u00e9", "/a%20b/%C3%A9/api/tree"),
    ("http://{host}/a%20b/%c3%a9", "/a%20b/%c3%a9/api/tree"),
    ("http://{host}/a'(b)[c]\"<>", "/a'(b)%5Bc%5D%22%3C%3E/api/tree"),
    ("http://LOCALHOST:{port}", "/api/tree"),
    ("http://127.0.0.1:0{port}", "/api/tree"),
    ("http://{host}/a/../b/./c", "/b/c/api/tree"),
    ("http://{host}/../../b/..", "/api/tree"),
    ("http://{host}/a//..//b/...", "/a//b/.../api/tree"),
    ("http://{host}/a/%2e%2e/b", "/a/%2e%2e/b/api/tree"),
    ("http://{host}/%/%zz/%c3%A9", "/%/%zz/%c3%A9/api/tree"),
    ("http://{host}/a\\b;c=d|e/\u2028", "/a%5Cb;c=d%7Ce/%E2%80%A8/api/tree"),
    ("http://@{host}//evil.example/", "//evil.example/api/tree"),
]


@pytest.mark.parametrize(("endpoint", "target"), FORMS)
def test_an_endpoint_is_made_right(endpoint: str, target: str) -> None:
    sent = raw(endpoint).decode("ascii")
    assert sent.startswith(f"GET {target} HTTP/1.1\r\n")
    assert "Host: HOST\r\n" in sent or "Host: localhost:" in sent


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example:8080", "xn--bcher-kva.example:8080"),
        ("\uff45xample\u3002com", "example.com"),
        ("fa\u00df.example", "xn--fa-hia.example"),
        ("my_host.example", "my_host.example"),
        ("[::1]:81", "[::1]:81"),
        ("[0:0::0:1]", "[::1]"),
        ("shop.example:", "shop.example"),
        ("shop.example.", "shop.example"),
        ("shop.example.:8080", "shop.example:8080"),
        ("[::ffff:1.2.3.4]", "[::ffff:102:304]"),
        ("\u200bsh\u00adop.example", "shop.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_written_as_the_network_wants_it(host: str, sent: str) -> None:
    with Wire(LEAF) as proxy:
        for mode in (SYNC, ASYNC):
            mode.run(f"http://{host}/v1", tree, proxy=proxy.url)
    named = f"{sent}." if host.endswith(".") else sent.replace(":", ".:") if ".:" in host else sent
    assert proxy.targets == [f"http://{named}/v1/api/tree"] * 2
    assert [each.headers["host"] for each in proxy.seen] == [sent] * 2


@pytest.mark.parametrize("tls", [False, True], ids=["forwarded", "by a tunnel"])
def test_a_proxy_changes_nothing_of_what_is_sent(authority: Authority, tls: bool) -> None:
    """urllib3 would encode the target once more: `%c3` as `%C3`, `%zz` as `%25zz`, and a signature would fail."""
    path = "/a/%2d/%c3%A9/%zz/;p=1/b%2Fc?q=%c3&e=%&f=[1]"

    def step(shop: Any) -> Any:
        return shop.request("GET", path.replace("[1]", "%5B1%5D"))

    with Wire(LEAF, tls=authority.serving("shop.example") if tls else None) as wire:
        if tls:
            with Wire(lambda connection, stopped: tunnel(connection, stopped, wire.port)) as proxy:
                settings = {"proxy": proxy.url, "verify": authority.file}
                with Pair("https://shop.example", ShopClient, AsyncShopClient, **settings) as pair:
                    assert not [each for each in pair.outcomes(step) if isinstance(each, Exception)]
            assert [each.target for each in proxy.seen] == ["shop.example:443"] * 2
        else:
            with Pair(
                "http://shop.example", ShopClient, AsyncShopClient, proxy=wire.url.replace("//", "//u:p@")
            ) as pair:
                assert not [each for each in pair.outcomes(step) if isinstance(each, Exception)]
            assert {each.headers["proxy-authorization"] for each in wire.seen} == {"Basic dTpw"}
    whole = "" if tls else "http://shop.example"
    assert wire.targets == [whole + "/a/%2d/%c3%A9/%zz/;p=1/b%2Fc?q=%c3&e=%&f=%5B1%5D"] * 2
    first, second = ([field for field in each.fields if field[0] != "Proxy-Authorization"] for each in wire.seen)
    assert first == second


def test_a_connection_to_a_proxy_is_used_again_and_made_anew(mode: Mode, authority: Authority) -> None:
    with Wire(LEAF, LEAF, cut(), LEAF) as proxy:
        mode.run("http://shop.example", tree, tree, proxy=proxy.url)
        assert proxy.connections == 1
        assert mode.fails("http://shop.example", tree, proxy=proxy.url).sent
        assert mode.run("http://shop.example", tree, proxy=proxy.url).leaf == 1
    with Wire(LEAF, tls=authority.serving("shop.example")) as wire:
        with Wire(lambda connection, stopped: tunnel(connection, stopped, wire.port)) as proxy:
            mode.run("https://shop.example", tree, tree, proxy=proxy.url, verify=authority.file)
            assert (proxy.connections, wire.connections, len(wire.seen)) == (1, 1, 2)


NO_ENDPOINTS = [
    "https://h/?",
    "https://h/api?",
    "https://h/api?a=1",
    "https://h/#",
    "https://h/api#a",
    "https://h:0",
    "https://h:65536",
    "https://h:http",
    "https://h:-1",
    "https://a..b",
    "https://-a",
    "https://exa mple",
    "https://h\n.evil",
    "https://h/a\x00",
    "https://[::1",
    "https://[::g]",
    "https://h\\@evil",
    "https://%41",
    "https://" + "a" * 64,
    "https://\u2100.com",
    "https://\U0001f4a9.la",
    "https://[v1.a]",
    "https://[::1]evil",
    "https://[::1]evil:8080",
    "https://a[::1]",
    "https://[]",
    "https://[1.2.3.4]",
    "https://[fe80::1%25eth0]",
    "https://[fe80::1%eth0]",
    "https://h:+80",
    "https://h:\uff18\uff10",
    "https://h..",
    "https://h%00",
    "https://*.h",
    "https://h,g",
    "http:\\\\h",
    "https:/h",
    "https:h",
    "ws://h",
    None,
    b"https://h",
    5,
]


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
def test_an_endpoint_that_cannot_work_is_refused_when_the_client_is_made(mode: Mode, endpoint: Any) -> None:
    with pytest.raises(ValueError, match=r"^endpoint: "):
        mode.client(endpoint)


@pytest.mark.parametrize("scheme", ["HTTPS", "hTTps", " https"])
def test_tls_is_as_the_settings_say_however_the_scheme_is_written(
    mode: Mode, authority: Authority, scheme: str
) -> None:
    with Wire(LEAF, tls=authority.serving(asks=True)) as wire:
        settings = {"verify": authority.file, "certificate": authority.client}
        assert mode.run(f"{scheme}://{wire.host}", tree, **settings).leaf == 1
        assert "certificate" in str(mode.fails(f"{scheme}://{wire.host}", tree, certificate=authority.client))


def to(location: str, status: int = 302) -> bytes:
    return reply(b"", status, {"Location": location})


LOCATIONS = [
    (utf8("/caf\u00e9"), "/caf%C3%A9"),
    (utf8("/caf\u00e9?q=\u65e5 \u672c#teil"), "/caf%C3%A9?q=%E6%97%A5%20%E6%9C%AC"),
    ("/caf\u00e9", "/caf%E9"),
    ("/caf%C3%A9", "/caf%C3%A9"),
    ("/caf%c3%a9", "/caf%c3%a9"),
    ("/100%", "/100%"),
    ("/a[1]?b[c]=d", "/a[1]?b[c]=d"),
    ("/a?b=http://c/d?e", "/a?b=http://c/d?e"),
    ("HTTP://{host}/a", "/a"),
    ("HTTP://{host}", "/"),
    ("//{host}/a", "/a"),
    ("/a\\b|c^`{{}}", "/a%5Cb%7Cc%5E%60%7B%7D"),
    ("/\\{host}/a", "/%5C{host}/a"),
    ("http://{host}/a/../b/.", "/b/"),
    ("//{host}/../b", "/b"),
    ("/a\tb\x01c", "/a%09b%01c"),
    ("../b", "/b"),
    ("?q=a b", "/api/tree?q=a%20b"),
    ("/a%00b?c=%20+", "/a%00b?c=%20+"),
]


@pytest.mark.parametrize(("location", "target"), LOCATIONS)
def test_a_location_is_followed_to_what_it_names(mode: Mode, location: str, target: str) -> None:
    if mode.is_async and sys.flags.dev_mode and "\x01" in location:
        pytest.skip("aiohttp refuses control characters in a header while Python is in development mode")
    with Wire() as wire:
        wire.script = [to(location.format(host=wire.host)), LEAF]
        assert mode.run(wire.url, tree, follow_redirects=True).leaf == 1
    assert wire.last.target == target.format(host=wire.host)


def test_a_location_with_its_scheme_in_capitals_is_tls_as_the_settings_say(mode: Mode, authority: Authority) -> None:
    with Wire(LEAF, tls=authority.serving()) as other, Wire(to(f"HTTPS://{other.host}/a")) as wire:
        assert mode.run(wire.url, tree, follow_redirects=True, verify=authority.file).leaf == 1


@pytest.mark.parametrize("host", ["a..b", "h\\x", "%41", "h:0", "h:99999", "[::1]x", "[v1.a]", "[fe80::1%25lo]", "u@h"])
def test_a_location_that_is_no_address_is_told_as_what_it_is(mode: Mode, host: str) -> None:
    with Wire(to(f"http://{host}/a")) as wire:
        assert mode.fails(wire.url, tree, follow_redirects=True).status == 302
    assert len(wire.seen) == 1


def pages(name: str, address: str) -> Any:
    """A list of two pages, the second at this address."""

    def answer(request: Any) -> bytes:
        if "page=2" in request.target:
            return reply({"items": items(3, 4)} if name == "next" else items(3, 4))
        if name == "next":
            return reply({"items": items(0, 3), "links": {"next": address}})
        return reply(items(0, 3), headers={"Link": f'<{address}>; rel="next"'})

    return answer


@pytest.mark.parametrize(
    ("name", "address", "target"),
    [
        ("link", utf8("/caf\u00e9?page=2"), "/caf%C3%A9?page=2"),
        ("link", "/caf%C3%A9?page=2", "/caf%C3%A9?page=2"),
        ("link", "?page=2&f[x]=\u00e9", "/link?page=2&f[x]=%E9"),
        ("next", "/caf\u00e9?page=2", "/caf%C3%A9?page=2"),
        ("next", "  /caf%C3%A9?page=2#x ", "/caf%C3%A9?page=2"),
    ],
)
def test_the_address_of_the_next_page(mode: Mode, name: str, address: str, target: str) -> None:
    with Wire(answer=pages(name, address)) as server:
        call = {"link": lambda client: client.things.by_link(), "next": lambda client: client.things.by_address()}[name]
        client = AsyncWarehouseClient if mode.is_async else WarehouseClient
        assert len(mode.run(server.url, lambda each: call(each).all(), client=client)) == 4
    assert server.seen[-1].target.partition("&limit")[0] == target


@pytest.mark.parametrize("reference", ["/a\nb", "http://[::1", "http://h:x", "mailto:a@b", "/\ud800"])
def test_what_no_reply_can_refer_to(reference: str) -> None:
    with pytest.raises(Refused):
        referred_address("http://h/", reference)


PATHS = [
    ("a b/\u00e9?q=\u00e9 [1]", "/a%20b/%C3%A9?q=%C3%A9%20%5B1%5D"),
    ("a?next=http://h/b", "/a?next=http://h/b"),
    ("HTTP://{host}/a", "/a"),
    (" http://{host}/a#b", "/a"),
    ("a#b", "/a%23b"),
]


@pytest.mark.parametrize(("path", "target"), PATHS)
def test_a_path_that_nothing_declares(mode: Mode, path: str, target: str) -> None:
    with Wire(LEAF) as wire:
        mode.run(wire.url, lambda shop: shop.request("GET", path.format(host=wire.host)))
    assert wire.last.target == target


@pytest.mark.parametrize(
    "path", ["http://u:p@{host}/a", "https://{host}/a", "http://other/a", "//other/a", "ftp://h/a"]
)
def test_a_path_that_leads_away_is_refused(mode: Mode, path: str) -> None:
    with Wire(LEAF) as wire:
        error = mode.fails(wire.url, lambda shop: shop.request("GET", path.format(host=wire.host)))
    assert type(error) is InvalidArgument
    assert not wire.seen and "u:p" not in str(error)


# Proxies

SOCKS = ["socks5://127.0.0.1:9", "socks5h://user:hunter2@127.0.0.1:9", "SOCKS4://127.0.0.1:9", "socks://127.0.0.1:9"]


@pytest.mark.parametrize("proxy", SOCKS)
def test_a_socks_proxy_is_refused_when_the_client_is_made(mode: Mode, proxy: str) -> None:
    with pytest.raises(ValueError, match=r"^proxy: expected an address like .*: SOCKS proxies cannot be used$"):
        mode.client("http://shop.example", proxy=proxy)


@pytest.mark.parametrize("proxy", [*SOCKS, "ftp://user:hunter2@h:9", "http://h:99999", "h:x", "http://u:hunter2@h/?a"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTP_PROXY", "all_proxy", "http_proxy"])
def test_a_proxy_of_the_environment_is_checked_too(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, proxy: str, variable: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(ValueError, match=f"^{variable.upper()}: expected an address like ") as raised:
        mode.client("http://shop.example")
    assert "hunter2" not in str(raised.value)
    mode.client("http://shop.example", trust_env=False)


@pytest.mark.parametrize(
    "environment",
    [
        {"ALL_PROXY": "socks5://h:9", "NO_PROXY": "127.0.0.0/8"},
        {"HTTPS_PROXY": "socks5://h:9"},
        {"FTP_PROXY": "ftp://h:9"},
        {"NO_PROXY": "x"},
    ],
)
def test_a_proxy_that_the_client_does_not_need_is_not_in_its_way(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Wire(LEAF) as wire:
        assert mode.run(wire.url, tree).leaf == 1


def test_a_redirect_to_where_a_proxy_cannot_be_used(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hunter2@h:9")
    with Wire(to("https://other.example/a")) as wire:
        error = mode.fails(wire.url, tree, follow_redirects=True)
    assert "HTTPS_PROXY: expected an address" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("form", ["http://{host}/", "HTTP://{host}", " {host} ", "http://{host}/ignored"])
def test_the_proxy_of_the_environment_however_it_is_written(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    with Wire(LEAF) as proxy:
        monkeypatch.setenv("HTTP_PROXY", form.format(host=proxy.host))
        assert mode.run("http://shop.example", tree, credential=Bearer("t")).leaf == 1
    assert proxy.targets == ["http://shop.example/api/tree"]


DIRECT = [
    ("*", "http://h.example", True),
    ("127.0.0.0/8", "http://127.1.2.3:80", True),
    ("127.0.0.0/8", "http://128.1.2.3", False),
    ("10.0.0.1", "http://10.0.0.1:8080", True),
    ("10.0.0.1", "http://10.0.0.10", False),
    ("::1", "http://[::1]", True),
    ("::1", "http://[::1]:8080", True),
    ("::1", "http://[::2]", False),
    ("example.org", "http://example.org", True),
    ("example.org", "http://EXAMPLE.org", True),
    ("EXAMPLE.org", "http://a.b.example.org", True),
    (".example.org", "http://a.example.org", True),
    ("example.org", "http://example.com", False),
    ("example.org:8080", "http://example.org:8080", True),
    ("example.org:8080", "http://example.org", False),
    (" example.com , example.org ", "http://example.org", True),
    ("", "http://example.org", False),
    (",", "http://example.org", False),
    ("127.0.0.0/8", "http://localhost", False),
    ("300.0.0.0/8", "http://127.0.0.1", False),
    ("1.0.0.0/99", "http://1.0.0.1", False),
]

BETTER = [
    ("a, *", "http://h.example", True),
    ("10.0.0.1:8080", "http://10.0.0.1:8080", True),
    ("10.0.0.1:8080", "http://10.0.0.1:81", False),
    ("[::1]", "http://[::1]:8080", True),
    ("[::1]:8080", "http://[::1]:8080", True),
    ("[::1]:8080", "http://[::1]:81", False),
    ("fe80::/10", "http://[fe80::1]", True),
    (".example.org", "http://example.org", True),
    ("example.org", "http://notexample.org", False),
    ("example.org:443", "https://example.org", True),
    ("example.org", "http://example.org.", True),
]


@pytest.mark.parametrize(("names", "url", "direct"), [*DIRECT, *BETTER])
def test_no_proxy_is_read_as_people_write_it(
    monkeypatch: pytest.MonkeyPatch, names: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", names)
    found = Network.of().proxy_for(url)
    assert found == (None if direct else "http://proxy.example:3128")


@pytest.mark.parametrize(("names", "url", "direct"), DIRECT)
def test_no_proxy_is_read_as_requests_reads_it(
    monkeypatch: pytest.MonkeyPatch, names: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", names)
    assert bool(requests.utils.should_bypass_proxies(url, None)) is direct


def test_no_proxy_is_read_when_the_client_is_made(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    network = Network.of()
    monkeypatch.setenv("NO_PROXY", "")
    assert network.proxy_for("http://127.0.0.1:80/") is None


SECRETLY = [
    "https://h/?token=hunter2",
    "https://h#hunter2",
    "https://u:hunter2@h:x",
    "u:hunter2@h",
    "u:hun?ter2@h",
    "https://h/?a=hun@ter2",
    "u@hunter2:hunter2@h",
    " https://h?hunter2",
]


@pytest.mark.parametrize("text", SECRETLY)
def test_an_endpoint_that_cannot_be_is_told_without_what_may_be_secret_in_it(mode: Mode, text: str) -> None:
    with pytest.raises(ValueError, match=r"^endpoint: ") as raised:
        mode.run(text, tree)
    assert "ter2" not in str(raised.value)
