"""Folders in both generations."""

from __future__ import annotations

from typing import Any

import pytest

from .wire import Http, Vault

V2 = "/api/v2/folders"
V1 = "/api/v1/folders"


def place(vault: Vault, path: str = "/", environment: str = "dev") -> dict[str, str]:
    return {"projectId": vault.project, "environment": environment, "path": path}


def names(http: Http, vault: Vault, path: str = "/", **more: str) -> list[str]:
    return [folder["name"] for folder in http.ok("GET", V2, params=place(vault, path) | more)["folders"]]


def test_creating_makes_missing_parents_and_repeats_itself(http: Http, vault: Vault) -> None:
    made = http.ok("POST", V2, json=place(vault, "/a/b") | {"name": "c", "description": "deep"})["folder"]
    assert (made["name"], made["path"], made["description"]) == ("c", "/a/b/c", "deep")
    assert names(http, vault) == ["a"]
    assert names(http, vault, "/a") == ["b"]
    again = http.ok("POST", V2, json=place(vault, "a/b/") | {"name": "c"})["folder"]
    assert again == made


@pytest.mark.parametrize("name", ["a/b", "a b", "..", "", "é"])
def test_a_name_has_letters_digits_dashes_and_underscores(http: Http, vault: Vault, name: str) -> None:
    (issue,) = http.refused(422, "POST", V2, json=place(vault) | {"name": name})["message"]
    assert (issue["code"], issue["path"]) == ("custom", ["name"])


def test_a_folder_needs_an_environment_and_a_path_of_names(http: Http, vault: Vault) -> None:
    refusal = http.refused(404, "POST", V2, json=place(vault, environment="none") | {"name": "a"})
    assert "Environment with slug 'none'" in refusal["message"]
    http.refused(400, "POST", V2, json=place(vault, "/a b") | {"name": "a"})
    assert names(http, vault) == []


def test_listing(http: Http, vault: Vault) -> None:
    for name, path in [("b", "/"), ("a", "/"), ("c", "/a"), ("d", "/a/c")]:
        vault.folder(name, path)
    direct = http.ok("GET", V2, params=place(vault))["folders"]
    assert [folder["name"] for folder in direct] == ["a", "b"]
    assert "relativePath" not in direct[0]
    deep = http.ok("GET", V2, params=place(vault) | {"recursive": "true"})["folders"]
    assert [folder["relativePath"] for folder in deep] == ["/a", "/b", "/a/c", "/a/c/d"]
    below = http.ok("GET", V2, params=place(vault, "/a") | {"recursive": "True"})["folders"]
    assert [folder["relativePath"] for folder in below] == ["/c", "/c/d"]
    assert names(http, vault, "/nowhere") == []
    http.refused(404, "GET", V2, params=place(vault, environment="none"))


def test_listing_wants_a_path_in_the_current_generation_only(http: Http, vault: Vault) -> None:
    (issue,) = http.refused(422, "GET", V2, params={"projectId": vault.project, "environment": "dev"})["message"]
    assert issue["path"] == ["path"]
    http.ok("GET", V1, params={"workspaceId": vault.project, "environment": "dev"})


def test_listing_those_whose_secrets_changed(http: Http, vault: Vault) -> None:
    vault.folder("quiet")
    vault.folder("busy")
    changed = vault.put("K", "v", "/busy")["updatedAt"]
    assert names(http, vault, lastSecretModified=changed) == ["busy"]
    assert names(http, vault, lastSecretModified="2999-01-01T00:00:00.000Z") == []


def test_by_id(http: Http, vault: Vault) -> None:
    made = vault.folder("b", "/a")
    shown = http.ok("GET", f"{V2}/{made['id']}")["folder"]
    assert (shown["path"], shown["projectId"], shown["environment"]["envSlug"]) == ("/a/b", vault.project, "dev")
    http.refused(404, "GET", f"{V2}/none")


def test_renaming(http: Http, vault: Vault) -> None:
    a, _ = vault.folder("a"), vault.folder("b")
    http.refused(400, "PATCH", f"{V2}/{a['id']}", json=place(vault) | {"name": "b"})
    renamed = http.ok("PATCH", f"{V2}/{a['id']}", json=place(vault) | {"name": "c", "description": "d"})["folder"]
    assert (renamed["id"], renamed["path"], renamed["description"]) == (a["id"], "/c", "d")
    http.refused(404, "PATCH", f"{V2}/none", json=place(vault) | {"name": "x"})
    http.refused(404, "PATCH", f"{V2}/{a['id']}", json=place(vault, "/b") | {"name": "x"})


def test_renaming_many_is_all_or_nothing(http: Http, vault: Vault) -> None:
    a, b = vault.folder("a"), vault.folder("b", "/a")

    def change(folder: dict[str, Any], path: str, name: str) -> dict[str, Any]:
        return {"id": folder["id"], "environment": "dev", "path": path, "name": name}

    body = {"projectId": vault.project, "folders": [change(b, "/a", "y"), change(b, "/none", "z")]}
    http.refused(404, "PATCH", f"{V2}/batch", json=body)
    assert names(http, vault, "/a") == ["b"]
    body["folders"] = [change(b, "/a", "y"), change(a, "/", "x")]
    assert [folder["name"] for folder in http.ok("PATCH", f"{V2}/batch", json=body)["folders"]] == ["y", "x"]
    assert names(http, vault, "/x") == ["y"]


@pytest.mark.parametrize("by", ["id", "name"])
def test_deleting_takes_all_below(http: Http, vault: Vault, by: str) -> None:
    vault.folder("b", "/a")
    secret = vault.put("K", "v", "/a/b")
    a = http.ok("GET", V2, params=place(vault))["folders"][0]
    assert http.ok("DELETE", f"{V2}/{a[by]}", json=place(vault))["folder"]["id"] == a["id"]
    http.refused(404, "GET", f"/api/v4/secrets/id/{secret['id']}")
    http.refused(404, "DELETE", f"{V2}/{a[by]}", json=place(vault))


def test_the_older_generation(http: Http, vault: Vault) -> None:
    address = {"workspaceId": vault.project, "environment": "dev"}
    made = http.ok("POST", V1, json=address | {"name": "b", "directory": "/a"})["folder"]
    assert made["path"] == "/a/b"
    listed = http.ok("GET", V1, params=address | {"directory": "/a"})["folders"]
    assert [folder["id"] for folder in listed] == [made["id"]]
    assert http.ok("GET", V1, params=address | {"path": "/a"})["folders"] == listed
    assert http.ok("GET", f"{V1}/{made['id']}")["folder"]["path"] == "/a/b"
    http.ok("PATCH", f"{V1}/{made['id']}", json=address | {"directory": "/a", "name": "c"})
    slug = http.ok("GET", f"/api/v1/projects/{vault.project}")["project"]["slug"]
    change = {"id": made["id"], "environment": "dev", "path": "/a", "name": "d"}
    http.ok("PATCH", f"{V1}/batch", json={"projectSlug": slug, "folders": [change]})
    http.ok("DELETE", f"{V1}/d", json=address | {"path": "/a"})
    assert http.ok("GET", V1, params=address | {"path": "/a"})["folders"] == []
    http.refused(422, "POST", V1, json=place(vault) | {"name": "x"})
