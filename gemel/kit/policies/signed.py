"""Credentials that sign what is sent: a signature over method, path, query, headers and body, anew for each attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from gemel.kit.errors import CredentialsError, DeclarationError
from gemel.kit.flow.effects import Await, Flow
from gemel.kit.http.encoding import Refused, header_field, header_name, named_values
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.echoes import without_parameters, without_secrets
from gemel.kit.policies.places import Place
from gemel.kit.tracebacks import entry
from gemel.kit.types import Discreet

__all__ = ["Sender", "Sign", "Signature", "SignatureSource", "Signed", "Signing", "SigningAttempts"]

Sender: TypeAlias = Callable[[Request], Flow[Response]]
"""Sends a request through the policies below."""

Sign: TypeAlias = Callable[[Request, Sender], Flow[Response]]
"""Signs one attempt of a request, and sends it."""


class Signature(Discreet, frozen=True):
    """What a signature adds to a request; its repr masks the values.

    Attributes:
        headers: Header fields.
        query: Query parameters, not encoded.
    """

    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Signature(headers={list(self.headers)}, query={list(self.query)}, {MASK})"


Made: TypeAlias = "Signature | Mapping[str, str]"

SignatureSource: TypeAlias = (
    "Callable[[Request], Made] | Callable[[Request], Awaitable[Made]] | Callable[[Request], Flow[Made]]"
)
"""Signs a request: a function, one that has to be awaited, or a flow. A mapping is one of header fields."""


@runtime_checkable
class Signing(Protocol):
    """A credential that signs each attempt of a request."""

    @property
    def places(self) -> tuple[Place, ...]:
        """Where its values go."""
        ...

    def signing(self, caller: Caller) -> Sign:
        """Return what signs the requests of one client."""
        ...


class Signed:
    """A signature over a request, such as an HMAC, made anew for each attempt, so that its time and nonce are fresh.

    The function is given the request as it is sent, other credentials of the endpoint included: its `method`, `url`,
    `path`, `query`, `headers` and `body`, which is bytes, None, or an Upload.

    Args:
        sign: Returns the header fields to add, or a Signature: a function, which an async client awaits where it has to
            be, or a flow.
        headers: The names of all the fields that it sets. One that the caller sets is left to him.
        query: The names of the parameters that it sets.

    Raises:
        DeclarationError: A name cannot be sent, or there is none.
        TypeError: It is no function.
    """

    @entry
    def __init__(
        self, sign: SignatureSource, *, headers: Sequence[str] = ("Authorization",), query: Sequence[str] = ()
    ) -> None:
        if not callable(cast("object", sign)) or isinstance(sign, type):
            raise TypeError(f"Signed takes a function of a request, got {type(sign).__name__}")
        self._sign: Callable[[Request], Any] = sign
        self.places: tuple[Place, ...] = (*_fields(headers), *_parameters(query))
        if not self.places:
            raise DeclarationError("Signed: it sets nothing; name what it sets in headers= or query=")
        if len({(place.kind, place.name.lower()) for place in self.places}) < len(self.places):
            raise DeclarationError("Signed: it names a place twice")

    def __repr__(self) -> str:
        return f"Signed({', '.join(place.name for place in self.places)}, {MASK})"

    @entry
    def signing(self, caller: Caller) -> Sign:
        """Return what signs each attempt; raises TypeError when a blocking client would have to await it."""
        if iscoroutinefunction(self._sign) and not caller.is_async:
            raise TypeError("Signed: its function has to be awaited, and this client blocks")
        return self._around

    def _around(self, request: Request, send: Sender) -> Flow[Response]:
        made: Any = self._sign(request)
        if isinstance(made, Generator):
            made = yield from cast("Flow[Any]", made)
        elif isawaitable(made):
            awaited: Any = made
            made = yield Await(lambda: awaited)
        signature = made if isinstance(made, Signature) else Signature(headers=made)
        signed, secrets = request, list[str]()
        for place, value in self._values(signature):
            if not place.is_taken(request):
                signed = place.filled(signed, value)
                secrets.append(value)
        response = yield from send(signed.with_context(secrets=(*request.context.secrets, *secrets)))
        if any(place.kind == "query" for place in self.places):
            response = without_parameters(response, request, self.places)
        return without_secrets(response, secrets)

    def _values(self, signature: Signature) -> list[tuple[Place, str]]:
        """Return the values of a signature and their places; raises CredentialsError for what cannot be sent."""
        known = {
            (place.kind, place.name.lower() if place.kind == "header" else place.name): place for place in self.places
        }
        found = list[tuple[Place, str]]()
        try:
            for name, value in named_values(signature.headers):
                found.append((known["header", name.lower()], header_field(name, value)[1]))
            for name, value in named_values(signature.query):
                if not isinstance(value, str):
                    raise Refused(f"a parameter is text, got {type(value).__name__}")
                found.append((known["query", name], value))
        except Refused as refusal:
            raise CredentialsError(f"Signed: the signature cannot be sent: {refusal}") from None
        except KeyError as missing:
            kind, name = missing.args[0]
            said = "headers" if kind == "header" else "query"
            raise CredentialsError(f"Signed: it sets {name!r}, which its {said}= does not name") from None
        return found


class SigningAttempts:
    """The policy that signs each attempt, below the one that repeats them.

    Args:
        chosen: Returns what signs a request.
    """

    def __init__(self, chosen: Callable[[Request], tuple[Sign, ...]]) -> None:
        self._chosen = chosen

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Sign, and send."""
        for sign in reversed(self._chosen(request)):
            send = _through(sign, send)
        return send(request)


def _through(sign: Sign, send: Sender) -> Sender:
    return lambda request: sign(request, send)


def _fields(names: Any) -> list[Place]:
    try:
        return [Place("header", header_name(name)) for name in _texts(names, "headers")]
    except Refused as refusal:
        raise DeclarationError(f"Signed: {refusal}") from None


def _parameters(names: Any) -> list[Place]:
    texts = _texts(names, "query")
    if not all(name and name.isprintable() for name in texts):
        raise DeclarationError("Signed: the name of a parameter is empty or cannot be printed")
    return [Place("query", name) for name in texts]


def _texts(names: Any, setting: str) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise DeclarationError(f"Signed: {setting} is a list of names, got {type(names).__name__}")
    given: Any = cast("Any", names)
    if not all(isinstance(name, str) for name in given):
        raise DeclarationError(f"Signed: {setting} is a list of names")
    return list(given)
