"""Where credentials and the address come from, in which order, and what is said when there are none."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest

from gemel.infisical import InfisicalClient
from gemel.infisical.credentials import UniversalAuthCredential
from gemel.kit.errors import CredentialsError, InvalidArgument
from gemel.kit.policies.credentials import Bearer
from gemel.sandbox import Sandbox

from . import modes
from .modes import Mode
from .sent import LOGIN, lines

ADDRESSES = ("INFISICAL_URL", "INFISICAL_DOMAIN", "INFISICAL_API_URL", "INFISICAL_HOST", "INFISICAL_SITE_URL")
TOKENS = ("INFISICAL_TOKEN", "INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN")
PAIRS = (
    ("INFISICAL_CLIENT_ID", "INFISICAL_CLIENT_SECRET"),
    ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"),
)


class Chain:
    """A provider chain that found something."""

    def __init__(self, found: Any) -> None:
        self.found = found

    def resolve(self) -> Any:
        return self.found


class Vault:
    """Something a chain may find: a token that changes, and perhaps an address."""

    def __init__(self, *tokens: Any, url: str | None = None) -> None:
        self.tokens = list(tokens)
        self.url = url

    def get_token(self) -> Any:
        return self.tokens.pop(0)


def token_sent(mode: Mode, sandbox: Sandbox, **credentials: Any) -> str | None:
    """The Authorization header of one call; the sandbox accepts any."""
    client = mode.client(endpoint=sandbox.url, **credentials)
    sandbox.faults.status(200, body={"projects": []}, path="/api/v1/projects")
    mode.run(client.projects.list())
    return sandbox.requests[-1].header("authorization")


def test_nothing_found_says_what_was_looked_for_and_where(mode: Mode) -> None:
    with pytest.raises(CredentialsError) as caught:
        mode.client(endpoint="http://127.0.0.1:9")
    said = str(caught.value)
    wanted = [
        "token",
        "client_id with client_secret",
        "provider_chain",
        *TOKENS,
        *(" with ".join(pair) for pair in PAIRS),
    ]
    assert said.startswith("no credentials found")
    assert [word for word in wanted if word not in said] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"client_id": "one"}, "client_id is given but client_secret is not"),
        ({"client_secret": "hush"}, "client_secret is given but client_id is not"),
        ({"client_id": "one", "client_secret": ""}, "client_id is given but client_secret is not"),
        ({"token": "t", "client_id": "one", "client_secret": "hush"}, "not both"),
        ({"token": "t", "client_id": "one"}, "not both"),
    ],
)
def test_half_a_pair_and_both_kinds_are_refused(mode: Mode, given: dict[str, str], said: str) -> None:
    with pytest.raises(CredentialsError, match=said) as caught:
        mode.client(endpoint="http://127.0.0.1:9", **given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("given", [0, 1])
def test_half_a_pair_in_the_environment_is_refused(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str], given: int
) -> None:
    monkeypatch.setenv(pair[given], "deep-value")
    with pytest.raises(CredentialsError, match=f"{pair[given]} is given but {pair[1 - given]} is not") as caught:
        mode.client(endpoint="http://127.0.0.1:9")
    assert "deep" not in str(caught.value)


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_from_the_environment(mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "from-env")
    assert token_sent(mode, sandbox) == "Bearer from-env"


def test_the_shorter_names_come_first(mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(TOKENS):
        monkeypatch.setenv(name, f"token-{number}")
    with pytest.warns(UserWarning, match=f"used: {TOKENS[0]}; ignored: {TOKENS[1]}$"):
        assert token_sent(mode, sandbox) == "Bearer token-0"


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_from_the_environment(
    mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str]
) -> None:
    monkeypatch.setenv(pair[0], sandbox.client_id)
    monkeypatch.setenv(pair[1], sandbox.client_secret)
    client = mode.client(endpoint=sandbox.url)
    assert mode.run(client.projects.list()) == []
    assert lines(sandbox)[0] == f"POST {LOGIN}"


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_in_the_environment_goes_before_a_token_there_with_a_warning(
    mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str], token: str
) -> None:
    """The pair can log in again when its token is over."""
    monkeypatch.setenv(pair[0], sandbox.client_id)
    monkeypatch.setenv(pair[1], sandbox.client_secret)
    monkeypatch.setenv(token, "deep-token")
    said = f"several credentials are set; used: {pair[0]} and {pair[1]}; ignored: {token}"
    with pytest.warns(UserWarning) as warned:
        client = mode.client(endpoint=sandbox.url)
    assert [(str(one.message), one.filename) for one in warned] == [(said, modes.__file__)]
    assert mode.run(client.projects.list()) == []
    assert lines(sandbox)[0] == f"POST {LOGIN}"


@pytest.mark.parametrize("half", PAIRS[0] + PAIRS[1])
def test_half_a_pair_beside_a_token_is_told(
    mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    monkeypatch.setenv(half, "deep-value")
    monkeypatch.setenv("INFISICAL_TOKEN", "from-env")
    with pytest.warns(UserWarning, match=f"used: INFISICAL_TOKEN; ignored: {half}$"):
        assert token_sent(mode, sandbox) == "Bearer from-env"


def test_half_a_pair_beside_a_whole_one_is_told(mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFISICAL_CLIENT_ID", "deep-value")
    monkeypatch.setenv(PAIRS[1][0], sandbox.client_id)
    monkeypatch.setenv(PAIRS[1][1], sandbox.client_secret)
    with pytest.warns(UserWarning, match="ignored: INFISICAL_CLIENT_ID$"):
        client = mode.client(endpoint=sandbox.url)
    assert mode.run(client.projects.list()) == []


def test_two_pairs_that_differ_are_told_and_equal_ones_are_not(
    mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for names in PAIRS:
        monkeypatch.setenv(names[0], sandbox.client_id)
        monkeypatch.setenv(names[1], sandbox.client_secret)
    mode.client(endpoint=sandbox.url)
    monkeypatch.setenv(PAIRS[1][1], "deep-value")
    with pytest.warns(UserWarning, match=f"ignored: {PAIRS[1][0]} and {PAIRS[1][1]}$") as warned:
        client = mode.client(endpoint=sandbox.url)
    assert mode.run(client.projects.list()) == []
    assert "deep" not in str(warned[0].message)


def test_arguments_silence_the_environment(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate((*TOKENS, *PAIRS[0], *PAIRS[1], *ADDRESSES)):
        monkeypatch.setenv(name, f"https://value-{number}.example")
    for given in ({"token": "t"}, {"client_id": "i", "client_secret": "s"}, {"provider_chain": Chain("t")}):
        mode.client(endpoint="https://given.example", **given)


def test_arguments_go_before_the_environment(mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFISICAL_TOKEN", "from-env")
    assert token_sent(mode, sandbox, token="given") == "Bearer given"
    client = mode.client(endpoint=sandbox.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    sandbox.requests.clear()
    assert mode.run(client.projects.list()) == []
    assert lines(sandbox)[0] == f"POST {LOGIN}"


def test_an_empty_variable_is_none(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*TOKENS, *PAIRS[0], *PAIRS[1], *ADDRESSES):
        monkeypatch.setenv(name, "")
    with pytest.raises(CredentialsError):
        mode.client()
    assert mode.client(token="t").endpoint == "https://app.infisical.com"


@pytest.mark.parametrize("token", ["st.id.secret.projectkey", "st.id.secret"])
def test_a_service_token_is_sent_without_its_key(
    mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    assert token_sent(mode, sandbox, token=token) == "Bearer st.id.secret"
    assert token_sent(mode, sandbox, provider_chain=Chain(token)) == "Bearer st.id.secret"
    monkeypatch.setenv("INFISICAL_TOKEN", token)
    assert token_sent(mode, sandbox) == "Bearer st.id.secret"


def test_a_chain_may_find_a_token(mode: Mode, sandbox: Sandbox) -> None:
    assert token_sent(mode, sandbox, provider_chain=Chain("found")) == "Bearer found"


def test_a_chain_may_find_a_credential(mode: Mode, sandbox: Sandbox) -> None:
    assert token_sent(mode, sandbox, provider_chain=Chain(Bearer("found"))) == "Bearer found"
    credential = UniversalAuthCredential(sandbox.client_id, sandbox.client_secret)
    client = mode.client(endpoint=sandbox.url, provider_chain=Chain(credential))
    assert mode.run(client.projects.list()) == []
    assert sandbox.client_secret not in repr(credential)


def test_a_chain_may_find_an_object_that_gives_tokens(mode: Mode, sandbox: Sandbox) -> None:
    """It is asked once, and again when the server refuses what it gave."""
    vault = Vault("stale", sandbox.token, url=sandbox.url + "/api/")
    client = mode.client(provider_chain=Chain(vault))
    assert client.endpoint == sandbox.url
    assert mode.run(client.projects.list()) == []
    assert mode.run(client.projects.list()) == []
    assert [request.header("authorization") for request in sandbox.requests] == [
        "Bearer stale",
        f"Bearer {sandbox.token}",
        f"Bearer {sandbox.token}",
    ]


@pytest.mark.parametrize("token", [None, 7, b"bytes", "", "two words"])
def test_what_an_object_gives_must_be_a_token(mode: Mode, sandbox: Sandbox, token: Any) -> None:
    client = mode.client(endpoint=sandbox.url, provider_chain=Chain(Vault(token)))
    with pytest.raises(CredentialsError, match="the token cannot be sent"):
        mode.run(client.projects.list())
    assert lines(sandbox) == []


def test_a_chain_goes_before_the_environment(mode: Mode, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFISICAL_TOKEN", "from-env")
    assert token_sent(mode, sandbox, provider_chain=Chain("found")) == "Bearer found"


@pytest.mark.parametrize("found", [None, "", 7, object(), ["token"]])
def test_a_chain_that_finds_something_else_is_refused(mode: Mode, found: Any) -> None:
    with pytest.raises(CredentialsError, match=f"it gave {type(found).__name__}"):
        mode.client(endpoint="http://127.0.0.1:9", provider_chain=Chain(found))


def test_what_is_no_chain_is_refused(mode: Mode) -> None:
    with pytest.raises(CredentialsError, match=r"provider_chain: expected an object with resolve\(\), got str"):
        mode.client(endpoint="http://127.0.0.1:9", provider_chain="token")


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/"])
def test_an_address_may_end_in_api(mode: Mode, sandbox: Sandbox, tail: str) -> None:
    client = mode.client(endpoint=sandbox.url + tail, token=sandbox.token)
    assert client.endpoint == sandbox.url
    mode.run(client.projects.list())
    assert lines(sandbox) == ["GET /api/v1/projects"]


@pytest.mark.parametrize("tail", ["/vault", "/vault/", "/vault/api"])
def test_an_address_may_have_a_path(mode: Mode, sandbox: Sandbox, tail: str) -> None:
    client = mode.client(endpoint=sandbox.url + tail, token="t")
    with pytest.raises(Exception, match="404"):
        mode.run(client.projects.list())
    assert lines(sandbox) == ["GET /vault/api/v1/projects"]


def test_where_the_address_comes_from(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, then what the chain found, then the environment, then the US cloud."""
    assert mode.client(token="t").endpoint == "https://app.infisical.com"
    for number, name in reversed(list(enumerate(ADDRESSES))):
        monkeypatch.setenv(name, f"https://env-{number}.example/api")
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            assert mode.client(token="t").endpoint == f"https://env-{number}.example"
        others = " and ".join(ADDRESSES[number + 1 :])
        expected = f"several addresses are set; used: {name}; ignored: {others}"
        told = [str(one.message) for one in warned if one.category is UserWarning]
        assert told == ([expected] if others else [])
    chain = Chain(Vault("t", url="https://chain.example"))
    assert mode.client(provider_chain=chain).endpoint == "https://chain.example"
    with pytest.warns(UserWarning, match="used: INFISICAL_URL"):
        assert mode.client(provider_chain=Chain(Vault("t"))).endpoint == "https://env-0.example"
    assert mode.client(endpoint="https://given.example", provider_chain=chain).endpoint == "https://given.example"


def test_the_same_address_under_several_names_is_not_told(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = ["https://vault.example", "HTTPS://Vault.example/", "https://vault.example/api", " https://vault.example "]
    for name, form in zip(ADDRESSES, forms, strict=False):
        monkeypatch.setenv(name, form)
    assert mode.client(token="t").endpoint == "https://vault.example"


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address",
    ["vault.example", "ftp://host", "https://", "https://h/?a=1", "https://h/#a", "https://h:99999", "https://h/{x}"],
)
def test_a_variable_without_an_address_is_named(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    """Also where another one counts: a value that was meant for something should not be passed over."""
    monkeypatch.setenv(name, address)
    with pytest.raises(ValueError, match=f"^{name}: "):
        mode.client(token="t")
    monkeypatch.setenv("INFISICAL_URL" if name != "INFISICAL_URL" else "INFISICAL_HOST", "https://vault.example")
    with pytest.raises(ValueError, match=f"^{name}: "):
        mode.client(token="t")


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_password_in_a_variable_is_refused_unseen(mode: Mode, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for address in ("https://user:deep-secret@host", "https://user:deep-secret@host?x"):
        monkeypatch.setenv(name, address)
        with pytest.raises(ValueError, match=f"^{name}: ") as caught:
            mode.client(token="t")
        assert "deep" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["localhost:8080", "ftp://host", "https://", "https://host/?a=1", "https://host/#a"]
)
def test_what_is_no_address_is_refused(mode: Mode, address: str) -> None:
    with pytest.raises(ValueError, match=r"^endpoint: "):
        mode.client(endpoint=address, token="t")


def test_an_address_with_a_password_is_refused_unseen(mode: Mode) -> None:
    with pytest.raises(ValueError, match="user name or password") as caught:
        mode.client(endpoint="https://user:deep-secret@host", token="t")
    assert "deep" not in str(caught.value)


def test_no_credential_is_in_a_repr(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    mode.run(client.projects.list())
    shown = repr(client) + repr(client.projects) + repr(client.projects.list) + repr(client)
    assert sandbox.client_secret not in shown and "eyJ" not in shown
    assert sandbox.url in repr(client)


WATCHED = """\
import os

class Watched(type(os.environ)):
    read = []
    def __getitem__(self, name):
        self.read.append(name)
        return super().__getitem__(name)

os.environ.__class__ = Watched
import gemel.infisical, gemel.infisical.credentials
assert not [name for name in Watched.read if name.startswith("INFISICAL")], Watched.read
os.environ["INFISICAL_TOKEN"] = "later"
client = gemel.infisical.InfisicalClient()
assert "INFISICAL_TOKEN" in Watched.read
client.close()
print("import reads nothing, making a client does")
"""


def test_the_environment_is_not_read_at_import() -> None:
    """A program may set its variables, or load a .env file, after its imports."""
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "import reads nothing, making a client does", done.stderr


@pytest.mark.parametrize("name", ["endpoint", "token", "client_id", "client_secret"])
def test_a_setting_that_is_no_text_is_named(name: str) -> None:
    settings: dict[str, Any] = {"client_id": "i", "client_secret": "s"} if name.startswith("client") else {"token": "t"}
    with pytest.raises(InvalidArgument, match=f"{name}: expected str, got int") as caught:
        InfisicalClient(**{**settings, name: 512345})
    assert "512345" not in str(caught.value)


@pytest.mark.parametrize("text", ["https://u:hunter2@h/{a}", "https://h/?token=hunter2", "https://u:hun?ter2@h:x"])
def test_a_malformed_address_is_told_without_what_is_secret_in_it(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("INFISICAL_HOST", text)
    with pytest.raises(ValueError, match="INFISICAL_HOST") as caught:
        mode.client(token="t")
    assert "ter2" not in str(caught.value)
