"""Access tokens: HS256 JSON web tokens (RFC 7519) made and verified with the standard library."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from ..store import Row, Store
from .errors import ApiError, token_error, unauthorized

__all__ = ["expired_error", "issue", "renew", "resolve", "revoke", "verify"]

KIND = "identityAccessToken"
USER_KIND = "accessToken"
HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


def expired_error() -> ApiError:
    """The refusal of a token whose time is over."""
    return token_error("Your token has expired. Please re-authenticate.")


def _malformed() -> ApiError:
    return token_error(
        "The provided access token is malformed. Please use a valid token or generate a new one and try again."
    )


def _sign(key: bytes, payload: dict[str, Any]) -> str:
    body = base64.urlsafe_b64encode(json.dumps(payload, separators=(",", ":")).encode()).rstrip(b"=")
    signed = HEADER + b"." + body
    return (signed + b"." + _signature(key, signed)).decode()


def _signature(key: bytes, signed: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, signed, hashlib.sha256)).rstrip(b"=")


def _part(text: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise token_error("invalid token") from None
    if not isinstance(value, dict):
        raise token_error("invalid token")
    return value  # pyright: ignore[reportUnknownVariableType]


def verify(key: bytes, token: str) -> dict[str, Any]:
    """The payload of a token of this server.

    Raises:
        ApiError: 403 TokenError when the token is malformed, signed by another key, or expired.
    """
    parts = token.encode(errors="replace").split(b".")
    if len(parts) != 3 or not all(parts):
        raise _malformed()
    if _part(parts[0]).get("alg") != "HS256":
        raise token_error(
            "The access token is signed with an invalid algorithm. Please provide a valid token and try again."
        )
    if not hmac.compare_digest(_signature(key, parts[0] + b"." + parts[1]), parts[2]):
        raise token_error("invalid signature")
    payload = _part(parts[1])
    if int(time.time()) >= payload.get("exp", float("inf")):
        raise expired_error()
    return payload


def issue(store: Store, key: bytes, identity: Row, method: str, name: str | None = None) -> tuple[Row, dict[str, Any]]:
    """Record a new token of an identity or a user; its row, and the flat object that logins answer with."""
    token_id = str(uuid.uuid4())
    store.insert(
        "tokens",
        id=token_id,
        identity_id=identity["id"],
        method=method,
        name=name,
        ttl=identity["access_token_ttl"],
        max_ttl=identity["access_token_max_ttl"],
        num_uses_limit=identity["num_uses_limit"],
        created=time.time(),
    )
    row = store.one("SELECT * FROM tokens WHERE id = ?", token_id)
    assert row is not None
    return row, _answer(key, row, identity["kind"] == "user")


def _answer(key: bytes, row: Row, is_user: bool = False) -> dict[str, Any]:
    now = int(time.time())
    payload: dict[str, Any] = (
        {"userId": row["identity_id"], "tokenVersionId": row["id"], "authTokenType": USER_KIND}
        if is_user
        else {
            "identityId": row["identity_id"],
            "identityAccessTokenId": row["id"],
            "authTokenType": KIND,
            "accessTokenTTL": row["ttl"],
            "accessTokenMaxTTL": row["max_ttl"],
        }
    )
    payload |= {"jti": uuid.uuid4().hex, "iat": now}
    if row["ttl"]:
        payload["exp"] = now + row["ttl"]
    return {
        "accessToken": _sign(key, payload),
        "expiresIn": row["ttl"],
        "accessTokenMaxTTL": row["max_ttl"],
        "tokenType": "Bearer",
    }


def resolve(store: Store, key: bytes, token: str) -> Row:
    """The recorded token behind a JSON web token.

    Raises:
        ApiError: 403 TokenError as `verify` does; 401 when it was revoked or has been used up.
    """
    payload = verify(key, token)
    names = {KIND: "identityAccessTokenId", USER_KIND: "tokenVersionId"}
    held = names.get(str(payload.get("authTokenType")), "")
    row = store.one("SELECT * FROM tokens WHERE id = ?", payload.get(held))
    if row is None or row["revoked"]:
        raise unauthorized()
    if row["expired"]:
        raise expired_error()
    if row["num_uses_limit"] and row["num_uses"] >= row["num_uses_limit"]:
        raise unauthorized("Unable to renew because access token number of uses limit reached")
    return row


def renew(store: Store, key: bytes, token: str) -> dict[str, Any]:
    """A new token in the place of one that still lives.

    Raises:
        ApiError: As `resolve`; 401 when the renewed life would pass the maximal one, which also
            ends the token, as the server does. With the default lives that is always so.
    """
    row = resolve(store, key, token)
    now = time.time()
    if row["max_ttl"] and now + row["ttl"] > row["created"] + row["max_ttl"]:
        store.update("tokens", row["id"], revoked=1)
        raise unauthorized("Failed to renew MI access token past its Max TTL expiration", keeps_changes=True)
    store.update("tokens", row["id"], renewed=now)
    return _answer(key, row)


def revoke(store: Store, key: bytes, token: str) -> None:
    """End a token.

    Raises:
        ApiError: As `resolve`.
    """
    store.update("tokens", resolve(store, key, token)["id"], revoked=1)
