# mypy: disable-error-code="empty-body"
"""User code with settings and credentials: what the checkers must understand (R) and must reject (E)."""

import time
from pathlib import Path
from typing import Annotated

import aiohttp
import requests
from typing_extensions import assert_type, reveal_type

from gemel import (
    SECRET,
    ApiKey,
    Async,
    AsyncClient,
    AwsSigV4,
    BaseClient,
    Bearer,
    Body,
    Cache,
    Caller,
    Client,
    Credential,
    CredentialSource,
    Digest,
    Drift,
    EndpointInfo,
    Event,
    Fetch,
    Flow,
    M,
    Model,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    Poll,
    Request,
    Resource,
    Response,
    Retry,
    Revocable,
    Revoke,
    Signature,
    Signed,
    Sleep,
    Sync,
    Timeout,
    Token,
    get,
    post,
    put,
    wait_until,
)
from gemel.infisical import InfisicalAsyncClient, InfisicalClient, Project
from gemel.testing import FrozenClock, Random


class Issued(Model):
    """A token as it is issued."""

    token: Annotated[str, SECRET]


class Tokens(Resource[M]):
    """The endpoints of a credential."""

    @post("login", auth=None)
    def login(self, *, user: str) -> Issued:
        """Fetch a token."""
        ...

    @post("logout", auth=None)
    def revoke(self, token: Annotated[str, SECRET]) -> None:
        """Give a token back."""
        ...

    @put("icon")
    def icon(self, icon: Annotated[bytes, Body(content_type="image/png")]) -> None:
        """Send bytes as they are."""
        ...


class User:
    """A credential whose tokens can be given back."""

    renewable: bool = True

    def bound(self, caller: Caller) -> Fetch:
        """Return the login."""
        login = Tokens[Sync](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            issued = yield from login.flow(deadline, user="ada")
            assert_type(issued, Issued)
            return Token(issued.token, lifetime=3600)

        return fetch

    def revoking(self, caller: Caller) -> Revoke:
        """Return the way back."""
        revoke = Tokens[Sync](caller).revoke
        return lambda token, deadline: revoke.flow(deadline, token.value)


class Wrong:
    """One that gives texts in the place of tokens."""

    renewable: bool = True

    def bound(self, caller: Caller) -> str:
        """Return what is no way to a token."""
        return "token"


class Service(BaseClient[M]):
    """An SDK of a user's own."""

    tokens: Tokens[M]


class ServiceClient(Service[Sync], Client):
    """Blocking."""


class AsyncServiceClient(Service[Async], AsyncClient):
    """Awaited."""


def told(event: Event) -> None:
    """Observe."""


def drifted(drift: Drift) -> None:
    """Note."""


mine: Credential = User()
back: Revocable = User()


def sync_user() -> None:
    """What a blocking client takes."""
    with ServiceClient("http://h", credential=mine, revoke_on_close=True, session=requests.Session()) as client:
        client.tokens.icon(b"png")
        reveal_type(client.request("GET", "x", params={"a": 1}, headers={"X-A": "b"}))  # R: Response
        reveal_type(client.tokens.login.curl(user="ada"))  # R: str
        assert_type(client.endpoints(), list[EndpointInfo])
        assert_type(ServiceClient.endpoints(), list[EndpointInfo])
        poll: Poll[Issued] = Poll(lambda issued: issued.token != "")
        reveal_type(client.run(wait_until(poll, client.tokens.login, user="ada")))  # R: Issued
        reveal_type(client.with_options(timeout=Timeout(total=5), retries=Retry(limit=1)))  # R: ServiceClient
    clock = FrozenClock()
    watched = InfisicalClient(
        token="t", on_retry=told, on_drift=drifted, validate="strict", clock=clock, random=Random(0.5)
    )
    assert_type(watched.projects.list(), list[Project])
    ServiceClient("http://h", cache=Cache(ttl=60), credential=Bearer("t"), timeout=5, retries=0, verify=False)


async def async_user() -> None:
    """The same, awaited."""
    session = aiohttp.ClientSession()
    async with AsyncServiceClient("http://h", credential=mine, revoke_on_close=True, session=session) as client:
        await client.tokens.icon(b"png")
        reveal_type(await client.request("GET", "x"))  # R: Response
        assert_type((await client.tokens.login.raw(user="ada")).value, Issued)
        await client.aclose()
    async with InfisicalAsyncClient(client_id="i", client_secret="s", revoke_on_close=True) as other:
        assert_type(await other.request("GET", "x"), Response)


def signed(request: Request) -> dict[str, str]:
    """Sign."""
    return {"X-Signature": f"{request.method} {request.path} {request.query}"}


def signing(request: Request) -> Flow[Signature]:
    """Sign in a flow."""
    yield Sleep(0)
    return Signature(headers=signed(request), query={"sig": "a"})


async def awaited() -> Token:
    """Give a token."""
    return Token("t", lifetime=60)


def credentials() -> None:
    """What a client takes."""
    key = ApiKey("k", header="Authorization", prefix="Bot")
    given: CredentialSource = key
    ServiceClient("http://h", credential=given)
    ServiceClient("http://h", credential="token", origins=["https://uploads.example"])
    ServiceClient("http://h", credential=("user", "password"))
    AsyncServiceClient("http://h", credential=Bearer(awaited))
    ServiceClient("http://h", credential={"user": Bearer(Path("token")), "app": key, "no": None, "pair": ("u", "p")})
    ServiceClient("http://h", credential={"hmac": Signed(signed, headers=["X-Signature"]), "flow": Signed(signing)})
    ServiceClient("http://h", credential={"one": Digest("u", "p"), "aws": AwsSigV4(region="r", service="s3")})
    grant = OAuth2ClientCredentials("token", "id", lambda: "secret", scope=["a"], authentication="body")
    ServiceClient("http://h", credential={"app": grant, "user": OAuth2RefreshToken("token", "r", client_id="id")})


def mistakes() -> None:
    """Each of these must be an error."""
    ServiceClient("http://h", revoke_on_close="yes")  # E1 not a bool
    ServiceClient("http://h", timeot=5)  # E2 a misspelt setting
    ServiceClient("http://h", timeout="5")  # E3 a text
    ServiceClient("http://h", retries="2")  # E4 a text
    ServiceClient("http://h", validate="loose")  # E5 not one of the three
    ServiceClient("http://h", on_drift=told)  # E6 takes an Event, is given a Drift
    ServiceClient("http://h", cache=60)  # E7 a number is no Cache
    ServiceClient("http://h", credential=b"token")  # E8 bytes are no credential
    ServiceClient("http://h", credential=Wrong())  # E9 its `bound` gives no way to a token
    ServiceClient("http://h", session=aiohttp.ClientSession())  # E10 the session of the other mode
    ServiceClient("http://h", clock=time.monotonic)  # E11 a function is no Clock
    InfisicalClient(revoke_on_close=None)  # E12 not a bool
    InfisicalAsyncClient(tokn="t")  # E13 a misspelt setting
    ServiceClient("http://h").tokens.icon("png")  # E14 a text is no bytes
    nothing: Revocable = Bearer("t")  # E15 a given token is not given back
    ServiceClient("http://h").request("GET", "x", query={"a": 1})  # E16 it is called params
    ServiceClient("http://h", credential=("user",))  # E17 no password
    ServiceClient("http://h", credential={"user": 5})  # E18 a number is no credential
    ApiKey("k", place="X-Key")  # E19 a place is header=, query= or cookie=
    Bearer(5)  # E20 a number is no token
    OAuth2ClientCredentials("token", "id", "secret", authentication="jwt")  # E21 neither basic nor body
    get("x", auth=5)  # E22 a number is no name
    get("x", auth=["user"])  # E23 a list is no tuple
    AwsSigV4(region="eu-central-1")  # E24 for no service
    Digest("user")  # E25 no password
    Signed(told)  # E26 takes a Request, is given a function of an Event
