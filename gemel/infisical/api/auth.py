# mypy: disable-error-code="empty-body"
"""Authentication of machine identities: universal auth, and access tokens."""

from __future__ import annotations

from typing import Annotated

from gemel.infisical.models.auth import AccessToken, TokenRevocation
from gemel.kit.declare import post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, M, Omit

__all__ = ["AccessTokens", "UniversalAuth"]


class UniversalAuth(Resource[M], case="camel"):
    """Universal auth: a client id and a client secret.

    https://infisical.com/docs/api-reference/endpoints/universal-auth/login
    """

    @post("api/v1/auth/universal-auth/login", auth=None)
    def login(
        self, *, client_id: str, client_secret: Annotated[str, SECRET], organization_slug: str | Omit = OMIT
    ) -> AccessToken:
        """Log in a machine identity; by default three failures in a row lock it for five minutes."""
        ...


class AccessTokens(Resource[M], case="camel"):
    """Access tokens of machine identities.

    https://infisical.com/docs/api-reference/endpoints/universal-auth/renew-access-token
    """

    @post("api/v1/auth/token/renew", auth=None)
    def renew(self, access_token: Annotated[str, SECRET]) -> AccessToken:
        """Renew a token before it expires; the reply holds a new one."""
        ...

    @post("api/v1/auth/token/revoke", auth=None)
    def revoke(self, access_token: Annotated[str, SECRET]) -> TokenRevocation:
        """Revoke a token."""
        ...
