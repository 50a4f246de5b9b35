"""Records of authentication: access tokens."""

from __future__ import annotations

from typing import Annotated

from gemel.kit.models.model import Model, field
from gemel.kit.types import SECRET

__all__ = ["AccessToken", "TokenRevocation"]


class AccessToken(Model, case="camel"):
    """An access token of a machine identity.

    Attributes:
        access_token: The token.
        expires_in: Seconds until it expires, 0 for no limit.
        access_token_max_ttl: Seconds to which its life can be extended by renewing, 0 for no limit.
        token_type: The authentication scheme.
    """

    access_token: Annotated[str, SECRET]
    expires_in: int
    access_token_max_ttl: int = field(name="accessTokenMaxTTL", default=0)
    token_type: str = "Bearer"


class TokenRevocation(Model, case="camel"):
    """The reply to the revocation of a token."""

    message: str
