"""Records of authentication: access tokens."""

from __future__ import annotations

from typing import Annotated

from gemel.kit.models.model import Model, field
from gemel.kit.types import SECRET

__all__ = ["AccessToken", "TokenRevocation"]


class AccessToken(Model, case="camel"):
    """An access token of a machine identity.

    Attributes:
        expires_in, access_token_max_ttl: Seconds; 0 means without limit.
    """

    access_token: Annotated[str, SECRET]
    expires_in: int
    access_token_max_ttl: int = field(name="accessTokenMaxTTL", default=0)
    token_type: str = "Bearer"


class TokenRevocation(Model, case="camel"):
    """What the server says when a token is revoked."""

    message: str
