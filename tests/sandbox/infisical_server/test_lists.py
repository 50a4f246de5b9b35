"""Lists of secrets: what they hold, what filters them, and where there is nothing to list."""

from __future__ import annotations

import pytest

from gemel.sandbox import Sandbox, serve

from ..wire import Http, Vault, log_in
from .conftest import As, values

BASE = "/api/v4/secrets"


def test_only_the_environment_and_path_asked_for(vault: Vault) -> None:
    vault.folder("app")
    vault.put("ROOT_KEY", "root")
    vault.put("APP_KEY", "app", "/app")
    vault.put("ROOT_KEY", "prod", environment="prod")
    assert values(vault) == {"ROOT_KEY": "root"}


def test_a_recursive_list_says_where_each_lies(vault: Vault) -> None:
    vault.folder("api", "/app")
    vault.put("ROOT_KEY", "root")
    vault.put("API_KEY", "api", "/app/api")
    listed = vault.list(recursive="true")["secrets"]
    assert {secret["secretKey"]: secret["secretPath"] for secret in listed} == {"ROOT_KEY": "/", "API_KEY": "/app/api"}


def test_a_recursive_list_begins_at_its_path(vault: Vault) -> None:
    for path, name in [("/", "deep1"), ("/deep1", "deep21"), ("/deep1/deep2", "deep3"), ("/deep2", "deep22")]:
        vault.folder(name, path)
        vault.put(name, name, path)
    found = [len(vault.list(path, recursive="true")["secrets"]) for path in ("/", "/deep1", "/deep1/deep2", "/deep2")]
    assert found == [4, 2, 1, 1]


def test_any_of_the_tags(http: Http, vault: Vault) -> None:
    tags = {
        slug: http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": slug, "color": "#000000"})
        for slug in ("backend", "billing", "search")
    }
    for slug, made in tags.items():
        vault.put(f"{slug.upper()}_KEY", "v", tagIds=[made["tag"]["id"]])
    vault.put("UNTAGGED", "v")
    assert set(values(vault, tagSlugs="backend,billing")) == {"BACKEND_KEY", "BILLING_KEY"}


def test_the_metadata(vault: Vault) -> None:
    for name, team in (("PAYMENTS_KEY", "payments"), ("SEARCH_KEY", "search")):
        vault.put(name, "v", secretMetadata=[{"key": "team", "value": team}])
    assert set(values(vault, metadataFilter="key=team,value=payments")) == {"PAYMENTS_KEY"}


def test_imports_are_there_unless_left_out(vault: Vault) -> None:
    vault.put("SHARED_KEY", "from-prod", environment="prod")
    vault.bring("prod", "/")
    (block,) = vault.list()["imports"]
    assert (block["environment"], [secret["secretValue"] for secret in block["secrets"]]) == ("prod", ["from-prod"])
    assert vault.list(includeImports="false")["imports"] == []


@pytest.mark.parametrize("path", [BASE, f"{BASE}/API_KEY"])
def test_an_etag_holds_until_a_write(http: Http, vault: Vault, path: str) -> None:
    vault.put("API_KEY", "old")
    etag = http("GET", path, params=vault.address()).headers["etag"]
    known = {"If-None-Match": etag}
    assert http("GET", path, params=vault.address(), headers=known).status_code == 304
    http.ok("PATCH", f"{BASE}/API_KEY", json=vault.address() | {"secretValue": "new"})
    changed = http("GET", path, params=vault.address(), headers=known)
    assert (changed.status_code, "new" in changed.text) == (200, True)
    assert changed.headers["etag"] != etag


def test_one_secret_has_an_etag_in_the_older_generation_too(http: Http, vault: Vault) -> None:
    vault.put("KEY", "v")
    place = {"workspaceId": vault.project, "environment": "dev"}
    first = http("GET", "/api/v3/secrets/raw/KEY", params=place)
    again = http("GET", "/api/v3/secrets/raw/KEY", params=place, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_list_needs_an_environment(http: Http, vault: Vault) -> None:
    refusal = http.refused(400, "GET", BASE, params={"projectId": vault.project})
    assert refusal["message"] == "Missing project id or environment"


@pytest.mark.parametrize("base", [BASE, "/api/v3/secrets/raw"])
@pytest.mark.parametrize("recursive", ["false", "true"])
@pytest.mark.parametrize(("path", "environment"), [("/nope", "dev"), ("/", "nope"), ("/nope/deeper", "nope")])
def test_a_list_of_nowhere_is_refused(
    http: Http, vault: Vault, base: str, recursive: str, path: str, environment: str
) -> None:
    query = vault.address(path, environment) | {"recursive": recursive, "workspaceId": vault.project}
    refusal = http.refused(404, "GET", base, params=query)
    assert (refusal["error"], refusal["message"]) == (
        "SecretPathNotFound",
        f"Folder with path '{path}' in environment '{environment}' was not found."
        " Please ensure the environment slug and secret path is correct.",
    )


@pytest.mark.parametrize("base", [BASE, "/api/v3/secrets/raw"])
@pytest.mark.parametrize("recursive", ["false", "true"])
def test_older_servers_have_an_empty_list_of_nowhere(
    sandbox: Sandbox, http: Http, vault: Vault, base: str, recursive: str
) -> None:
    sandbox.set_behaviour(missing_folder="empty")
    query = vault.address("/nope", "nope") | {"recursive": recursive, "workspaceId": vault.project}
    assert http.ok("GET", base, params=query) == {"secrets": [], "imports": []}
    sandbox.set_behaviour()
    http.refused(404, "GET", base, params=query)


def test_the_older_behaviour_is_no_other_sandboxs(sandbox: Sandbox) -> None:
    sandbox.set_behaviour(missing_folder="empty")
    with serve() as other:
        http = Http(other.url, other.token)
        with http.session:
            made = http.ok("POST", "/api/v1/projects", json={"projectName": "Other"})["project"]["id"]
            http.refused(404, "GET", BASE, params={"projectId": made, "environment": "nope"})


def test_an_unknown_behaviour_is_none(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="missing_folder must be one of refused, empty"):
        sandbox.set_behaviour(missing_folder="ignored")  # type: ignore[arg-type]


DESCRIBE = [{"subject": "secrets", "action": "describeSecret"}]


def test_without_the_right_to_values_they_are_hidden_or_refused(vault: Vault, identity: As) -> None:
    vault.put("KEY", "plaintext")
    blind = identity("blind", DESCRIBE)
    hidden = vault.address() | {"viewSecretValue": "false"}
    for path in (BASE, f"{BASE}/KEY"):
        answer = blind.http("GET", path, params=hidden)
        assert (answer.status_code, "plaintext" in answer.text) == (200, False)
        assert "<hidden-by-infisical>" in answer.text
        refusal = blind.http.refused(403, "GET", path, params=vault.address() | {"expandSecretReferences": "false"})
        assert "plaintext" not in str(refusal)
    refusal = blind.http.refused(403, "GET", f"{BASE}/KEY", params=vault.address())
    assert refusal["error"] == "ForbiddenReadSecretError"
    assert refusal["message"] == "You do not have permission to view secret value on secret with name 'KEY'"


def test_who_writes_without_the_right_to_values_gets_none_back(vault: Vault, identity: As) -> None:
    vault.put("KEY", "plaintext")
    rules = [{"subject": "secrets", "action": ["describeSecret", "edit", "delete"]}]
    blind = identity("blind-writer", rules)
    for method in ("PATCH", "DELETE"):
        body = vault.address() | {"secretComment": "c"}
        secret = blind.http.ok(method, f"{BASE}/KEY", json=body)["secret"]
        assert (secret["secretValue"], secret["secretValueHidden"]) == ("<hidden-by-infisical>", True)


@pytest.mark.parametrize(
    ("conditions", "seen"),
    [
        ({"environment": "dev"}, "ABC"),
        ({"environment": "prod"}, ""),
        ({"environment": {"$in": ["dev", "qa"]}}, "ABC"),
        ({"environment": {"$ne": "dev"}}, ""),
        ({"secretName": {"$glob": "A*"}}, "A"),
        ({"secretName": {"$eq": "B"}, "secretPath": "/"}, "B"),
        ({"secretPath": {"$glob": "/**"}}, "ABC"),
        ({"secretPath": {"$glob": "/other/*"}}, ""),
        ({"secretTags": {"$in": ["red"]}}, "C"),
    ],
    ids=str,
)
def test_a_role_may_have_conditions(
    http: Http, vault: Vault, identity: As, conditions: dict[str, object], seen: str
) -> None:
    tag = http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": "red", "color": "#f00"})["tag"]["id"]
    for name in "AB":
        vault.put(name, "v")
    vault.put("C", "v", tagIds=[tag])
    rules = [{"subject": "secrets", "action": ["describeSecret", "readValue"], "conditions": conditions}]
    assert set(values(identity("conditioned", rules))) == set(seen)


def test_of_the_rules_that_fit_the_last_decides(vault: Vault, identity: As) -> None:
    vault.put("A", "v")
    vault.put("B", "v")
    rules = [
        {"subject": "secrets", "action": "read"},
        {"subject": "secrets", "action": "read", "inverted": True, "conditions": {"secretName": "B"}},
    ]
    reader = identity("all-but-b", rules)
    assert set(values(reader)) == {"A"}
    reader.http.refused(403, "GET", f"{BASE}/B", params=vault.address())


def test_below_the_path_what_may_not_be_read_is_left_out(vault: Vault, identity: As) -> None:
    for name in ("a", "b"):
        vault.folder(name)
        vault.put("KEY", name, f"/{name}")
    rules = [
        {"subject": "secrets", "action": "describeSecret"},
        {"subject": "secrets", "action": "readValue", "conditions": {"secretPath": {"$glob": "/a"}}},
    ]
    reader = identity("reads-a", rules)
    found = reader.list(recursive="true")["secrets"]
    assert [(secret["secretPath"], secret["secretValue"]) for secret in found] == [("/a", "a")]


def test_an_import_shows_only_what_may_be_read(sandbox: Sandbox, vault: Vault) -> None:
    vault.put("OPEN", "o", environment="prod")
    vault.put("CLOSED", "c", environment="prod")
    vault.bring("prod", "/")
    rules = [{"subject": "secrets", "action": "read", "conditions": {"secretName": {"$ne": "CLOSED"}}}]
    sandbox.add_role(vault.project, "open-only", rules)
    reader = sandbox.add_identity("reader", role="open-only", project_id=vault.project)
    http = Http(sandbox.url, log_in(sandbox, reader))
    with http.session:
        (block,) = Vault(http, vault.project).list()["imports"]
        assert [secret["secretKey"] for secret in block["secrets"]] == ["OPEN"]
        http.refused(403, "GET", f"{BASE}/CLOSED", params=vault.address())
