"""Client and AsyncClient: their settings, sessions and lifetime."""

from __future__ import annotations

import copy
import platform
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from random import random as system_random
from typing import TYPE_CHECKING, Any, Generic, TypedDict, cast

from msgspec.structs import replace
from typing_extensions import Self, TypeVar, Unpack

from gemel.kit.annotations import signature_of
from gemel.kit.calls.catalog import EndpointInfo, catalog, declarations
from gemel.kit.calls.undeclared import undeclared_request
from gemel.kit.errors import APIStatusError
from gemel.kit.flow.clock import Clock, monotonic
from gemel.kit.flow.drive import AsyncPerformer, Performer
from gemel.kit.flow.effects import Flow
from gemel.kit.http.address import named_address, shown_address
from gemel.kit.http.encoding import Refused, header_field, named_values
from gemel.kit.http.messages import Headers, OwnErrors, Request, Response, Retry, Timeout
from gemel.kit.http.problem import Fault, read_fault
from gemel.kit.http.sensitive import credentials_in, is_sensitive_header
from gemel.kit.models.drift import OnDrift, Reading, Validate
from gemel.kit.policies.auth import Authorizing, CredentialSource
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.events import Attempts, Calls, Observer, Observers, configure_logging, debugging
from gemel.kit.policies.options import CallOptions
from gemel.kit.policies.pipeline import Pipeline, pipeline
from gemel.kit.policies.redirects import Redirects
from gemel.kit.policies.retry import Retrying
from gemel.kit.stubs.resource import Mounting, Resource
from gemel.kit.stubs.words import named_auths, settings_of
from gemel.kit.tracebacks import entry
from gemel.kit.transport.environment import Certificate, Network, Verify
from gemel.kit.types import Async, M, Sync
from gemel.version import __version__

if TYPE_CHECKING:
    import aiohttp
    import requests

    from gemel.kit.caching import Cache, Caching, CachingPolicy

__all__ = ["AsyncClient", "BaseClient", "Client", "CommonSettings", "Settings"]

R = TypeVar("R")
S = TypeVar("S")


class BaseClient(Mounting, Generic[M]):
    """The base of both clients: settings, and resources declared as annotations.

    Declare resources once, `class Shop(BaseClient[M]): albums: Albums[M]`, then
    `class ShopClient(Shop[Sync], Client)` and `class AsyncShopClient(Shop[Async], AsyncClient)`. The class argument
    `errors={404: NoAlbum}` names errors of the SDK's own, as Words does.

    Args:
        endpoint: The base URL of the server, with or without a path.
        credential: A credential, such as Bearer, Basic or ApiKey; a text for Bearer; a user and a password for Basic;
            or several by their names, the first of which is the usual one. With None nothing is sent.
        session: A requests.Session or aiohttp.ClientSession to send with; it is used as it is and never closed.
        timeout: Seconds for each whole call, retries included, or a Timeout.
        retries: How often a failed request is repeated where that is safe, or a Retry.
        follow_redirects: Whether redirects are followed; credentials cross to the origins listed alone.
        origins: More origins, such as "https://uploads.example", that are given the credentials.
        headers: Header fields sent with every request.
        verify: True for certifi's authorities, the path of a PEM file or folder, an SSLContext, or False for no check.
        certificate: The path of a client certificate (PEM), or the paths of the certificate and its key.
        proxy: The address of a proxy; when None, the environment decides if `trust_env` is true.
        trust_env: Whether proxies and certificate authorities are read from the environment (HTTPS_PROXY, NO_PROXY,
            REQUESTS_CA_BUNDLE, SSL_CERT_FILE and the like).
        on_request: Called with an Event before each attempt.
        on_response: Called with an Event when an attempt has ended, with a reply or an error.
        on_retry: Called with an Event before the wait for another attempt.
        cache: How replies to GET requests are cached; with None nothing is cached.
        validate: How strictly replies are checked: "lenient", "strict" or "off" (see Reading).
        on_drift: Called with a Drift for each difference between a reply and its declared type.
        max_response_bytes: The most bytes a reply's body may have, None for no limit; a Download has its own limit.
        revoke_on_close: Whether closing the client revokes the token that it fetched, if the credential can do that.
        scope: Values by name for arguments that are declared with from_scope().
        clock: The clock for deadlines and waits; None is the machine's (gemel.testing has one for tests).
        random: Returns a number in [0, 1), for the jitter of retries.

    Raises:
        ValueError: A setting cannot work.
        TypeError: `credential` is not a Credential.
    """

    # Whether a request may go to another origin: what a session that is passed in has of its own would go along.
    _goes_abroad: bool
    _errors: tuple[OwnErrors, ...] = ()

    @entry
    def __init__(
        self,
        endpoint: str,
        *,
        credential: CredentialSource | None = None,
        session: Any = None,
        timeout: Timeout | float = Timeout(),
        retries: Retry | int = Retry(),
        follow_redirects: bool = False,
        origins: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
        verify: Verify = True,
        certificate: Certificate | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        on_request: Observer | None = None,
        on_response: Observer | None = None,
        on_retry: Observer | None = None,
        cache: Cache | None = None,
        validate: Validate = "lenient",
        on_drift: OnDrift | None = None,
        max_response_bytes: int | None = 64 << 20,
        revoke_on_close: bool = False,
        scope: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] = system_random,
    ) -> None:
        """Make a client; BaseClient describes the settings."""
        # Settings are checked before a transport is made, which a failure here would leave open.
        base, times, retry = _base_address(endpoint), _times(clock, random), Retry.of(retries)
        observers = Observers.of(on_request, on_response, on_retry)
        network = Network.of(verify=verify, certificate=certificate, proxy=proxy, trust=trust_env, home=base)
        self._transport: Any = self._connected(_checked(network, base, session), session, max_response_bytes)
        self._auth = Authorizing(credential, base, refused=self._token_refused, origins=origins, clock=times["clock"])
        _check_auth(type(self), self._auth)
        self._cache: CachingPolicy | None = self._keeping(cache, base, times, (session, certificate))
        retrying = self._retrying(retry, observers, times)

        def exchanges(follow: bool) -> Pipeline:
            return self._exchange(_following(follow, session, self._auth), retrying, observers)

        self._caller: Caller = Caller(
            base=base,
            **_sent_with_all(headers, session, network.secrets),
            signs=self._auth.signs,
            goes_abroad=session is None,
            foreign=self._auth.foreign,
            trusts=self._auth.trusts,
            timeout=Timeout.of(timeout),
            exchange=exchanges(follow_redirects),
            exchanges=exchanges,
            errors=self._errors,
            scope=_said_once(scope),
            retry=retry,
            **self._reading(validate, on_drift),
            **self._performing(self._transport, clock),
            **times,
        )
        self._auth.connect(self._caller, revoking=revoke_on_close)

    def __init_subclass__(
        cls, *, errors: Mapping[int | str, type[APIStatusError]] | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if errors is not None:
            cls._errors = settings_of({"errors": errors}, cls.__name__).errors + cls._errors
        if "__init__" in vars(cls):  # its arguments are credentials, most of all
            setattr(cls, "__init__", entry(vars(cls)["__init__"]))  # noqa: B010

    @property
    def endpoint(self) -> str:
        """The base URL of the server, without a trailing slash."""
        return self._caller.base.rstrip("/")

    @property
    def cache(self) -> Caching:
        """The client's cache; `client.cache.clear()` empties it. Without the setting `cache` it is always empty."""
        from gemel.kit.caching import Caching

        return Caching(self._cache.clear if self._cache else None)

    def _read_fault(self, response: Response) -> Fault:
        """Read an error body; an SDK overrides it with its API's shapes. Never raises."""
        return read_fault(response)

    def _explain(self, response: Response) -> str:
        """Say why a reply may not be as declared, "" when nothing is known; an SDK overrides it. Never raises."""
        return ""

    def _token_refused(self, response: Response) -> bool:
        """Say whether a reply means that the token is no longer accepted; 401 unless an SDK knows better."""
        return response.status == 401

    def _repeatable(self, response: Response) -> bool:
        """Say whether a request is repeated after this reply as after a 503, although its status does not say so.

        An SDK overrides it for a server that says so in its own way, such as a 403 with Retry-After; statuses alone are
        named by `Retry(statuses=...)`. Asked only for requests that are safe to repeat. Never raises.
        """
        return False

    def _limited_with(self, request: Request) -> str:
        """Return the name of the rate limit that a request falls under, "" when there is only one.

        After a 429 all calls under that limit wait, and no others. An SDK whose server has several limits overrides it.
        Never raises.
        """
        return ""

    @entry
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a copy of the client whose calls have these options.

        It shares connections, token, cache and retry budget with this client, and is closed with it.

        Args:
            **options: What its calls do differently (see CallOptions).

        Raises:
            InvalidArgument: An option is unknown, or its value cannot be sent.
        """
        mine = self._caller
        label = f"{type(self).__name__}.with_options"
        # A shallow copy: transport, auth and cache stay common, so that a token is fetched once for all copies.
        copied = copy.copy(self)
        # A resource that was used already holds the caller of this client; the copy makes its own on first use.
        for name in [name for name, value in vars(self).items() if isinstance(value, Resource)]:
            del copied.__dict__[name]
        copied._caller = replace(mine, options=mine.options.with_values(options, label))
        return copied

    @classmethod
    def endpoints(cls) -> list[EndpointInfo]:
        """Return every declared endpoint with its resource, name, verb, path, deprecation and documentation address."""
        return list(catalog(cls))

    def _exchange(self, redirects: Redirects | None, retrying: Retrying, observers: Observers | None) -> Pipeline:
        configure_logging()
        return pipeline(
            calls=Calls(self._read_fault),
            cache=self._cache,
            redirects=redirects,
            auth=self._auth,
            retry=retrying,
            signing=self._auth.attempts,
            attempts=Attempts(observers) if observers or debugging() else None,
        )

    def _retrying(self, retry: Retry, observers: Observers | None, times: dict[str, Any]) -> Retrying:
        return Retrying(
            retry,
            repeating=observers.repeating if observers else None,
            read=self._read_fault,
            repeatable=self._repeatable,
            group=self._limited_with,
            **times,
        )

    def _reading(self, validate: Validate, on_drift: OnDrift | None) -> dict[str, Any]:
        """Return the arguments of a Caller that say how replies are read."""
        return {"read_fault": self._read_fault, "explain": self._explain, "reading": Reading(validate, on_drift)}

    def _keeping(
        self, cache: Cache | None, base: str, times: dict[str, Any], others: tuple[Any, ...]
    ) -> CachingPolicy | None:
        """Return the caching policy, None without a cache; its module is imported only when it is needed.

        Args:
            cache: The setting.
            base: The base URL of the client.
            times: The clocks, as policies take them.
            others: Settings that may carry credentials which `identity` does not know, None for each that is not set.
        """
        if cache is None:
            return None
        from gemel.kit.caching import CachingPolicy

        apart = any(other is not None for other in others)
        return CachingPolicy(cache, self._auth.identity, base=base, apart=apart, clock=times["clock"], now=times["now"])

    def _connected(self, network: Network, session: Any, largest: int | None) -> Any:
        raise TypeError(f"{type(self).__name__} has no mode; derive it from Client or AsyncClient too")

    def _performing(self, transport: Any, clock: Clock | None) -> dict[str, Any]:
        return {"performer": clock.performing(transport) if clock else transport}

    def _forget(self) -> None:
        if self._cache is not None:
            self._cache.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.endpoint}>"


class CommonSettings(TypedDict, total=False):
    """The settings that every client takes, except `timeout`, which an SDK may list among its own arguments."""

    retries: Retry | int
    follow_redirects: bool
    origins: Collection[str]
    headers: Mapping[str, str] | None
    verify: Verify
    certificate: Certificate | None
    proxy: str | None
    trust_env: bool
    on_request: Observer | None
    on_response: Observer | None
    on_retry: Observer | None
    cache: Cache | None
    validate: Validate
    on_drift: OnDrift | None
    max_response_bytes: int | None
    revoke_on_close: bool
    scope: Mapping[str, Any] | None
    clock: Clock | None
    random: Callable[[], float]


class Settings(CommonSettings, total=False):
    """The settings that every client takes; `BaseClient` describes them."""

    timeout: Timeout | float


class _ModeClient(BaseClient[M], Generic[S, M]):
    """A client of one mode; S is the class of the sessions that this mode sends with."""

    def __init__(
        self,
        endpoint: str,
        *,
        credential: CredentialSource | None = None,
        session: S | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        """Make a client; the arguments are those of BaseClient. Raises TypeError for an unknown setting."""
        if not settings.keys() <= Settings.__annotations__.keys():
            _refuse_unknown(type(self), settings.keys() - Settings.__annotations__.keys())
        super().__init__(endpoint, credential=credential, session=session, **settings)


class Client(_ModeClient["requests.Session", Sync]):
    """A blocking client, on requests; threads may share it. Close it, or use it in a `with` block."""

    def _connected(self, network: Network, session: requests.Session | None, largest: int | None) -> Performer:
        # Here, so that an async program never imports requests and urllib3; `AsyncClient` does alike with aiohttp.
        from gemel.kit.transport.requests_ import RequestsTransport

        self._goes_abroad = session is None
        return RequestsTransport(network, session, largest=largest)

    @entry
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request that no endpoint declares, and return the reply.

        Args:
            method: The HTTP verb.
            path: The path below the endpoint, or an absolute address of the same origin.
            params: Query parameters; None values are left out, lists repeat the name.
            body: A value to send as JSON; None sends no body.
            headers: Header fields to add.

        Returns:
            The reply, its status below 400 and its body undecoded.

        Raises:
            APIStatusError: The status is not a success.
            APIConnectionError: No whole reply came.
            InvalidArgument: An argument cannot be sent.
        """
        request = undeclared_request(self._caller, method, path, params, body, "request", headers)
        return self._caller.checked(self._caller.send(request), request)

    @entry
    def run(self, flow: Flow[R]) -> R:
        """Run a flow, blocking, and return its result: `client.run(wait_until(...))`."""
        return cast("R", self._caller.run(flow))

    @entry
    def close(self) -> None:
        """Close the client's connections; a session that was passed in stays open. May be called again."""
        try:
            if self._auth.revokes:
                self._caller.run(self._auth.close(self._caller.timeout.total))
        finally:
            self._transport.close()
            self._forget()

    def __enter__(self) -> Self:
        return self

    @entry
    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_ModeClient["aiohttp.ClientSession", Async]):
    """An async client, on aiohttp; tasks may share it. Close it, or use it in an `async with` block."""

    def _connected(
        self, network: Network, session: aiohttp.ClientSession | None, largest: int | None
    ) -> AsyncPerformer:
        from gemel.kit.transport.aiohttp_ import AiohttpTransport

        self._goes_abroad = session is None
        return AiohttpTransport(network, session, largest=largest)

    def _performing(self, transport: Any, clock: Clock | None) -> dict[str, Any]:
        return {"async_performer": clock.async_performing(transport) if clock else transport}

    @entry
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request that no endpoint declares, and return the reply; see `Client.request`."""
        request = undeclared_request(self._caller, method, path, params, body, "request", headers)
        return self._caller.checked(await self._caller.asend(request), request)

    @entry
    async def run(self, flow: Flow[R]) -> R:
        """Run a flow and return its result: `await client.run(wait_until(...))`."""
        return cast("R", await self._caller.arun(flow))

    @entry
    async def close(self) -> None:
        """Close the connections of the running loop; a session that was passed in stays open. May be called again."""
        try:
            if self._auth.revokes:
                await self._caller.arun(self._auth.close(self._caller.timeout.total))
        finally:
            await self._transport.close()
            self._forget()

    @entry
    async def aclose(self) -> None:
        """Do the same as `close`; `contextlib.aclosing` calls it."""
        await self.close()

    async def __aenter__(self) -> Self:
        return self

    @entry
    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _base_address(endpoint: str) -> str:
    """Return the base URL with a trailing slash; raises ValueError for an unusable one, its password not shown."""
    if not isinstance(cast("object", endpoint), str):
        raise ValueError(f"endpoint: expected an address like https://host, got {type(endpoint).__name__}")
    try:
        address = named_address(endpoint)
    except Refused as refusal:
        shown = shown_address(endpoint)
        raise ValueError(f"endpoint: expected an address like https://host, got {shown!r}: {refusal}") from None
    if address.user:
        raise ValueError("endpoint: it must not hold a user name or password")
    if "{" in endpoint:
        raise ValueError(f"endpoint: it must end with the path, got {endpoint!r}")
    # The slash keeps "https://host/api" from being a prefix of "https://host/apiary", and "https://host" of
    # "https://host.evil".
    return address.root + address.path.rstrip("/") + "/"


def _times(clock: Clock | None, random: Callable[[], float]) -> dict[str, Any]:
    """Return the clocks and the source of random numbers as policies take them."""
    return {
        "clock": clock or monotonic,
        "now": clock.time if clock else time.time,
        "random": random,
    }


def _check_auth(client: type[BaseClient[Any]], auth: Authorizing) -> None:
    """Raise DeclarationError for an endpoint whose `auth=` names a credential that the client does not have."""
    if auth.places and named_auths:
        for endpoint in declarations(client):
            auth.check(endpoint.auth, endpoint.label)


def _following(follow: bool, session: Any, auth: Authorizing) -> Redirects | None:
    """Return the redirect policy, if any; with a session that was passed in it stays at the same origin."""
    return Redirects(abroad=session is None, trusts=auth.trusts) if follow else None


def _said_once(scope: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what arguments take from the client; raises ValueError for what are no values by name."""
    try:
        return dict(named_values({} if scope is None else scope))
    except Refused as refusal:
        raise ValueError(f"scope: {refusal}") from None


_USER_AGENT = f"gemel/{__version__} python/{platform.python_version()}"


def _checked(network: Network, base: str, session: Any) -> Network:
    """Return the network; raises ValueError for an unusable proxy, unless a session is passed in that ignores it."""
    if session is None:
        network.proxy_for(base)
    return network


def _default_headers(own: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the default headers of requests whose reply is read as JSON, and of all others, as a Caller takes them."""
    try:
        checked = [header_field(name, value) for name, value in named_values({} if own is None else own)]
    except Refused as refusal:
        raise ValueError(f"headers: {refusal}") from None
    # Said in full, since aiohttp would otherwise ask for br or zstd as soon as a decoder for them is installed.
    common = {"Accept-Encoding": "gzip, deflate", "User-Agent": _USER_AGENT}
    made = {"headers": {"Accept": "application/json", **common}, "plain_headers": {"Accept": "*/*", **common}}
    said = frozenset(name.lower() for name, _ in checked)
    return {**{name: Headers(fields).with_values(checked) for name, fields in made.items()}, "said": said}


def _sent_with_all(headers: Mapping[str, str] | None, session: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the default headers, and the credentials among them and among the headers of a session passed in.

    Args:
        headers: The setting of the client.
        session: The session that was passed in, or None.
        known: Further values that are never shown.
    """
    common, own = _default_headers(headers), cast("Mapping[str, Any]", getattr(session, "headers", None) or {})
    fields = [*common["headers"].pairs(), *((name, value) for name, value in own.items() if isinstance(value, str))]
    secrets = (text for name, value in fields if is_sensitive_header(name) for text in credentials_in(value))
    return {**common, "secrets": (*known, *secrets)}


def _refuse_unknown(client: type, unknown: Iterable[str]) -> None:
    """Raise TypeError for the first of these names that no class of the client takes as an argument."""
    known = sorted({name for each in client.__mro__ if "__init__" in vars(each) for name in _arguments(each)})
    for name in sorted(set(unknown) - set(known)):
        from difflib import get_close_matches  # needed for this alone

        meant = get_close_matches(name, known, 1)
        hint = f"did you mean {meant[0]!r}?" if meant else f"it takes {', '.join(known)}"
        raise TypeError(f"{client.__name__}(): there is no setting {name!r}; {hint}")


def _arguments(client: type) -> list[str]:
    parameters = signature_of(vars(client)["__init__"]).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
