"""Recognises credentials by their names, in header fields, parameters and members of bodies."""

from __future__ import annotations

import re
from binascii import a2b_base64
from urllib.parse import parse_qsl, unquote, urlsplit

from gemel.kit.http.redaction import MASK

__all__ = [
    "address_secrets",
    "credentials_in",
    "is_sensitive",
    "is_sensitive_header",
    "is_sensitive_parameter",
    "without_password",
    "without_sensitive_parameters",
]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_CREDENTIALS = (
    *("authorization", "cookie", "token", "secret", "password", "passwd", "passphrase", "passcode", "signature"),
    *("credential", "accesskey", "accountkey", "adminkey", "apikey", "appkey", "applicationkey", "authkey"),
    *("authenticationkey", "clientkey", "consumerkey", "decryptionkey", "deploykey", "encryptionkey", "functionkey"),
    *("functionskey", "hmackey", "hostkey", "licensekey", "licencekey", "masterkey", "privatekey", "rootkey"),
    *("servicekey", "sessionkey", "sharedkey", "signingkey", "sshkey", "storagekey", "subscriptionkey", "vaultkey"),
    *("webhookkey", "codeverifier", "connectionstring", "jsessionid", "phpsessid", "aspsessionid"),
)
_CREDENTIAL_WORDS = frozenset({"bearer", "jwt", "hmac", "otp", "totp", "pwd", "sig", "assertion"})
_HARMLESS_KEYS = (
    *("cachekey", "correlationkey", "dedupkey", "deduplicationkey", "foreignkey", "groupkey", "idempotencykey"),
    *("lookupkey", "messagekey", "objectkey", "orderkey", "partitionkey", "primarykey", "publickey", "rangekey"),
    *("requestkey", "routingkey", "rowkey", "searchkey", "socketkey", "sortkey", "surrogatekey", "tracekey"),
)


def is_sensitive(name: str) -> bool:
    """Say whether a header, parameter or member of this name is taken for a credential.

    Case and the way words are joined do not matter: `api_key`, `apiKey` and `X-API-KEY` are the same.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    folded = "".join(words)
    return (
        any(part in folded for part in _CREDENTIALS)
        or not _CREDENTIAL_WORDS.isdisjoint(words)
        or words[-1:] in (["auth"], ["pass"])
    )


def is_sensitive_header(name: str) -> bool:
    """Say the same of a header, where every key except some known ones is a credential, as `X-Acme-Key`."""
    folded = "".join(_WORD.findall(name)).lower()
    return is_sensitive(name) or (folded.endswith("key") and folded != "key" and not folded.endswith(_HARMLESS_KEYS))


def is_sensitive_parameter(name: str) -> bool:
    """Say the same of an undeclared query parameter, where a mere `key` is a credential too."""
    return name.lower() == "key" or is_sensitive(name)


def credentials_in(value: str) -> list[str]:
    """Return the secrets in a header value: the value, a token without its scheme, and values of cookies."""
    scheme, _, rest = value.partition(" ")
    found = [value]
    if scheme.lower() in ("bearer", "basic", "digest", "token", "apikey"):
        found.append(rest)
    if scheme.lower() == "basic":
        found.append(_basic_password(rest))
    cookies = [pair.strip().partition("=") for pair in value.split(";")]
    found += [text for name, _, text in cookies if name.lower() not in _COOKIE_ATTRIBUTES]
    return [text for text in found if text]


_COOKIE_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite"})


def _basic_password(text: str) -> str:
    """Return the password of HTTP Basic credentials (RFC 7617)."""
    try:
        return a2b_base64(text).decode().partition(":")[2]
    except ValueError:
        return ""


def address_secrets(address: str, known: str = "") -> list[str]:
    """Return the values of parameters in an address that are credentials by their names, such as a signature.

    Args:
        address: The address.
        known: Another address, whose values are left out.
    """
    if "=" not in address:
        return []
    ours = {value for _, value in _parameters(known)}
    return [value for name, value in _parameters(address) if value not in ours and is_sensitive_parameter(name)]


def _parameters(address: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(address).query)
    except ValueError:
        return []


# Of a parameter inside a parameter, such as the address to go on to, the signs around it are encoded.
_NAME = re.compile(r"(?:^|[?&;,#\s]|%3[fF]|%2[36])((?:(?!%3[dDfF]|%2[36])[^=&?#;\s\"'<>])+)(=|%3[dD])")
_VALUE = {"=": re.compile(r"[^&#\s\"'<>]+"), "%3d": re.compile(r"(?:(?!%2[36])[^&#\s\"'<>])+")}
_USER = re.compile(r"(?:(?<=://)|(?<=^//)|(?<=[\s\"'<=]//))[^/\s@]*@")


def without_sensitive_parameters(text: str) -> str:
    """Return a text in which the parameters of addresses are masked that are credentials by their names.

    Those of a fragment too, where OAuth 2.0 puts a token (RFC 6749, section 4.2.2).
    """
    pieces, end, at = list[str](), 0, 0
    while (found := _NAME.search(text, at)) is not None:
        at = found.end()
        value = _VALUE[found[2].lower()].match(text, at)
        if value is not None and is_sensitive(unquote(found[1])):
            pieces += [text[end:at], MASK]
            at = end = value.end()
    return "".join(pieces) + text[end:]


def without_password(text: str) -> str:
    """Mask user and password in a text's addresses: `http://***@proxy.example`."""
    return _USER.sub(f"{MASK}@", text) if "@" in text else text
