"""References between secrets: what expands, what stays as written, what is refused."""

from __future__ import annotations

import pytest

from .wire import Http, Vault

BASE = "/api/v4/secrets"


def update(http: Http, vault: Vault, key: str, value: str) -> None:
    http.ok("PATCH", f"{BASE}/{key}", json=vault.address() | {"secretValue": value})


def test_references_reach_the_folder_the_environment_and_below(vault: Vault) -> None:
    vault.folder("b", "/a", "prod")
    vault.put("HOST", "db")
    vault.put("ROOT", "r", environment="prod")
    vault.put("DEEP", "d", "/a/b", "prod")
    vault.put("URL", "x://${HOST}/${prod.ROOT}/${prod.a.b.DEEP}/${HOST}")
    assert vault.get("URL")["secretValue"] == "x://db/r/d/db"
    assert vault.list()["secrets"][1]["secretValue"] == "x://db/r/d/db"
    written = "x://${HOST}/${prod.ROOT}/${prod.a.b.DEEP}/${HOST}"
    assert vault.get("URL", expandSecretReferences="false")["secretValue"] == written


def test_references_expand_where_they_lie(vault: Vault) -> None:
    vault.folder("a")
    vault.put("X", "outer")
    vault.put("X", "inner", "/a")
    vault.put("Y", "${X}", "/a")
    vault.put("Z", "${dev.a.Y}")
    assert vault.get("Z")["secretValue"] == "inner"


def test_a_circle_of_references_ends(http: Http, vault: Vault) -> None:
    vault.put("A", "a")
    vault.put("B", "b ${A}")
    update(http, vault, "A", "a ${B}")
    assert vault.get("A")["secretValue"] == "a b a ${B}"
    update(http, vault, "A", "self ${A}")
    assert vault.get("A")["secretValue"] == "self self ${A}"


def test_a_reference_whose_end_is_gone_stays_as_written(http: Http, vault: Vault) -> None:
    vault.put("A", "a")
    vault.put("B", "${A}")
    http.ok("DELETE", f"{BASE}/A", json=vault.address())
    assert vault.get("B")["secretValue"] == "${A}"


@pytest.mark.parametrize("value", ["${NONE}", "${none.KEY}", "${prod.none.KEY}", "${prod.no folder.KEY}", "${@a.b.C}"])
def test_a_reference_to_nothing_is_stored_and_read_as_written(http: Http, vault: Vault, value: str) -> None:
    assert vault.put("A", value)["secretValue"] == value
    items = {"secrets": [{"secretKey": "OK", "secretValue": "x"}, {"secretKey": "B", "secretValue": value}]}
    http.ok("POST", f"{BASE}/batch", json=vault.address() | items)
    update(http, vault, "OK", value)
    assert [secret["secretValue"] for secret in vault.list()["secrets"]] == [value] * 3


def test_a_hidden_value_is_not_expanded(vault: Vault) -> None:
    vault.put("A", "a")
    vault.put("B", "${A}")
    assert vault.get("B", viewSecretValue="false")["secretValue"] == "<hidden-by-infisical>"
