"""What is never shown: secret values in any of their forms, and what goes by the name of a credential."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, quote_plus

__all__ = [
    "MASK",
    "is_sensitive",
    "redact",
]


MASK = "***"
"""What stands in the place of a secret value wherever text is shown."""


_SENSITIVE = ("authorization", "cookie", "api-key", "apikey", "token", "secret", "password", "signature")


_SHORTEST_MASKED = 4


def is_sensitive(name: str) -> bool:
    """Say whether what goes by this name is taken for a credential: a header, a parameter, a member of a body."""
    lowered = name.lower()
    return any(word in lowered for word in _SENSITIVE)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret value masked: as it is, percent-encoded, and as JSON and HTML write it.

    Values shorter than four characters are left alone: masking them would garble every message.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_MASKED:
            for form in {secret, quote(secret, safe=""), quote_plus(secret), escape(secret), *_as_json(secret)}:
                text = text.replace(form, MASK)
    return text


def _as_json(secret: str) -> tuple[str, ...]:
    """Return what stands between the quotes: in ASCII or not, and with the slashes as PHP writes them."""
    forms = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    return *forms, *(form.replace("/", "\\/") for form in forms)
