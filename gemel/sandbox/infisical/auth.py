"""Logins and the life of access tokens: universal auth, token auth, renew, revoke."""

from __future__ import annotations

from typing import Any

from ..store import Row
from . import tokens
from .access import permit_organization
from .backend import timestamp
from .errors import not_found
from .routing import Call, Routes
from .validation import ABSENT, coerced_number, text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def log_in(call: Call) -> Any:
    """POST universal-auth/login."""
    return call.backend.log_in(call.data["clientId"], call.data["clientSecret"])


def renew(call: Call) -> Any:
    """POST token/renew: a new token, or the end of one that cannot live longer."""
    return tokens.renew(call.backend.store, call.backend.key, call.data["accessToken"])


def revoke(call: Call) -> Any:
    """POST token/revoke."""
    tokens.revoke(call.backend.store, call.backend.key, call.data["accessToken"])
    return {"message": "Successfully revoked access token"}


def create_token(call: Call) -> Any:
    """POST token-auth/identities/{identityId}/tokens."""
    _permit(call)
    row, answer = call.backend.issue(call.params["identityId"], "token-auth", call.data["name"])
    return answer | {"tokenData": token_row(row)}


def list_tokens(call: Call) -> Any:
    """GET token-auth/identities/{identityId}/tokens."""
    _permit(call)
    rows = call.backend.store.all(
        "SELECT * FROM tokens WHERE identity_id = ? AND method = 'token-auth' ORDER BY created LIMIT ? OFFSET ?",
        call.params["identityId"],
        int(call.data["limit"]),
        int(call.data["offset"]),
    )
    return {"tokens": [token_row(row) for row in rows]}


def revoke_token(call: Call) -> Any:
    """POST token-auth/tokens/{tokenId}/revoke."""
    permit_organization(call, "edit", "identity")
    changed = call.backend.store.run(
        "UPDATE tokens SET revoked = 1 WHERE id = ? AND method = 'token-auth'", call.params["tokenId"]
    )
    if not changed:
        raise not_found(f"Token with ID {call.params['tokenId']} not found")
    return {"message": "Successfully revoked access token"}


def clear_lockouts(call: Call) -> Any:
    """POST universal-auth/identities/{identityId}/clear-lockouts."""
    _permit(call)
    return {"deleted": call.backend.lockouts.forget(call.params["identityId"])}


def _permit(call: Call) -> None:
    permit_organization(call, "edit", "identity")
    identity_id = call.params["identityId"]
    known = "SELECT 1 FROM identities WHERE id = ? AND kind = 'identity'"
    if call.backend.store.one(known, identity_id) is None:
        raise not_found(f"Failed to find identity with ID {identity_id}")


def token_row(row: Row) -> dict[str, Any]:
    """A recorded token as the API shows it; never the token itself."""
    created = timestamp(row["created"])
    return {
        "id": row["id"],
        "accessTokenTTL": row["ttl"],
        "accessTokenMaxTTL": row["max_ttl"],
        "accessTokenNumUses": row["num_uses"],
        "accessTokenNumUsesLimit": row["num_uses_limit"],
        "accessTokenLastUsedAt": None,
        "accessTokenLastRenewedAt": None,
        "isAccessTokenRevoked": bool(row["revoked"]),
        "identityUAClientSecretId": None,
        "identityId": row["identity_id"],
        "createdAt": created,
        "updatedAt": created,
        "name": row["name"],
        "authMethod": row["method"],
        "accessTokenPeriod": 0,
    }


_ORGANIZATION = {"organizationSlug": text(default=ABSENT, least=1, most=64)}
_TOKEN = {"accessToken": text()}
_LOGIN = {"clientId": text(), "clientSecret": text()} | _ORGANIZATION

routes.add("POST", "/api/v1/auth/universal-auth/login", log_in, body=_LOGIN, auth=False)
routes.add("POST", "/api/v1/auth/token/renew", renew, body=_TOKEN, auth=False)
routes.add("POST", "/api/v1/auth/token/revoke", revoke, body=_TOKEN, auth=False)
routes.add(
    "POST",
    "/api/v1/auth/token-auth/identities/{identityId}/tokens",
    create_token,
    body={"name": text(default=None)} | _ORGANIZATION,
)
routes.add(
    "GET",
    "/api/v1/auth/token-auth/identities/{identityId}/tokens",
    list_tokens,
    query={
        "offset": coerced_number("offset", 0, least=0, most=100),
        "limit": coerced_number("limit", 20, least=1, most=100),
    },
)
routes.add("POST", "/api/v1/auth/token-auth/tokens/{tokenId}/revoke", revoke_token)
routes.add("POST", "/api/v1/auth/universal-auth/identities/{identityId}/clear-lockouts", clear_lockouts)
