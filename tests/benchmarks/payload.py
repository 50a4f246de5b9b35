"""What the benchmark server answers: one secret, and a list of 1,000, in the shape the API documents for v3 and v4.

Every field of the documented `Secret` is present except the nullable `actor`, and no other field: the strict models
of all peers accept it, and none of them meets a field it does not know for being of another generation.
Source of the shape: https://infisical.com/docs/api-reference/endpoints/secrets/list
"""

import json
from typing import Any

KEY = "DATABASE_URL"
PROJECT = "7c1f0e52-90d4-4d5e-8a0f-3f7c51d2a001"
ENVIRONMENT = "prod"
COUNT = 1_000
TAG = {"id": "0b6b0f0e-6f0c-4a53-8a55-2f8f2f6f7a10", "slug": "database", "color": "#0ea5e9", "name": "database"}
METADATA = {"key": "owner", "value": "platform-team", "isEncrypted": False}

# A JSON web token with `iat` in 2023 and `exp` in 2100: infisical-httpx-sdk reads both on each call.
# Its parts are {"alg":"HS256","typ":"JWT"}, {"iat":1700000000,"exp":4102444800} and 32 zero bytes.
TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0"
    ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def value(index: int) -> str:
    """The value of secret number `index`; number 0 is the one called `KEY`."""
    return f"postgresql://service:{index:032x}@db-{index}:5432/main"


def secret(index: int) -> dict[str, Any]:
    """Secret number `index` as the server writes it."""
    return {
        "id": f"5f0c8a64-2b1d-4c39-9e77-{index:012x}",
        "_id": f"5f0c8a64-2b1d-4c39-9e77-{index:012x}",
        "workspace": PROJECT,
        "environment": ENVIRONMENT,
        "version": 1 + index % 9,
        "type": "shared",
        "secretKey": KEY if index == 0 else f"SERVICE_{index}_URL",
        "secretValue": value(index),
        "secretComment": "",
        "secretReminderNote": None,
        "secretReminderRepeatDays": None,
        "skipMultilineEncoding": False,
        "createdAt": "2025-03-14T09:26:53.589Z",
        "updatedAt": "2025-11-02T17:45:09.120Z",
        "isRotatedSecret": False,
        "rotationId": None,
        "secretPath": "/",
        "secretValueHidden": False,
        "secretMetadata": [METADATA] if index % 2 else [],
        "tags": [TAG] if index % 4 == 0 else [],
    }


def encoded(body: Any) -> bytes:
    """`body` as JSON without spaces, the way the real server writes it."""
    return json.dumps(body, separators=(",", ":")).encode()


def one_secret() -> bytes:
    """The reply to a GET of one secret."""
    return encoded({"secret": secret(0)})


def all_secrets() -> bytes:
    """The reply to a list of `COUNT` secrets."""
    return encoded({"secrets": [secret(index) for index in range(COUNT)], "imports": []})


def login() -> bytes:
    """The reply to a universal-auth login."""
    return encoded({"accessToken": TOKEN, "expiresIn": 86400, "accessTokenMaxTTL": 86400, "tokenType": "Bearer"})
