"""HTTP Digest: a user and a password that are proven and never sent (RFC 7616)."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

from msgspec import Struct

from gemel.kit.errors import CredentialsError
from gemel.kit.flow.effects import Flow, discard
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import refuse_controls
from gemel.kit.policies.echoes import without_secrets
from gemel.kit.policies.places import Place
from gemel.kit.policies.signed import Sender, Sign
from gemel.kit.tracebacks import entry

__all__ = ["Digest"]

_HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha-256": hashlib.sha256,
    "sha-512-256": lambda data: hashlib.new("sha512_256", data),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
_STRENGTH = ("sha-512-256", "sha-256", "md5")
_PARAMETER = re.compile(r'\s*([A-Za-z0-9!#$%&\'*+\-.^_`|~]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z0-9!#$%&'*+\-.^_`|~]+)(?=\s+[^\s=,]+\s*=|\s*$|\s*,)")


class _Challenge(Struct, frozen=True):
    """What a server wants to be answered (RFC 7616, section 3.3)."""

    realm: str
    nonce: str
    algorithm: str
    session: bool
    opaque: str | None
    counted: bool
    named: str

    @property
    def hashed(self) -> Callable[[str], str]:
        """The hash of a text, in hexadecimal."""
        made = _HASHES[self.algorithm]
        return lambda text: made(text.encode()).hexdigest()


class Digest:
    """A user and a password, proven by HTTP Digest: SHA-256, SHA-512-256 or MD5, with qop "auth" or the old form.

    The first request of a client goes without it and brings the challenge; the ones after it answer in advance, until
    the server wants another answer.

    Args:
        user: The name.
        password: The password.

    Raises:
        CredentialsError: One of them cannot be sent.
        TypeError: One of them is no text.
    """

    @entry
    def __init__(self, user: str, password: str) -> None:
        for text, what in ((user, "user"), (password, "password")):
            if not isinstance(cast("object", text), str):
                raise TypeError(f"Digest: the {what} is text, got {type(text).__name__}")
            refuse_controls(text, what, "Digest")
        if not user:
            raise CredentialsError("Digest: the user is empty")
        if ":" in user:
            raise CredentialsError("Digest: the user cannot hold a colon (RFC 7616, section 3.4.2)")
        self._user = user
        self._password = _Hidden(password)
        self.places: tuple[Place, ...] = (Place("header", "Authorization", "Digest "),)

    def __repr__(self) -> str:
        return f"Digest({self._user!r}, {MASK})"

    @entry
    def signing(self, caller: Caller) -> Sign:
        """Return what answers the challenges to one client."""
        return _Answering(self._user, self._password).around


class _Hidden:
    """A text that shows itself to nobody."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return MASK


class _Answering:
    """The challenge of a server to one client, and the answers to it."""

    def __init__(self, user: str, password: _Hidden) -> None:
        self._user = user
        self._password = password
        self._guard = threading.Lock()
        self._challenge: _Challenge | None = None
        self._count = 0

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Send with an answer to the last challenge, and once more when there is a new one."""
        challenge = self._challenge
        response = yield from self._sent(request, challenge, send)
        if response.status != 401 or not request.replayable:
            return response
        found = _challenge_of(response)
        if found is None or (challenge is not None and found.nonce == challenge.nonce):
            return response
        with self._guard:
            self._challenge, self._count = found, 0
        discard(response)
        return (yield from self._sent(request, found, send))

    def _sent(self, request: Request, challenge: _Challenge | None, send: Sender) -> Flow[Response]:
        if challenge is None:
            return (yield from send(request))
        with self._guard:
            self._count += 1
            count = self._count
        answer, proof = self._answer(request, challenge, f"{count:08x}", os.urandom(16).hex())
        secrets = (self._password.value, proof)
        signed = request.with_headers({"Authorization": answer})
        signed = signed.with_context(secrets=(*request.context.secrets, *secrets))
        return without_secrets((yield from send(signed)), secrets)

    def _answer(self, request: Request, challenge: _Challenge, count: str, cnonce: str) -> tuple[str, str]:
        """Return the Authorization field, and the proof in it (RFC 7616, section 3.4)."""
        hashed = challenge.hashed
        uri = f"{request.path}?{request.query}" if request.query else request.path
        secret = hashed(f"{self._user}:{challenge.realm}:{self._password.value}")
        if challenge.session:
            secret = hashed(f"{secret}:{challenge.nonce}:{cnonce}")
        asked = hashed(f"{request.method}:{uri}")
        middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.counted else challenge.nonce
        proof = hashed(f"{secret}:{middle}:{asked}")
        fields = [
            _user_field(self._user),
            f"realm={_quoted(challenge.realm)}",
            f"nonce={_quoted(challenge.nonce)}",
            f"uri={_quoted(uri)}",
            f'response="{proof}"',
        ]
        if challenge.named:
            fields.append(f"algorithm={challenge.named}")
        if challenge.opaque is not None:
            fields.append(f"opaque={_quoted(challenge.opaque)}")
        if challenge.counted or challenge.session:
            fields.append(f'cnonce="{cnonce}"')
        if challenge.counted:
            fields += ["qop=auth", f"nc={count}"]
        return f"Digest {', '.join(fields)}", proof


def _challenge_of(response: Response) -> _Challenge | None:
    """Return the strongest challenge that can be answered; None when there is none."""
    found = [one for field in response.headers.get_list("www-authenticate") for one in _challenges(field)]
    return min(found, key=lambda one: _STRENGTH.index(one.algorithm), default=None)


def _challenges(field: str) -> list[_Challenge]:
    """Return the Digest challenges of a WWW-Authenticate field, which may hold several of any scheme."""
    starts = [(found.start(1), found.end(1), found[1].lower()) for found in _SCHEME.finditer(_unquoted(field))]
    ends = [start for start, _, _ in starts[1:]] + [len(field)]
    made = [_made(field[start:end]) for (_, start, name), end in zip(starts, ends, strict=True) if name == "digest"]
    return [one for one in made if one is not None]


def _unquoted(field: str) -> str:
    """Return a field in which nothing of what is quoted can be taken for a scheme, as long as it was."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: "q" * len(found[0]), field)


def _made(text: str) -> _Challenge | None:
    given = {
        found[1].lower(): re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        for found in _PARAMETER.finditer(text.strip().rstrip(","))
    }
    named = given.get("algorithm", "")
    algorithm = (named or "MD5").lower().removesuffix("-sess")
    offered = {word.strip().lower() for word in given.get("qop", "").split(",") if word.strip()}
    if "nonce" not in given or "realm" not in given or algorithm not in _HASHES or (offered and "auth" not in offered):
        return None
    if not all(text.isprintable() and text.isascii() for text in given.values()):
        return None
    return _Challenge(
        given["realm"],
        given["nonce"],
        algorithm,
        named.lower().endswith("-sess"),
        given.get("opaque"),
        bool(offered),
        named,
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _user_field(user: str) -> str:
    """Return the user; one beyond ASCII in the extended form (RFC 7616, section 3.4; RFC 8187)."""
    if user.isascii():
        return f"username={_quoted(user)}"
    return f"username*=UTF-8''{quote(user, safe='')}"
