"""Secrets in the current generation: one, many, lists, filters, versions, change policies."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import Sandbox

from .wire import Http, Vault

BASE = "/api/v4/secrets"
HIDDEN = "<hidden-by-infisical>"
ALWAYS = {
    "id", "_id", "workspace", "environment", "version", "type", "secretKey", "secretValue", "secretComment",
    "secretReminderNote", "secretReminderRepeatDays", "skipMultilineEncoding", "createdAt", "updatedAt", "actor",
    "isRotatedSecret", "rotationId",
}  # fmt: skip


def keys(listed: dict[str, Any]) -> list[str]:
    return [secret["secretKey"] for secret in listed["secrets"]]


def test_what_is_created_is_read_again(sandbox: Sandbox, vault: Vault) -> None:
    created = vault.put("DB", "postgres://", secretComment=" why ", skipMultilineEncoding=True)
    assert set(created) == ALWAYS
    read = vault.get("DB")
    assert set(read) == ALWAYS | {"secretPath", "secretValueHidden", "secretMetadata", "tags"}
    assert {name: read[name] for name in ALWAYS} == created
    assert (read["workspace"], read["environment"], read["secretPath"]) == (vault.project, "dev", "/")
    assert (read["secretValue"], read["secretComment"], read["skipMultilineEncoding"]) == ("postgres://", "why", True)
    assert (read["version"], read["type"], read["secretValueHidden"]) == (1, "shared", False)
    assert read["_id"] == read["id"]
    assert read["actor"]["actorId"] == sandbox.identity_id


@pytest.mark.parametrize(
    ("sent", "kept"), [("  a b ", "a b"), ("a\n", "a\n"), ("a\n\n", "a\n"), (" \n", "\n"), ("", "")]
)
def test_values_are_trimmed_but_for_one_newline(vault: Vault, sent: str, kept: str) -> None:
    assert vault.put("A", sent)["secretValue"] == kept
    assert vault.get("A")["secretValue"] == kept


def test_a_secret_is_there_once(http: Http, vault: Vault) -> None:
    vault.put("A", "1")
    refusal = http.refused(400, "POST", f"{BASE}/A", json=vault.address() | {"secretValue": "2"})
    assert (refusal["error"], refusal["message"]) == ("BadRequest", "Secret already exists")
    vault.put("A", "3", environment="prod")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_an_identity_has_no_personal_secrets(http: Http, vault: Vault, method: str) -> None:
    body = vault.address() | {"secretValue": "x", "type": "personal"}
    refusal = http.refused(400, method, f"{BASE}/A", json=body)
    verb = "delete" if method == "DELETE" else "create"
    assert refusal["message"] == f"Must be user to {verb} personal secret"
    http.refused(404, "GET", f"{BASE}/A", params=vault.address() | {"type": "personal"})


def test_a_missing_secret_folder_or_project_gets_404(http: Http, vault: Vault) -> None:
    assert http.refused(404, "GET", f"{BASE}/A", params=vault.address())["message"] == "Secret with name 'A' not found"
    elsewhere = vault.address("/nowhere")
    refusal = http.refused(404, "GET", f"{BASE}/A", params=elsewhere)
    assert (refusal["error"], "'/nowhere'" in refusal["message"]) == ("GetSecretByName", True)
    http.refused(404, "POST", f"{BASE}/A", json=elsewhere | {"secretValue": "x"})
    http.refused(404, "PATCH", f"{BASE}/A", json=vault.address() | {"secretValue": "x"})
    http.refused(404, "DELETE", f"{BASE}/A", json=vault.address())
    http.refused(404, "GET", f"{BASE}/A", params=vault.address() | {"projectId": "none"})
    http.refused(404, "GET", f"{BASE}/A", params=vault.address() | {"environment": "none"})


def test_an_address_without_environment_gets_400(http: Http, vault: Vault) -> None:
    http.refused(400, "GET", f"{BASE}/A", params={"projectId": vault.project})
    http.refused(400, "GET", BASE, params={"projectId": vault.project})
    http.refused(400, "GET", BASE, params={"environment": "dev"})
    (issue,) = http.refused(422, "GET", f"{BASE}/A", params={"environment": "dev"})["message"]
    assert issue["path"] == ["projectId"]


def test_a_list_of_nowhere_is_empty_on_older_servers(sandbox: Sandbox, vault: Vault) -> None:
    sandbox.set_behaviour(missing_folder="empty")
    assert vault.list("/nowhere") == {"secrets": [], "imports": []}
    assert vault.list(environment="none") == {"secrets": [], "imports": []}


def test_a_path_that_no_folder_can_have_gets_400(http: Http, vault: Vault) -> None:
    assert "Invalid secret path" in http.refused(400, "GET", BASE, params=vault.address("/../x"))["message"]


def test_a_trailing_slash_of_the_path_is_dropped(vault: Vault) -> None:
    vault.folder("a")
    vault.put("K", "v", "/a/")
    assert vault.get("K", "/a/")["secretPath"] == "/a"
    assert keys(vault.list("/a")) == ["K"]


def test_an_update_changes_what_it_names_and_counts_versions(http: Http, vault: Vault) -> None:
    vault.put("A", "1", secretComment="kept")
    change = {"secretValue": " 2 ", "secretReminderNote": "soon", "secretReminderRepeatDays": 3}
    updated = http.ok("PATCH", f"{BASE}/A", json=vault.address() | change)["secret"]
    assert set(updated) == ALWAYS | {"secretValueHidden"}
    assert (updated["secretValue"], updated["secretComment"], updated["version"]) == ("2", "kept", 2)
    assert (updated["secretReminderNote"], updated["secretReminderRepeatDays"]) == ("soon", 3)
    assert [vault.get("A", version=version)["secretValue"] for version in "12"] == ["1", "2"]
    http.refused(404, "GET", f"{BASE}/A", params=vault.address() | {"version": "3"})
    http.refused(422, "GET", f"{BASE}/A", params=vault.address() | {"version": "last"})
    cleared = http.ok("PATCH", f"{BASE}/A", json=vault.address() | {"secretReminderNote": None})["secret"]
    assert cleared["secretReminderNote"] is None


def test_renaming(http: Http, vault: Vault) -> None:
    vault.put("A", "1")
    vault.put("B", "2")
    http.refused(400, "PATCH", f"{BASE}/A", json=vault.address() | {"newSecretName": "B"})
    assert http.ok("PATCH", f"{BASE}/A", json=vault.address() | {"newSecretName": "C"})["secret"]["secretKey"] == "C"
    assert keys(vault.list()) == ["B", "C"]


def test_deleting_answers_with_what_was_there(http: Http, vault: Vault) -> None:
    vault.put("A", "1")
    assert http.ok("DELETE", f"{BASE}/A", json=vault.address())["secret"]["secretValue"] == "1"
    assert keys(vault.list()) == []


def test_by_id(http: Http, vault: Vault) -> None:
    vault.folder("a")
    secret = vault.put("A", "1", "/a")
    read = http.ok("GET", f"{BASE}/id/{secret['id']}")["secret"]
    assert (read["secretKey"], read["secretPath"], read["environment"]) == ("A", "/a", "dev")
    assert "secretValueHidden" not in read
    http.refused(404, "GET", f"{BASE}/id/none")


def test_values_can_be_hidden(vault: Vault) -> None:
    vault.put("A", "1")
    for secret in [vault.get("A", viewSecretValue="false"), *vault.list(viewSecretValue="false")["secrets"]]:
        assert (secret["secretValue"], secret["secretValueHidden"]) == (HIDDEN, True)


def test_a_recursive_list_has_every_folder_below(vault: Vault) -> None:
    vault.folder("c", "/a/b")
    vault.folder("d")
    for path in ("/", "/a", "/a/b/c", "/d"):
        vault.put("K", path, path)
    found = vault.list(recursive="true")["secrets"]
    assert [(secret["secretPath"], secret["secretValue"]) for secret in found] == [
        (path, path) for path in ("/", "/a", "/d", "/a/b/c")
    ]
    assert [secret["secretPath"] for secret in vault.list("/a", recursive="true")["secrets"]] == ["/a", "/a/b/c"]
    assert len(vault.list()["secrets"]) == 1


def test_a_recursive_list_goes_twenty_folders_deep(vault: Vault) -> None:
    names = [f"d{level}" for level in range(1, 22)]
    vault.folder(names[-1], "/" + "/".join(names[:-1]))
    for depth in (20, 21):
        vault.put(f"AT_{depth}", "x", "/" + "/".join(names[:depth]))
    assert keys(vault.list(recursive="true")) == ["AT_20"]


def test_tags_and_metadata_are_kept_and_filter(http: Http, vault: Vault) -> None:
    tags = [
        http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": slug, "color": "#fff"})["tag"]
        for slug in ("red", "blue")
    ]
    metadata = [{"key": "team", "value": "core"}, {"key": "tier", "value": "1", "isEncrypted": True}]
    vault.put("A", "1", tagIds=[tags[0]["id"]], secretMetadata=metadata)
    vault.put("B", "2", tagIds=[tag["id"] for tag in tags], secretMetadata=metadata[:1])
    vault.put("C", "3")
    read = vault.get("A")
    assert read["tags"] == [{"id": tags[0]["id"], "slug": "red", "color": "#fff", "name": "red"}]
    assert read["secretMetadata"] == [metadata[0] | {"isEncrypted": False}, metadata[1]]
    assert keys(vault.list(tagSlugs="red")) == ["A", "B"]
    assert keys(vault.list(tagSlugs=" blue , none")) == ["B"]
    assert keys(vault.list(metadataFilter="key=team,value=core")) == ["A", "B"]
    assert keys(vault.list(metadataFilter="key=team,value=core|key=tier,value=1")) == []
    eleven = "|".join(["key=a,value=b"] * 11)
    http.refused(422, "GET", BASE, params=vault.address() | {"metadataFilter": eleven})
    http.ok("PATCH", f"{BASE}/B", json=vault.address() | {"tagIds": [], "secretMetadata": []})
    assert (vault.get("B")["tags"], vault.get("B")["secretMetadata"]) == ([], [])
    http.refused(404, "PATCH", f"{BASE}/B", json=vault.address() | {"tagIds": ["none"]})


def test_creating_many_is_all_or_nothing(http: Http, vault: Vault) -> None:
    def items(*names: str) -> dict[str, Any]:
        return vault.address() | {"secrets": [{"secretKey": name, "secretValue": f" {name} "} for name in names]}

    made = http.ok("POST", f"{BASE}/batch", json=items("B", "A"))["secrets"]
    assert [(secret["secretKey"], secret["secretValue"]) for secret in made] == [("B", "B"), ("A", "A")]
    assert set(made[0]) == ALWAYS
    refusal = http.refused(400, "POST", f"{BASE}/batch", json=items("C", "A", "B"))
    assert refusal["message"] == "Secret already exists: 'A', 'B' in path '/' of environment 'dev'"
    http.refused(400, "POST", f"{BASE}/batch", json=items("D", "D"))
    http.refused(422, "POST", f"{BASE}/batch", json=items())
    assert keys(vault.list()) == ["A", "B"]


def test_updating_many_in_each_mode(http: Http, vault: Vault) -> None:
    def update(mode: str | None, *names: str) -> dict[str, Any]:
        secrets = [{"secretKey": name, "secretValue": f"new {name}"} for name in names]
        return vault.address() | {"secrets": secrets} | ({"mode": mode} if mode else {})

    vault.put("A", "1")
    for mode in (None, "failOnNotFound"):
        refusal = http.refused(404, "PATCH", f"{BASE}/batch", json=update(mode, "A", "B"))
        assert refusal["message"] == "Secret does not exist: B in path /"
    assert vault.get("A")["secretValue"] == "1"
    ignored = http.ok("PATCH", f"{BASE}/batch", json=update("ignore", "A", "B"))["secrets"]
    assert [secret["secretKey"] for secret in ignored] == ["A"]
    upserted = http.ok("PATCH", f"{BASE}/batch", json=update("upsert", "B", "A"))["secrets"]
    assert {secret["secretKey"]: secret["version"] for secret in upserted} == {"A": 3, "B": 1}
    assert set(upserted[0]) == ALWAYS | {"secretValueHidden"}
    http.refused(422, "PATCH", f"{BASE}/batch", json=update("force", "A"))


def test_updating_many_reaches_other_paths(http: Http, vault: Vault) -> None:
    vault.folder("a")
    vault.put("A", "1", "/a")
    item = {"secretKey": "A", "secretPath": "/a/", "newSecretName": "B"}
    http.ok("PATCH", f"{BASE}/batch", json=vault.address() | {"secrets": [item]})
    assert keys(vault.list("/a")) == ["B"]


def test_deleting_many_is_all_or_nothing(http: Http, vault: Vault) -> None:
    for name in "ABC":
        vault.put(name, name)
    body = vault.address() | {"secrets": [{"secretKey": "A"}, {"secretKey": "none"}]}
    http.refused(404, "DELETE", f"{BASE}/batch", json=body)
    body["secrets"] = [{"secretKey": "A"}, {"secretKey": "B", "type": "shared"}]
    deleted = http.ok("DELETE", f"{BASE}/batch", json=body)["secrets"]
    assert [secret["secretKey"] for secret in deleted] == ["A", "B"]
    assert keys(vault.list()) == ["C"]


def test_an_etag_answers_304_until_something_changes(http: Http, vault: Vault) -> None:
    vault.put("A", "1")
    first = http("GET", BASE, params=vault.address())
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = http("GET", BASE, params=vault.address(), headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert (
        http(
            "GET", BASE, params=vault.address(), headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
        ).status_code
        == 304
    )
    http.ok("PATCH", f"{BASE}/A", json=vault.address() | {"secretValue": "2"})
    changed = http("GET", BASE, params=vault.address(), headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_change_policy_turns_writes_into_approvals(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    vault.folder("guarded")
    vault.put("A", "1", "/guarded")
    policy = sandbox.add_change_policy(vault.project, "dev", "/guarded")
    place = vault.address("/guarded")
    one, many = place | {"secretValue": "2"}, place | {"secrets": [{"secretKey": "B", "secretValue": "2"}]}
    existing = place | {"secrets": [{"secretKey": "A", "secretValue": "2"}]}
    answers = [
        http.ok("POST", f"{BASE}/B", json=one),
        http.ok("PATCH", f"{BASE}/A", json=one),
        http.ok("DELETE", f"{BASE}/A", json=place),
        http.ok("POST", f"{BASE}/batch", json=many),
        http.ok("PATCH", f"{BASE}/batch", json=existing),
        http.ok("DELETE", f"{BASE}/batch", json=existing),
    ]
    for answer in answers:
        assert list(answer) == ["approval"]
        assert (answer["approval"]["policyId"], answer["approval"]["hasMerged"]) == (policy, False)
    assert [secret["secretValue"] for secret in vault.list("/guarded")["secrets"]] == ["1"]
    vault.put("A", "free")
    folder = {"projectId": vault.project, "environment": "dev"}
    refusal = http.refused(400, "DELETE", "/api/v2/folders/guarded", json=folder)
    assert "sandbox policy" in refusal["message"]
    http.ok("DELETE", "/api/v2/folders/guarded", json=folder | {"forceDelete": True})
