"""InfisicalClient and InfisicalAsyncClient: the clients of the Infisical API."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import Unpack

from gemel.infisical.api.auth import AccessTokens, UniversalAuth
from gemel.infisical.api.folders import Folders
from gemel.infisical.api.imports import SecretImports
from gemel.infisical.api.projects import Environments, Projects
from gemel.infisical.api.secrets import Secrets
from gemel.infisical.credentials import ProviderChain, check_texts, find_credential
from gemel.infisical.environment import checks_certificates, find_endpoint
from gemel.infisical.errors import read_infisical_fault, token_refused
from gemel.infisical.hidden import NoHiddenValues
from gemel.infisical.limits import limit_group
from gemel.kit.calls.undeclared import expected_decoder, undeclared_request
from gemel.kit.client import AsyncClient, BaseClient, Client, Settings
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.problem import Fault
from gemel.kit.policies.events import Observers
from gemel.kit.policies.pipeline import Pipeline
from gemel.kit.policies.redirects import Redirects
from gemel.kit.policies.retry import Retrying
from gemel.kit.stubs.resource import extensible
from gemel.kit.tracebacks import entry
from gemel.kit.types import Async, M, Sync

if TYPE_CHECKING:
    import aiohttp
    import requests

__all__ = ["BaseInfisicalClient", "InfisicalAsyncClient", "InfisicalClient", "InfisicalSettings"]

HttpMethod = Literal["get", "post", "put", "patch", "delete"]


class InfisicalSettings(Settings, total=False):
    """The settings of both clients; `BaseInfisicalClient.__init__` describes them."""

    endpoint: str | None
    token: str | None
    client_id: str | None
    client_secret: str | None
    provider_chain: ProviderChain | None


@extensible
class BaseInfisicalClient(BaseClient[M]):
    """The base of both clients: the resources of the Infisical API."""

    secrets: Secrets[M]
    folders: Folders[M]
    projects: Projects[M]
    environments: Environments[M]
    secret_imports: SecretImports[M]
    universal_auth: UniversalAuth[M]
    access_tokens: AccessTokens[M]

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        provider_chain: ProviderChain | None = None,
        session: Any = None,
        **settings: Unpack[Settings],
    ) -> None:
        """Make a client.

        Args:
            endpoint: The server's address; else INFISICAL_URL, _DOMAIN, _API_URL, _HOST or _SITE_URL, else the US
                cloud.
            token: An access token or a service token; else, without client id and secret, INFISICAL_TOKEN.
            client_id, client_secret: Of a machine identity (universal auth); else INFISICAL_CLIENT_ID and
                _CLIENT_SECRET.
            provider_chain: An object whose `resolve()` finds the credentials. session, follow_redirects, timeout,
                retries and the other settings: as for `gemel.BaseClient`.

        Raises:
            CredentialsError: No usable credentials were found.
            InvalidArgument: One of the texts is not a str.
            ValueError: A setting cannot work.
        """
        check_texts(endpoint=endpoint, token=token, client_id=client_id, client_secret=client_secret)
        credential, found_endpoint = find_credential(
            token=token, client_id=client_id, client_secret=client_secret, provider_chain=provider_chain
        )
        if settings.get("verify", True) is True and settings.get("trust_env", True) and not checks_certificates():
            settings["verify"] = False
        super().__init__(find_endpoint(endpoint, found_endpoint), credential=credential, session=session, **settings)

    def _exchange(self, redirects: Redirects | None, retrying: Retrying, observers: Observers | None) -> Pipeline:
        """Return the way of a request, which one with a hidden value does not begin."""
        return partial(NoHiddenValues().around, send=super()._exchange(redirects, retrying, observers))

    def _read_fault(self, response: Response) -> Fault:
        """Read an error body of the Infisical API."""
        return read_infisical_fault(response)

    def _token_refused(self, response: Response) -> bool:
        """Say whether the token is no longer accepted: 401, or 403 with the code TokenError."""
        return token_refused(response)

    def _limited_with(self, request: Request) -> str:
        """Return the name of the rate limit that a request falls under: secrets, auth, read or write."""
        return limit_group(request)


class InfisicalClient(BaseInfisicalClient[Sync], Client):
    """The blocking Infisical client: `with InfisicalClient() as client: client.secrets.retrieve(...)`."""

    def __init__(self, *, session: requests.Session | None = None, **settings: Unpack[InfisicalSettings]) -> None:
        """Make a blocking client; the settings are those of BaseInfisicalClient."""
        super().__init__(session=session, **settings)

    @entry
    def create_request(
        self,
        method: HttpMethod,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Callable[[], Response]:
        """Return a function that sends a request and returns its reply, whatever the status.

        Args:
            method: The HTTP verb.
            url: The path below the endpoint, or an absolute address of the same origin.
            params: Query parameters.
            body: The body, sent as JSON; None sends no body.

        Raises:
            InvalidArgument: The address has another origin, or a value cannot be sent.
        """
        request = undeclared_request(self._caller, method, url, params, body, "create_request")

        @entry
        def send() -> Response:
            return self._caller.send(self._caller.started(request))

        return send

    @entry
    def handle_request(
        self, request: Callable[[], Response], expected_responses: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a request made by `create_request` and decode its reply.

        Args:
            request: What `create_request` returned.
            expected_responses: The keys of the reply, each with its model or marshmallow schema; the first key that is
                found is decoded, and the empty key means the whole reply. None returns the JSON as it is.

        Returns:
            The decoded value.

        Raises:
            APIStatusError: The status is not a success.
            ResponseValidationError: No key is found, or its value is invalid; it is a ValueError too.
            InvalidArgument: JSON cannot be read as one of the types; nothing was sent.
        """
        return expected_decoder(self._caller, expected_responses)(request())


class InfisicalAsyncClient(BaseInfisicalClient[Async], AsyncClient):
    """The async Infisical client: `async with InfisicalAsyncClient() as client: await client.secrets.retrieve(...)`."""

    def __init__(self, *, session: aiohttp.ClientSession | None = None, **settings: Unpack[InfisicalSettings]) -> None:
        """Make an async client; the settings are those of BaseInfisicalClient."""
        super().__init__(session=session, **settings)

    @entry
    def create_request(
        self,
        method: HttpMethod,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Coroutine[Any, Any, Response]:
        """Return a coroutine that sends a request and returns its reply; otherwise as for the blocking client."""
        return self._send(undeclared_request(self._caller, method, url, params, body, "create_request"))

    @entry
    async def _send(self, request: Request) -> Response:
        return await self._caller.asend(self._caller.started(request))

    @entry
    async def handle_request(
        self, request: Coroutine[Any, Any, Response], expected_responses: Mapping[str, Any] | None = None
    ) -> Any:
        """Await a request made by `create_request` and decode its reply; otherwise as for the blocking client."""
        try:
            decode = expected_decoder(self._caller, expected_responses)
        except InvalidArgument:
            # A coroutine that is never awaited makes Python warn.
            request.close()
            raise
        return decode(await request)
