"""Signatures of Amazon Web Services: what arrives is what was signed, as the service works it out."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import io
from typing import Any

import pytest

from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import CredentialsError, DeclarationError
from gemel.kit.policies.aws import AwsSigV4

from .shop import Mode, ShopClient
from .wire import Seen, Wire, reply

ID, SECRET, SESSION = "AKIDEXAMPLE", "wJalrXUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY", "session-token-1"
needs_botocore = pytest.mark.skipif(importlib.util.find_spec("botocore") is None, reason="needs the extra [aws]")


def made(service: str = "execute-api", **more: Any) -> AwsSigV4:
    return AwsSigV4(region="eu-central-1", service=service, access_key=ID, secret_key=SECRET, **more)


def accepted(seen: Seen, service: str) -> bool:
    """Work the signature out from what has arrived.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    scheme, _, rest = seen.headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    names = given["SignedHeaders"].split(";")
    path, _, query = seen.target.partition("?")
    if service != "s3":
        path = path.replace("%", "%25")
    body = seen.headers.get("x-amz-content-sha256") or hashlib.sha256(seen.body).hexdigest()
    fields = "".join(f"{name}:{seen.headers[name]}\n" for name in names)
    asked = "\n".join((seen.method, path, "&".join(sorted(query.split("&"))), fields, given["SignedHeaders"], body))
    moment, scope = seen.headers["x-amz-date"], f"{seen.headers['x-amz-date'][:8]}/eu-central-1/{service}/aws4_request"
    text = "\n".join((scheme, moment, scope, hashlib.sha256(asked.encode()).hexdigest()))
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert given["Credential"] == f"{ID}/{scope}" and {"host", "x-amz-date"} <= set(names)
    return given["Signature"] == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


STEPS = [
    lambda shop: shop.request("GET", "x"),
    lambda shop: shop.request("GET", "a b/é", params={"b": "2 3", "a": "é+/", "A": "~"}),
    lambda shop: shop.request("POST", "x", body={"a": "é"}),
    lambda shop: shop.request("PUT", "x", body=b"\x00\xff"),
]


@needs_botocore
@pytest.mark.parametrize("service", ["execute-api", "s3"])
@pytest.mark.parametrize("more", [{}, {"session_token": SESSION}])
def test_what_arrives_is_what_was_signed(mode: Mode, service: str, more: dict[str, Any]) -> None:
    with Wire(reply({})) as wire:
        mode.run(wire.url, *STEPS, credential=made(service, **more))
    assert [accepted(seen, service) for seen in wire.seen] == [True] * len(STEPS)
    assert {seen.headers.get("x-amz-security-token") for seen in wire.seen} == {more.get("session_token")}


@needs_botocore
def test_a_file_goes_unsigned_to_s3_alone(mode: Mode) -> None:
    upload = lambda shop: shop.request("PUT", "x", body=Upload(io.BytesIO(b"abc"), content_type="text/csv"))  # noqa: E731
    with Wire(reply({})) as wire:
        mode.run(wire.url, upload, credential=made("s3"))
        assert accepted(wire.last, "s3") and wire.last.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
        error = mode.fails(wire.url, upload, credential=made())
    assert type(error) is CredentialsError and "wants its body signed" in str(error) and len(wire.seen) == 1


@needs_botocore
def test_botocore_looks_for_keys_where_none_are_given(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with Wire(reply({})) as wire:
        mode.run(wire.url, STEPS[0], STEPS[0], credential=AwsSigV4(region="eu-central-1", service="execute-api"))
    assert [accepted(seen, "execute-api") for seen in wire.seen] == [True, True]


@needs_botocore
def test_no_key_and_no_signature_is_shown(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "gemel")
    credential = made(session_token=SESSION)
    with Wire(answer=lambda seen: reply(seen.raw + SECRET.encode(), 403, kind="text/plain")) as wire:
        error = mode.fails(wire.url, STEPS[0], credential=credential)
    proof = wire.last.headers["authorization"].rpartition("=")[2]
    shown = [str(error), repr(vars(error)), repr(error.body), caplog.text, repr(credential), repr(vars(credential))]
    assert not [text for text in shown if SECRET in text or SESSION in text or proof in text]


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"region": ""}, DeclarationError, "region must be text"),
    ({"service": 5}, DeclarationError, "service must be text"),
    ({"secret_key": None}, DeclarationError, "access_key and secret_key go together"),
    ({"access_key": None}, DeclarationError, "access_key and secret_key go together"),
    ({"access_key": None, "secret_key": None, "session_token": "a"}, DeclarationError, "a session_token goes with"),
    ({"secret_key": "a b"}, CredentialsError, "cannot be sent"),
    ({"session_token": ""}, CredentialsError, "it is empty"),
]


@pytest.mark.parametrize(("given", "kind", "said"), WRONG)
def test_keys_that_cannot_sign_are_refused(given: dict[str, Any], kind: type[Exception], said: str) -> None:
    usual = {"region": "eu-central-1", "service": "s3", "access_key": ID, "secret_key": SECRET}
    with pytest.raises(kind, match=said) as raised:
        AwsSigV4(**(usual | given))
    assert SECRET not in str(raised.value)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "botocore.auth", None)
    with pytest.raises(ImportError, match=r"gemel\[aws\]"):
        ShopClient("http://h", credential=made())
