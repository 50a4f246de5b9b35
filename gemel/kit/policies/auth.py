"""The authorization of one client: which credentials go with a request, and what a refusal of them means."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias, cast

from gemel.kit.errors import DeclarationError
from gemel.kit.flow.effects import Flow, discard
from gemel.kit.http.address import named_address
from gemel.kit.http.encoding import Refused as Unfit
from gemel.kit.http.messages import Headers, Request, Response, origin
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import Basic, Bearer
from gemel.kit.policies.echoes import without_parameters, without_secrets
from gemel.kit.policies.places import Place
from gemel.kit.policies.renewal import REVOKING, Holder
from gemel.kit.policies.signed import Sender, Sign, Signing, SigningAttempts
from gemel.kit.policies.tokens import Credential, Token, digest
from gemel.kit.types import is_mapping

__all__ = ["Authorizing", "CredentialSource", "IsRefusal", "credentials_of"]

IsRefusal: TypeAlias = Callable[[Response], bool]
"""Whether a reply means that the token is no longer accepted."""

OneCredential: TypeAlias = "Credential | Signing | str | tuple[str, str]"

CredentialSource: TypeAlias = "OneCredential | Mapping[str, OneCredential | None]"
"""What a client takes: a credential, a text for Bearer, a user and a password for Basic, or several by their names."""


class Authorizing:
    """The authorization policy of one client: its credentials, in their places, to its own origins only.

    A value that is refused is replaced, and the request repeated, once. What the caller has said itself in the place of
    a credential goes before it.

    Args:
        credential: One, or several by their names; None sends none.
        base: The client's address.
        origins: More origins that are given credentials.
        refused: Says whether a reply means that the token is no longer accepted.
        clock: Returns monotonic seconds.

    Raises:
        TypeError: The credential is something else.
        ValueError: An origin is none, or a name is empty.
    """

    def __init__(
        self,
        credential: CredentialSource | None,
        base: str,
        *,
        refused: IsRefusal,
        origins: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = credentials_of(credential)
        self._holders: dict[str, Holder] = {
            name: Holder(one, name, clock) for name, one in given.items() if isinstance(one, Credential)
        }
        self._signing: dict[str, Signing] = {name: one for name, one in given.items() if isinstance(one, Signing)}
        self._signs: dict[str, Sign] = {}
        # Stands for those who sign: what they sign with, nobody knows.
        self._nameless: bytes = os.urandom(32)
        self._names: tuple[str, ...] = tuple(given)
        self._usual: tuple[str, ...] = self._names[:1]
        self._default: tuple[Holder, ...] = tuple(self._holders[name] for name in self._usual if name in self._holders)
        self._base = base
        self._origins = frozenset((origin(base), *checked_origins(origins, base)))
        self._refused = refused
        self._clock = clock
        # Most calls send the one Headers object of the client; comparing identity saves looking for fields in it.
        self._bare: Headers | None = None
        self._in_queries = any(holder.place.kind == "query" for holder in self._holders.values())
        self._in_headers = all(holder.place.kind == "header" for holder in self._default)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the client's credentials go, all of them."""
        return tuple(place for name in self._names for place in self._places_of(name))

    @property
    def attempts(self) -> SigningAttempts | None:
        """The policy that signs each attempt, where a credential does."""
        return SigningAttempts(self._signed_with) if self._signing else None

    def _places_of(self, name: str) -> tuple[Place, ...]:
        if name in self._holders:
            return (self._holders[name].place,)
        return self._signing[name].places if name in self._signing else ()

    def signs(self, request: Request) -> tuple[Place, ...]:
        """Return the places of a request that credentials are put in: those in which the caller has said nothing."""
        values = tuple(holder.place for holder in self._signers(request))
        return (*values, *(place for one in self._signing_of(request) for place in one.places))

    def trusts(self, url: str) -> bool:
        """Whether an address may be given credentials."""
        return url.startswith(self._base) or origin(url) in self._origins

    def check(self, auth: tuple[str, ...] | None, label: str) -> None:
        """Raise DeclarationError when an endpoint asks for a credential that the client has no name for.

        Args:
            auth: The names.
            label: Of the endpoint.
        """
        for name in auth or ():
            if self._names and name not in self._names:
                raise DeclarationError(f"{label}(): auth={name!r} names no credential of the client; {self._known()}")
        places = [(place.kind, place.name.lower()) for name in auth or () for place in self._places_of(name)]
        if len(set(places)) < len(places):
            raise DeclarationError(f"{label}(): auth={auth!r} names two credentials that have the same place")

    def foreign(self, auth: tuple[str, ...] | None, label: str) -> tuple[Place, ...]:
        """Return the places of the credentials that an endpoint does not take.

        Args:
            auth: The names of those that it takes; () for the usual one, None for none.
            label: Of the endpoint.

        Raises:
            DeclarationError: The client has no credential of a name.
        """
        self.check(auth, label)
        taken = () if auth is None else auth or self._usual
        own = {(place.kind, place.name.lower()) for name in taken for place in self._places_of(name)}
        return tuple(place for place in self.places if (place.kind, place.name.lower()) not in own)

    def identity(self, request: Request) -> bytes:
        """Return a digest of the credentials that go with a request, empty when none does.

        A credential that does not tell (see Identified) is known by this client alone, and by what it has given.
        """
        signers = self._signers(request)
        told = [signer.identity() for signer in signers]
        if self._signing_of(request):
            told.append(self._nameless)
        return told[0] if len(told) == 1 else digest(*(one.hex() for one in told)) if told else b""

    def connect(self, caller: Caller, *, revoking: bool = False) -> None:
        """Bind the credentials to the endpoints of this client; with `revoking`, `close` revokes their tokens."""
        for holder in self._holders.values():
            holder.connect(caller, revoking=revoking)
        self._signs = {name: one.signing(caller) for name, one in self._signing.items()}

    @property
    def revokes(self) -> bool:
        """Whether there may be a token to revoke."""
        return any(holder.revokes for holder in self._holders.values())

    def close(self, timeout: float) -> Flow[None]:
        """Revoke the last tokens unless they have expired; a failure is logged, never raised.

        Args:
            timeout: Seconds to wait, REVOKING at most; they include waiting for a login that is under way.
        """
        deadline = self._clock() + min(timeout, REVOKING)
        for holder in self._holders.values():
            if holder.revokes:
                yield from holder.close(deadline)

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Send with what the credentials give; when it is refused, with new values."""
        signers = self._signers(request)
        if not signers:
            return (yield from send(request))
        signed, tokens = request, list[Token]()
        for signer in signers:
            token = signer.usable() or (yield from signer.renewed(request, None))
            signed = signer.signed(signed, token)
            tokens.append(token)
        response = yield from send(signed)
        # Once only: a server that refuses a fresh token refuses the identity, and each login may count towards a
        # lockout.
        if _renewable(signers) and request.replayable and self._refused(response):
            # An opened reply still holds its connection, which a login would otherwise have to wait for or go around.
            discard(response)
            signed = request
            for number, signer in enumerate(signers):
                if signer.credential.renewable:
                    tokens[number] = yield from signer.renewed(request, tokens[number])
                signed = signer.signed(signed, tokens[number])
            response = yield from send(signed)
        if self._in_queries:
            response = without_parameters(response, request, (signer.place for signer in signers))
        return without_secrets(response, (text for token in tokens for text in token.secrets))

    def _signers(self, request: Request) -> tuple[Holder, ...]:
        """Return those who sign a request: at an own origin, and where the caller has said nothing of his own."""
        auth = request.context.auth
        if auth is None or not self._holders:
            return ()
        usual = not auth
        if usual and request.headers is self._bare and self._in_headers and request.url.startswith(self._base):
            return self._default
        if not self.trusts(request.url):
            return ()
        chosen = self._default if usual else self._chosen(auth, request.context.label)
        free = tuple(holder for holder in chosen if not holder.place.is_taken(request))
        if usual and len(free) == len(chosen):
            self._bare = request.headers
        return free

    def _signing_of(self, request: Request) -> tuple[Signing, ...]:
        """Return the credentials that sign a request, unless the caller has said all of what they would."""
        auth = request.context.auth
        if auth is None or not self._signing or not self.trusts(request.url):
            return ()
        chosen = (self._signing[name] for name in auth or self._usual if name in self._signing)
        return tuple(one for one in chosen if not all(place.is_taken(request) for place in one.places))

    def _signed_with(self, request: Request) -> tuple[Sign, ...]:
        signing = self._signing_of(request)
        return tuple(self._signs[name] for name, one in self._signing.items() if one in signing)

    def _chosen(self, auth: tuple[str, ...], label: str) -> tuple[Holder, ...]:
        self.check(auth, label)
        return tuple(self._holders[name] for name in auth if name in self._holders)

    def _known(self) -> str:
        if self._names == ("",):
            return 'it has one without a name; name it with credential={"...": ...}'
        return f"it has {', '.join(map(repr, self._names))}"


def credentials_of(given: Any) -> dict[str, Credential | Signing | None]:
    """Return the credentials of a client by their names, "" for one that has none; without showing them.

    Raises:
        TypeError: One of them is no credential.
        ValueError: There are none, or one has no name.
    """
    if given is None:
        return {}
    if not is_mapping(given):
        return {"": _credential(given, "credential")}
    if not given:
        raise ValueError("credential: the mapping names none; None sends none")
    for name in given:
        if not isinstance(name, str) or not name:
            raise ValueError(f"credential: a name is text and not empty, got {name!r}")
    return {name: None if one is None else _credential(one, f"credential[{name!r}]") for name, one in given.items()}


def _credential(given: Any, place: str) -> Credential | Signing:
    """Return one credential; raises TypeError for what is none, without showing it."""
    if isinstance(given, str):
        return Bearer(given)
    if isinstance(given, tuple):
        pair: Any = cast("Any", given)
        if len(pair) == 2 and all(isinstance(text, str) for text in pair):
            return Basic(*pair)
        raise TypeError(f"{place}: a tuple is two texts, as Basic takes them")
    if isinstance(given, Credential | Signing) and not isinstance(given, type):
        return given
    if isinstance(given, type):
        advice = f"give an instance, {given.__name__}(...)"
    elif callable(given):
        advice = "write Bearer(function) for a function that returns a token"
    else:
        advice = "it takes Bearer, Basic, ApiKey, or an object with `renewable` and `bound(caller)`, or `signing`"
    raise TypeError(f"{place}: expected a Credential, got {type(given).__name__}; {advice}")


def checked_origins(origins: Any, base: str) -> list[tuple[str, str, int | None]]:
    """Return origins as they are compared; raises ValueError for what is none."""
    if isinstance(origins, str) or not isinstance(origins, Collection):
        raise ValueError(f"origins: expected a list of addresses, got {type(origins).__name__}")
    found = list[tuple[str, str, int | None]]()
    given: Any = cast("Any", origins)
    for one in given:
        if not isinstance(one, str):
            raise ValueError(f"origins: an address is text, got {type(one).__name__}")
        try:
            address = named_address(one)
        except Unfit as unfit:
            raise ValueError(f"origins: {one!r}: {unfit}") from None
        if address.user or address.path.strip("/"):
            raise ValueError("origins: an origin is a scheme, a host and a port, such as https://uploads.example")
        if address.root.startswith("http:") and base.startswith("https:"):
            raise ValueError(f"origins: {one!r} is not encrypted, and the endpoint is")
        found.append(origin(address.root))
    return found


def _renewable(signers: tuple[Holder, ...]) -> bool:
    if len(signers) == 1:
        return signers[0].credential.renewable
    return any(signer.credential.renewable for signer in signers)
