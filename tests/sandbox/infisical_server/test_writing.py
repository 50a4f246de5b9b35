"""Creating, reading, updating and deleting one secret, with the words of each refusal."""

from __future__ import annotations

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault
from .conftest import As, values

BASE = "/api/v4/secrets"
PEM = "-----BEGIN KEY-----\n" + "\n".join(f"        line {number}+/=" for number in range(25)) + "\n-----END KEY-----"
CASES = [
    ("/", "SEC1", "something-secret", "some comment"),
    ("/nested1/nested2/folder", "NESTED-SEC1", "something-secret", "some comment"),
    ("/", "secret-key-2", PEM, "a comment of some length, " * 5),
    ("/nested1/nested2/folder", "secret-key-3", "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQ=", ""),
]


@pytest.fixture(params=["v4", "v3"])
def both(request: pytest.FixtureRequest, vault: Vault) -> tuple[str, dict[str, str]]:
    """The address of a secret in each generation, and how it names the project."""
    if request.param == "v4":
        return BASE, {"projectId": vault.project}
    return "/api/v3/secrets/raw", {"workspaceId": vault.project}


@pytest.mark.parametrize(("path", "key", "value", "comment"), CASES, ids=[case[1] for case in CASES])
@pytest.mark.parametrize("kind", ["user", "identity"])
def test_the_life_of_a_secret(
    vault: Vault,
    user: As,
    identity: As,
    both: tuple[str, dict[str, str]],
    kind: str,
    path: str,
    key: str,
    value: str,
    comment: str,
) -> None:
    base, project = both
    vault.folder("folder", "/nested1/nested2")
    http = (user("someone") if kind == "user" else identity()).http
    place = project | {"environment": "dev", "secretPath": path}
    made = http.ok("POST", f"{base}/{key}", json=place | {"secretValue": value, "secretComment": comment.strip()})
    assert (made["secret"]["secretKey"], made["secret"]["version"]) == (key, 1)
    read = http.ok("GET", f"{base}/{key}", params=place)["secret"]
    assert (read["secretValue"], read["secretComment"]) == (value, comment.strip())
    assert read["actor"]["actorType"] == kind
    (listed,) = http.ok("GET", base, params=place)["secrets"]
    assert (listed["secretKey"], listed["secretValue"], listed["type"]) == (key, value, "shared")
    updated = http.ok("PATCH", f"{base}/{key}", json=place | {"secretValue": "new-value"})["secret"]
    assert (updated["secretValue"], updated["version"]) == ("new-value", 2)
    assert http.ok("DELETE", f"{base}/{key}", json=place)["secret"]["secretKey"] == key
    assert http.ok("GET", base, params=place)["secrets"] == []


def test_a_new_secret_is_version_1_and_not_hidden(vault: Vault) -> None:
    assert vault.put("DB_URL", "postgres://localhost/app")["version"] == 1
    read = vault.get("DB_URL")
    assert (read["secretValue"], read["secretValueHidden"], read["secretPath"]) == (
        "postgres://localhost/app",
        False,
        "/",
    )


def test_a_name_has_a_value_in_each_environment(vault: Vault) -> None:
    vault.put("KEY", "dev-value")
    vault.put("KEY", "prod-value", environment="prod")
    assert [vault.get("KEY", environment=slug)["secretValue"] for slug in ("dev", "prod")] == [
        "dev-value",
        "prod-value",
    ]


def test_a_second_create_is_refused_and_changes_nothing(http: Http, vault: Vault) -> None:
    vault.put("TOKEN", "first")
    refusal = http.refused(400, "POST", f"{BASE}/TOKEN", json=vault.address() | {"secretValue": "second"})
    assert refusal["message"] == "Secret already exists"
    assert vault.get("TOKEN")["secretValue"] == "first"


@pytest.mark.parametrize(("path", "environment"), [("/", "nope"), ("/nope", "dev"), ("/nope", "nope")])
def test_nothing_is_written_to_a_place_that_there_is_not(http: Http, vault: Vault, path: str, environment: str) -> None:
    place = vault.address(path, environment)
    message = f"Folder with path '{path}' in environment with slug '{environment}' not found"
    for method in ("POST", "PATCH", "DELETE"):
        assert http.refused(404, method, f"{BASE}/STRAY", json=place | {"secretValue": "x"})["message"] == message


def test_a_stranger_writes_to_no_project(sandbox: Sandbox, vault: Vault) -> None:
    stranger = Http(sandbox.url, sandbox.add_user("stranger").token)
    with stranger.session:
        refusal = stranger.refused(403, "POST", f"{BASE}/STOLEN", json=vault.address() | {"secretValue": "x"})
        assert "assign this user to the project" in refusal["message"]
    assert values(vault) == {}


def test_an_earlier_version_is_read_by_its_number(http: Http, vault: Vault) -> None:
    vault.put("KEY", "first")
    http.ok("PATCH", f"{BASE}/KEY", json=vault.address() | {"secretValue": "second"})
    first = vault.get("KEY", version="1")
    assert (first["secretValue"], first["version"]) == ("first", 1)


def test_a_hidden_value_is_nowhere_in_the_reply(http: Http, vault: Vault) -> None:
    vault.put("KEY", "plaintext")
    answer = http("GET", f"{BASE}/KEY", params=vault.address() | {"viewSecretValue": "false"})
    assert answer.json()["secret"]["secretValueHidden"] is True
    assert "plaintext" not in answer.text


def test_by_id_as_by_name(http: Http, vault: Vault) -> None:
    vault.folder("app")
    made = vault.put("DB_URL", "postgres://app", "/app")
    read = http.ok("GET", f"{BASE}/id/{made['id']}")["secret"]
    assert (read["secretKey"], read["secretValue"], read["secretPath"]) == ("DB_URL", "postgres://app", "/app")


def test_an_id_of_another_project_tells_nothing(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    made = vault.put("THEIRS", "their-value")
    mine = http.ok("POST", "/api/v1/projects", json={"projectName": "Mine"})["project"]["id"]
    member = Http(sandbox.url, sandbox.add_user("mine", role="admin", project_id=mine).token)
    with member.session:
        assert "their-value" not in str(member.refused(403, "GET", f"{BASE}/id/{made['id']}"))


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("GET", "Secret with name 'NOPE' not found"),
        ("PATCH", "Secret with name NOPE not found"),
        ("DELETE", "Secret not found"),
    ],
)
def test_the_words_about_a_secret_that_there_is_not(
    vault: Vault, both: tuple[str, dict[str, str]], method: str, message: str
) -> None:
    base, project = both
    place = project | {"environment": "dev"}
    sent = {"params": place} if method == "GET" else {"json": place | {"secretValue": "x"}}
    assert vault.http.refused(404, method, f"{base}/NOPE", **sent)["message"] == message
    assert values(vault) == {}


def test_a_new_name_frees_the_old_one(http: Http, vault: Vault) -> None:
    vault.put("OLD_NAME", "value")
    http.ok("PATCH", f"{BASE}/OLD_NAME", json=vault.address() | {"newSecretName": "NEW_NAME"})
    assert values(vault) == {"NEW_NAME": "value"}
    vault.put("OLD_NAME", "again")


def test_a_new_name_that_is_taken_is_refused_and_both_stay(http: Http, vault: Vault) -> None:
    vault.put("FIRST", "one")
    vault.put("SECOND", "two")
    for name in ("SECOND", "FIRST"):
        refusal = http.refused(400, "PATCH", f"{BASE}/FIRST", json=vault.address() | {"newSecretName": name})
        assert refusal["message"] == "Secret with the new name already exists"
    assert values(vault) == {"FIRST": "one", "SECOND": "two"}


def test_tags_are_replaced_and_the_value_stays(http: Http, vault: Vault) -> None:
    old, new = (
        http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": slug, "color": "#2563eb"})["tag"]["id"]
        for slug in ("old-tag", "new-tag")
    )
    vault.put("TAGGED", "value", tagIds=[old])
    http.ok("PATCH", f"{BASE}/TAGGED", json=vault.address() | {"tagIds": [new]})
    read = vault.get("TAGGED")
    assert (read["secretValue"], [tag["slug"] for tag in read["tags"]]) == ("value", ["new-tag"])


@pytest.mark.parametrize(("method", "action"), [("PATCH", "edit"), ("DELETE", "delete")])
@pytest.mark.parametrize("kind", ["user", "identity"])
def test_a_viewer_is_refused_by_the_action(
    vault: Vault, user: As, identity: As, kind: str, method: str, action: str
) -> None:
    vault.put("KEY", "original")
    viewer = user("viewer", "viewer") if kind == "user" else identity("viewer")
    refusal = viewer.http.refused(403, method, f"{BASE}/KEY", json=vault.address() | {"secretValue": "changed"})
    assert refusal["message"] == f"You are not allowed to {action} on secrets"
    assert values(vault) == {"KEY": "original"}


def test_a_viewer_creates_nothing(vault: Vault, identity: As) -> None:
    body = vault.address() | {"secretValue": "x"}
    refusal = identity("viewer").http.refused(403, "POST", f"{BASE}/NEW", json=body)
    assert refusal["message"] == "You are not allowed to create on secrets"
    assert values(vault) == {}


def test_deleted_is_neither_listed_nor_read(http: Http, vault: Vault) -> None:
    vault.put("GONE", "value")
    vault.put("KEPT", "value")
    http.ok("DELETE", f"{BASE}/GONE", json=vault.address())
    http.refused(404, "GET", f"{BASE}/GONE", params=vault.address())
    assert values(vault) == {"KEPT": "value"}


def test_many_creates_at_once_all_succeed(sandbox: Sandbox, vault: Vault) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def put(number: int) -> None:
        http = Http(sandbox.url, sandbox.token)
        with http.session:
            Vault(http, vault.project).put(f"KEY_{number}", f"value-{number}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(put, range(30)))
    assert values(vault) == {f"KEY_{number}": f"value-{number}" for number in range(30)}
