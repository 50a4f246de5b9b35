"""What the sandbox does not do: told from the catalogue of the API, before any name could be taken for it."""

from __future__ import annotations

import pytest

from gemel.sandbox import Sandbox
from gemel.sandbox.infisical.catalogue import catalogued
from gemel.sandbox.infisical.server import ROUTER

from ..wire import Http, Vault
from .conftest import values

OPERATIONS = sorted(set(catalogued()))
BUILT = {(each.method, "/" + "/".join(each.pattern)) for each in ROUTER.operations if each.built}
UNBUILT = [pair for pair in OPERATIONS if pair not in BUILT]


def test_the_catalogue_is_of_the_whole_api() -> None:
    assert len(OPERATIONS) == 616
    assert len(BUILT) > 60
    assert {"GET", "POST", "PATCH", "DELETE", "PUT"} >= {verb for verb, _ in OPERATIONS}


def test_everything_built_is_in_the_catalogue_but_the_health() -> None:
    assert BUILT - set(OPERATIONS) <= {("GET", "/api/status")}


@pytest.mark.parametrize("token", [True, False])
def test_an_operation_that_is_not_built_is_501_with_a_sentence(sandbox: Sandbox, http: Http, token: bool) -> None:
    caller = http if token else Http(sandbox.url, None)
    for verb, path in UNBUILT:
        answer = caller(verb, path.replace("{}", "11111111-1111-4111-8111-111111111111"))
        assert answer.status_code == 501, (verb, path, answer.text)
        assert answer.json()["error"] == "NotImplemented"
        assert answer.json()["message"] == (
            f"The API has {verb} {path}, and this sandbox does not do it: try it on a real server"
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v4/secrets/tags"),
        ("GET", "/api/v4/secrets/raw"),
        ("GET", "/api/v4/secrets/move"),
        ("DELETE", "/api/v4/secrets/duplicate"),
        ("PATCH", "/api/v4/secrets/tags"),
        ("GET", "/api/v3/secrets/raw/batch"),
        ("GET", "/api/v2/secret-imports/secrets"),
        ("GET", "/api/v1/secret-imports/secrets/raw"),
        ("POST", "/api/v3/secrets/tags/KEY"),
        ("GET", "/api/v4/secrets/KEY/reference-dependency-tree"),
        ("GET", "/api/v3/secrets/raw/KEY/secret-reference-tree"),
        ("POST", "/api/v1/secret-imports/x/replication-resync"),
    ],
)
def test_a_word_of_the_api_is_not_taken_for_a_name(http: Http, vault: Vault, method: str, path: str) -> None:
    vault.put("KEY", "v")
    place = vault.address() | {"workspaceId": vault.project, "path": "/"}
    sent = {"params": place} if method == "GET" else {"json": place | {"secretValue": "x"}}
    refusal = http.refused(501, method, path, **sent)
    assert refusal["error"] == "NotImplemented"
    assert len(refusal["message"].split()) > 8
    assert values(vault) == {"KEY": "v"}


@pytest.mark.parametrize("name", ["tags", "id", "raw", "move", "batch", "duplicate"])
def test_a_secret_may_have_such_a_name_all_the_same(http: Http, vault: Vault, name: str) -> None:
    """As on the server: each verb has routes of its own, and but for POST none of these has the word alone."""
    batch = vault.address() | {"secrets": [{"secretKey": name, "secretValue": "v"}]}
    http.ok("POST", "/api/v4/secrets/batch", json=batch)
    assert vault.get(name)["secretValue"] == "v"
    if name != "batch":
        http.ok("PATCH", f"/api/v4/secrets/{name}", json=vault.address() | {"secretValue": "w"})
        http.ok("DELETE", f"/api/v4/secrets/{name}", json=vault.address())
        assert values(vault) == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v9/secrets"),
        ("PUT", "/api/v4/secrets"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v4/secrets/a/b/c"),
        ("GET", "/api/v1/"),
    ],
)
def test_what_the_api_does_not_have_is_404(http: Http, method: str, path: str) -> None:
    answer = http(method, path)
    assert (answer.status_code, answer.json()["message"]) == (404, f"Route {method}:{path} not found")


def test_a_permission_to_read_is_asked_for_before_the_word(vault: Vault, sandbox: Sandbox) -> None:
    stranger = Http(sandbox.url, sandbox.add_user("stranger").token)
    with stranger.session:
        stranger.refused(403, "GET", "/api/v4/secrets/tags", params=vault.address())
