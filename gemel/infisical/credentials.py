"""Where credentials come from: arguments first, then the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from gemel.infisical.api.auth import AccessTokens, UniversalAuth
from gemel.kit.errors import CredentialsError, InvalidArgument
from gemel.kit.flow.effects import Flow
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Credential, Fetch, Revoke, Token, digest
from gemel.kit.tracebacks import warn_caller
from gemel.kit.types import Sync

__all__ = ["ProviderChain", "UniversalAuthCredential", "check_texts", "find_credential"]

_TOKEN_VARIABLES = ("INFISICAL_TOKEN", "INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN")
_PAIR_VARIABLES = (
    ("INFISICAL_CLIENT_ID", "INFISICAL_CLIENT_SECRET"),
    ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"),
)


class ProviderChain(Protocol):
    """An object that finds credentials: `resolve()` returns a token, a Credential, or an object with `get_token()`."""

    def resolve(self) -> Any:
        """Return the credentials; if the object has an attribute `url`, it names the server."""
        ...


class UniversalAuthCredential:
    """A client id and secret of a machine identity; it logs in when a token is needed, and can revoke the token.

    Args:
        client_id: The client id of the identity.
        client_secret: Its client secret.
    """

    renewable: bool = True

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self._client_secret = client_secret

    def __repr__(self) -> str:
        return f"UniversalAuthCredential(client_id={self.client_id!r}, client_secret={MASK})"

    def identity(self) -> bytes:
        """Return the digest of the identity, the same for all of its tokens."""
        return digest("universal-auth", self.client_id, self._client_secret)

    def bound(self, caller: Caller) -> Fetch:
        """Return the function that logs one client in."""
        login = UniversalAuth[Sync](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            made = yield from login.flow(deadline, client_id=self.client_id, client_secret=self._client_secret)
            return Token(made.access_token, made.expires_in or None)

        return fetch

    def revoking(self, caller: Caller) -> Revoke:
        """Return the function that revokes tokens of this login; the setting `revoke_on_close` uses it."""
        revoke = AccessTokens[Sync](caller).revoke
        return lambda token, deadline: revoke.flow(deadline, token.value)


def check_texts(**settings: object) -> None:
    """Raise InvalidArgument for a setting that is neither a str nor None, without showing its value."""
    for name, value in settings.items():
        if value is not None and not isinstance(value, str):
            raise InvalidArgument("InfisicalClient", name, f"expected str, got {type(value).__name__}")


def find_credential(
    *,
    token: str | None,
    client_id: str | None,
    client_secret: str | None,
    provider_chain: ProviderChain | None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Credential, str | None]:
    """Return the credential to use, and the address it came with; warns of others in the environment.

    Raises:
        CredentialsError: Nothing usable was found; the message lists what was looked for and where.
    """
    if provider_chain is not None:
        return _provided(provider_chain)
    if token and (client_id or client_secret):
        raise CredentialsError("give either token, or client_id and client_secret, not both")
    if token:
        return Bearer(_sendable(token)), None
    if client_id or client_secret:
        return _pair(client_id, client_secret, "client_id", "client_secret"), None
    return _from_environment(environ), None


def _from_environment(environ: Mapping[str, str]) -> Credential:
    """Return the first whole pair, else the first token; the pair can log in again when its token is over."""
    pairs = [names for names in _PAIR_VARIABLES if any(environ.get(name) for name in names)]
    whole = [names for names in pairs if all(environ.get(name) for name in names)]
    tokens = [name for name in _TOKEN_VARIABLES if environ.get(name)]
    if whole:
        _warn_of_others(environ, whole[0], [*(names for names in pairs if names != whole[0]), *((t,) for t in tokens)])
        id_name, secret_name = whole[0]
        return UniversalAuthCredential(environ[id_name], environ[secret_name])
    if tokens:
        _warn_of_others(environ, tokens[:1], [*pairs, *((name,) for name in tokens[1:])])
        return Bearer(_sendable(environ[tokens[0]]))
    if pairs:
        id_name, secret_name = pairs[0]
        return _pair(environ.get(id_name), environ.get(secret_name), id_name, secret_name)
    looked_for = [*(" with ".join(pair) for pair in _PAIR_VARIABLES), *_TOKEN_VARIABLES]
    raise CredentialsError(
        "no credentials found. Looked for the arguments token, client_id with client_secret, provider_chain; "
        f"and in the environment for {', '.join(looked_for)}"
    )


def _warn_of_others(environ: Mapping[str, str], used: Sequence[str], others: Iterable[Sequence[str]]) -> None:
    """Warn of credentials that are set and not used, unless they are the same under another name."""
    values = [environ[name] for name in used]
    unused = [name for names in others if [environ.get(name) for name in names] != values for name in names]
    ignored = [name for name in unused if environ.get(name)]
    if ignored:
        warn_caller(f"several credentials are set; used: {' and '.join(used)}; ignored: {' and '.join(ignored)}")


def _pair(client_id: str | None, client_secret: str | None, id_name: str, secret_name: str) -> Credential:
    if not client_id or not client_secret:
        missing, present = (id_name, secret_name) if client_secret else (secret_name, id_name)
        raise CredentialsError(f"{present} is given but {missing} is not; universal auth needs both")
    return UniversalAuthCredential(client_id, client_secret)


def _provided(chain: ProviderChain) -> tuple[Credential, str | None]:
    resolve: Any = getattr(chain, "resolve", None)
    if not callable(resolve):
        raise CredentialsError(f"provider_chain: expected an object with resolve(), got {type(chain).__name__}")
    found: Any = resolve()
    return _as_credential(found), getattr(found, "url", None)


def _as_credential(found: Any) -> Credential:
    if isinstance(found, str) and found:
        return Bearer(_sendable(found))
    if isinstance(found, Credential):
        return found
    get_token = cast("Callable[[], str] | None", getattr(found, "get_token", None))
    if get_token is not None:
        return Bearer(get_token)
    raise CredentialsError(
        "provider_chain.resolve() must give a token, a Credential or an object with get_token(), "
        f"it gave {type(found).__name__}"
    )


def _sendable(token: str) -> str:
    """Return the token as it is sent: of a service token the first three parts, since the fourth is a key."""
    return ".".join(token.split(".")[:3]) if token.startswith("st.") else token
