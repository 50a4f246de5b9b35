"""HTTP Digest: answers that a server works out for itself, and a password that is never sent or shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from gemel.kit.errors import AuthenticationError, CredentialsError
from gemel.kit.http.messages import Headers, Request
from gemel.kit.policies.digest import Digest, _Answering, _challenges, _Hidden

from .shop import Mode
from .wire import Seen, Wire, reply

PASSWORD = 'pass "w\\ord" é'
HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def fields(seen: Seen) -> dict[str, str]:
    scheme, _, rest = seen.headers.get("authorization", "").partition(" ")
    assert scheme == "Digest"
    found = re.findall(r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))', rest)
    return {name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in found}


class Guard:
    """A server that challenges, and lets those in whose answer it has worked out too; each nonce once counted up."""

    def __init__(
        self, algorithm: str = "", qop: str = "auth", user: str = "me", realm: str = 'a "realm", x', more: str = ""
    ) -> None:
        self.algorithm, self.qop, self.user, self.more = algorithm, qop, user, more
        self.realm = 'a "realm", x'
        self.nonces, self.counts = 1, list[str]()

    @property
    def nonce(self) -> str:
        return f"nonce, {self.nonces}"

    def challenge(self) -> bytes:
        quoted = self.realm.replace('"', '\\"')
        said = [f'realm="{quoted}"', f'nonce="{self.nonce}"', 'opaque="o=1, Basic"']
        said += [f"algorithm={self.algorithm}"] if self.algorithm else []
        said += [f'qop="{self.qop}"'] if self.qop else []
        return reply({}, 401, {"WWW-Authenticate": f"{self.more}Digest {', '.join(said)}"})

    def __call__(self, seen: Seen) -> bytes:
        if "authorization" not in seen.headers:
            return self.challenge()
        got = fields(seen)
        if got["nonce"] != self.nonce:
            return self.challenge()
        assert got["realm"] == self.realm and got["uri"] == seen.target and got["opaque"] == "o=1, Basic"
        assert got.get("algorithm", "") == self.algorithm
        return reply({"leaf": 1}) if got["response"] == self.proof(seen, got) else reply({}, 403)

    def proof(self, seen: Seen, got: dict[str, str]) -> str:
        name = self.algorithm or "MD5"
        make = HASHES[name.removesuffix("-sess")]
        hashed = lambda text: make(text.encode()).hexdigest()  # noqa: E731
        secret = hashed(f"{self.user}:{self.realm}:{PASSWORD}")
        if name.endswith("-sess"):
            secret = hashed(f"{secret}:{self.nonce}:{got['cnonce']}")
        asked = hashed(f"{seen.method}:{seen.target}")
        if not self.qop:
            assert "qop" not in got and "nc" not in got
            return hashed(f"{secret}:{self.nonce}:{asked}")
        self.counts.append(got["nc"])
        assert got["qop"] == "auth"
        return hashed(f"{secret}:{self.nonce}:{got['nc']}:{got['cnonce']}:auth:{asked}")


GUARDS: dict[str, Callable[[], Guard]] = {
    "md5, unsaid": lambda: Guard(),
    "md5": lambda: Guard("MD5"),
    "sha-256": lambda: Guard("SHA-256"),
    "sha-512-256": lambda: Guard("SHA-512-256"),
    "sessions": lambda: Guard("SHA-256-sess"),
    "the old form": lambda: Guard(qop=""),
    "several ways to protect": lambda: Guard("SHA-256", qop="auth-int, auth"),
    "beside another scheme": lambda: Guard("SHA-256", more='Basic realm="x, Digest y=1", '),
    "beside a token": lambda: Guard("SHA-256", more="Negotiate, "),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_challenge_is_answered_once_and_then_in_advance(mode: Mode, guard: str) -> None:
    desk = GUARDS[guard]()
    many = lambda shop: shop.request("GET", "x y", params={"a": "é"})  # noqa: E731
    with Wire(answer=desk) as wire:
        mode.run(wire.url, tree, tree, many, credential=Digest("me", PASSWORD))
    assert wire.targets == ["/api/tree", *["/api/tree"] * 2, "/x%20y?a=%C3%A9"]
    assert desk.counts == ([] if guard == "the old form" else ["00000001", "00000002", "00000003"])
    assert not [seen for seen in wire.seen if b"pass " in seen.raw]


def test_a_new_nonce_is_answered_anew(mode: Mode) -> None:
    desk = Guard("SHA-256")

    def renewed(shop: Any) -> Any:
        desk.nonces += 1
        return shop.albums.tree()

    with Wire(answer=desk) as wire:
        mode.run(wire.url, tree, renewed, credential=Digest("me", PASSWORD))
    assert len(wire.seen) == 4 and desk.counts == ["00000001", "00000001"]


def test_the_strongest_challenge_is_answered(mode: Mode) -> None:
    weak = 'Digest realm="r", nonce="n-1", qop="auth", algorithm=MD5'
    strong = 'Digest realm="r", nonce="n-2", qop="auth", algorithm=SHA-256'
    both = reply({}, 401, {"WWW-Authenticate": f"{weak}, {strong}"})
    answer = lambda seen: reply({"leaf": 1}) if "authorization" in seen.headers else both  # noqa: E731
    with Wire(answer=answer) as wire:
        mode.run(wire.url, tree, credential=Digest("me", PASSWORD))
    assert fields(wire.last)["algorithm"] == "SHA-256" and fields(wire.last)["nonce"] == "n-2"


EXAMPLES = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


@pytest.mark.parametrize("algorithm", EXAMPLES)
def test_the_answer_is_that_of_the_standard(algorithm: str) -> None:
    """The example of RFC 7616, section 3.9.1."""
    field = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=' + algorithm + ", "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    (challenge,) = _challenges(field)
    answering = _Answering("Mufasa", _Hidden("Circle of Life"))
    request = Request("GET", "http://www.example.org/dir/index.html", Headers())
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert answering._answer(request, challenge, "00000001", cnonce)[1] == EXAMPLES[algorithm]


def test_a_user_beyond_ascii_is_sent_in_the_extended_form(mode: Mode) -> None:
    with Wire(answer=Guard("SHA-256", user="mé")) as wire:
        mode.run(wire.url, tree, credential=Digest("mé", PASSWORD))
    assert "username*=UTF-8''m%C3%A9" in wire.last.headers["authorization"]


REFUSED = {
    "no challenge": {},
    "another scheme": {"WWW-Authenticate": 'Basic realm="r"'},
    "no nonce": {"WWW-Authenticate": 'Digest realm="r"'},
    "unknown hash": {"WWW-Authenticate": 'Digest realm="r", nonce="n", algorithm=SHA-1'},
    "the body too": {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth-int"'},
}


@pytest.mark.parametrize("row", REFUSED)
def test_what_cannot_be_answered_is_an_authentication_error(mode: Mode, row: str) -> None:
    with Wire(reply({}, 401, REFUSED[row])) as wire:
        error = mode.fails(wire.url, tree, credential=Digest("me", PASSWORD))
    assert type(error) is AuthenticationError and len(wire.seen) == 1


def test_a_wrong_password_is_told_after_one_answer(mode: Mode) -> None:
    with Wire(reply({}, 401, {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})) as wire:
        error = mode.fails(wire.url, tree, credential=Digest("me", PASSWORD))
    assert type(error) is AuthenticationError and len(wire.seen) == 2


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (("", "p"), CredentialsError, "the user is empty"),
        (("a:b", "p"), CredentialsError, "cannot hold a colon"),
        (("a", "p\n"), CredentialsError, "the password cannot hold control characters"),
        (("a", None), TypeError, "the password is text, got NoneType"),
        ((5, "p"), TypeError, "the user is text, got int"),
    ],
)
def test_what_cannot_be_proven_is_refused(given: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=f"Digest: .*{said}"):
        Digest(*given)


def test_no_proof_is_shown(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}

    def answer(seen: Seen) -> bytes:
        return reply(seen.raw + PASSWORD.encode(), 403) if b"Digest" in seen.raw else reply({}, 401, challenge)

    credential = Digest("me", PASSWORD)
    with Wire(answer=answer) as wire:
        error = mode.fails(wire.url, tree, credential=credential)
    proof = fields(wire.last)["response"]
    shown = [str(error), repr(vars(error)), repr(error.body), caplog.text, repr(credential), repr(vars(credential))]
    assert not [text for text in shown if proof in text or PASSWORD in text or "pass " in text]
