"""References: what expands, how far, and what stays as it was written."""

from __future__ import annotations

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault
from .conftest import As, values

BASE = "/api/v4/secrets"


def test_in_the_same_folder_by_name_and_in_a_list(vault: Vault) -> None:
    vault.put("HELLO", "world")
    vault.put("GREETING", "hello ${HELLO}")
    assert vault.get("GREETING")["secretValue"] == "hello world"
    assert values(vault)["GREETING"] == "hello world"


def test_to_a_folder_below_and_to_another_environment(vault: Vault) -> None:
    vault.folder("nested", "/deep")
    vault.put("NESTED", "nested", "/deep/nested")
    vault.put("PROD", "prod", environment="prod")
    vault.put("BOTH", "${dev.deep.nested.NESTED}+${prod.PROD}")
    assert vault.get("BOTH")["secretValue"] == "nested+prod"


def test_each_occurrence_and_each_reference(vault: Vault) -> None:
    vault.put("HOST", "db")
    vault.put("PORT", "5432")
    vault.put("URL", "${HOST}:${PORT}/${HOST}")
    assert vault.get("URL")["secretValue"] == "db:5432/db"


def test_a_secret_may_be_created_before_what_it_refers_to(vault: Vault) -> None:
    vault.put("URL", "postgres://${USER}@db")
    assert vault.get("URL")["secretValue"] == "postgres://${USER}@db"
    vault.put("USER", "root")
    assert vault.get("URL")["secretValue"] == "postgres://root@db"


@pytest.mark.parametrize(
    "value", ["${MISSING} ${MISSING}", "${MISSING} ${dev.nope.KEY} ${qa.KEY}", "${dev}", "${dev.}", "${.KEY}", "${..}"]
)
def test_what_is_not_there_stays_as_written(vault: Vault, value: str) -> None:
    vault.put("A", value)
    assert vault.get("A")["secretValue"] == value
    assert values(vault) == {"A": value}


def test_what_is_there_expands_beside_what_is_not(vault: Vault) -> None:
    vault.put("HOST", "db")
    vault.put("A", "${MISSING}${HOST}${MISSING}")
    assert vault.get("A")["secretValue"] == "${MISSING}db${MISSING}"


@pytest.mark.parametrize(("value", "expanded"), [("[${EMPTY}]", "[]"), ("hello ${EMPTY}", "hello "), ("${EMPTY}", "")])
def test_an_empty_value_is_a_value(vault: Vault, value: str, expanded: str) -> None:
    vault.put("EMPTY", "")
    vault.put("A", value)
    assert vault.get("A")["secretValue"] == expanded
    assert values(vault)["A"] == expanded


@pytest.mark.parametrize("key", ["MY KEY", "my-key", "my_key", "A B C"])
def test_names_with_other_characters_expand(vault: Vault, key: str) -> None:
    vault.put(key.replace(" ", "%20"), "found")
    vault.put("A", f"${{{key}}}")
    assert vault.get("A")["secretValue"] == "found"


@pytest.mark.parametrize("padded", ["${ KEY }", "${ KEY}", "${KEY }", "${\tKEY}", "$ {KEY}", "${KEY", "$KEY", "${}"])
def test_a_padded_reference_is_text(vault: Vault, padded: str) -> None:
    vault.put("KEY", "value")
    vault.put("A", f"<{padded}>")
    assert vault.get("A")["secretValue"] == f"<{padded}>"


@pytest.mark.parametrize(("length", "read"), [(2, "end"), (11, "end"), (12, "end"), (13, "${K13}"), (20, "${K13}")])
def test_a_chain_is_followed_twelve_secrets_deep(vault: Vault, length: int, read: str) -> None:
    vault.put(f"K{length}", "end")
    for number in range(1, length):
        vault.put(f"K{number}", f"${{K{number + 1}}}")
    assert vault.get("K1")["secretValue"] == read
    assert values(vault)["K1"] == read


def test_a_chain_across_folders_goes_as_far(vault: Vault) -> None:
    vault.folder("a")
    for number in range(1, 13):
        vault.put(f"K{number}", f"${{dev.a.K{number + 1}}}", "/a")
    vault.put("K13", "end", "/a")
    vault.put("K0", "${dev.a.K3}")
    assert vault.get("K0")["secretValue"] == "end"
    assert vault.get("K1", "/a")["secretValue"] == "${dev.a.K13}"


@pytest.mark.parametrize("text", ["p$&ss$1$$", "$`$'", r"\1\g<0>", "$$", "%s{0}"])
def test_a_value_is_put_in_as_it_is(vault: Vault, text: str) -> None:
    vault.put("PASSWORD", text)
    vault.put("DSN", "user:${PASSWORD}@db")
    assert vault.get("DSN")["secretValue"] == f"user:{text}@db"


def test_a_circle_is_no_error_and_leaves_a_reference(vault: Vault) -> None:
    vault.put("A", "${B}")
    vault.put("B", "${C}")
    vault.put("C", "${A}")
    vault.put("SELF", "x${SELF}")
    assert all("${" in value for value in values(vault).values())
    assert "${" in vault.get("A")["secretValue"]


def test_without_expansion_the_reference_is_read(vault: Vault) -> None:
    vault.put("HELLO", "world")
    vault.put("A", "hello ${HELLO}")
    assert vault.get("A", expandSecretReferences="false")["secretValue"] == "hello ${HELLO}"
    assert values(vault, expandSecretReferences="false")["A"] == "hello ${HELLO}"


def test_several_lines_are_quoted_where_multiline_encoding_is_skipped(vault: Vault) -> None:
    vault.put("PEM", "line1\nline2")
    vault.put("REF", "${PEM}", skipMultilineEncoding=True)
    vault.put("PLAIN", "${PEM}")
    vault.put("ONE", "${SHORT}", skipMultilineEncoding=True)
    vault.put("SHORT", "one line")
    vault.put("OWN", "a\nb", skipMultilineEncoding=True)
    assert vault.get("REF")["secretValue"] == '"line1\\nline2"'
    assert values(vault)["REF"] == '"line1\\nline2"'
    assert vault.get("PLAIN")["secretValue"] == "line1\nline2"
    assert vault.get("ONE")["secretValue"] == "one line"
    assert vault.get("OWN")["secretValue"] == "a\nb"


@pytest.mark.parametrize("replicated", [False, True])
def test_imported_secrets_expand_where_they_lie(http: Http, vault: Vault, replicated: bool) -> None:
    vault.folder("nested", "/deep", "prod")
    vault.put("DEEP", "testing", "/deep", "prod")
    vault.put("NESTED", "reference", "/deep/nested", "prod")
    vault.put("ALL", "secret ${NESTED} ${prod.deep.DEEP} ${NOT_THERE}", "/deep/nested", "prod")
    source = {"environment": "prod", "path": "/deep/nested"}
    body = {"projectId": vault.project, "environment": "dev", "import": source, "isReplication": replicated}
    http.ok("POST", "/api/v2/secret-imports", json=body)
    (block,) = vault.list()["imports"]
    imported = {secret["secretKey"]: secret["secretValue"] for secret in block["secrets"]}
    assert imported == {"NESTED": "reference", "ALL": "secret reference testing ${NOT_THERE}"}
    assert vault.get("ALL")["secretValue"] == "secret reference testing ${NOT_THERE}"


def test_overrides_count_only_where_they_are_included(vault: Vault, user: As) -> None:
    owner = user("owner")
    vault.put("PASS", "shared")
    owner.put("PASS", "mine", type="personal")
    vault.put("DSN", "user:${PASS}")
    assert values(owner, includePersonalOverrides="true")["DSN"] == "user:mine"
    assert values(owner)["DSN"] == "user:shared"
    assert values(vault, includePersonalOverrides="true")["DSN"] == "user:shared"


READ_A = [{"subject": "secrets", "action": ["describeSecret", "readValue"], "conditions": {"secretPath": "/a"}}]


def test_what_may_not_be_read_is_not_read_by_reference(vault: Vault, identity: As) -> None:
    vault.folder("a")
    vault.folder("b")
    vault.put("B", "hidden", "/b")
    vault.put("A", "${dev.b.B}", "/a")
    vault.put("PLAIN", "visible", "/a")
    reader = identity("reader-of-a", READ_A)
    address = vault.address("/a")
    refusal = reader.http.refused(403, "GET", f"{BASE}/A", params=address)
    assert refusal["message"] == (
        "You do not have permission to read secret 'B' in environment 'dev' at path '/b',"
        " which is referenced by secret 'A' in environment 'dev' at path '/a'."
    )
    whole = reader.http.refused(403, "GET", BASE, params=address)
    assert whole["message"] == "Failed to expand one or more secret references"
    assert whole["details"] == [refusal["message"]]
    assert "hidden" not in str(refusal) + str(whole)
    assert reader.get("PLAIN", "/a")["secretValue"] == "visible"
    assert values(reader, "/a", expandSecretReferences="false")["A"] == "${dev.b.B}"


def test_a_reference_to_nothing_in_a_closed_folder_is_refused_too(vault: Vault, identity: As) -> None:
    vault.folder("a")
    vault.put("A", "${dev.b.NOTHING}", "/a")
    reader = identity("reader-of-a", READ_A)
    reader.http.refused(403, "GET", f"{BASE}/A", params=vault.address("/a"))


def test_a_write_may_not_refer_to_what_its_writer_may_not_know_of(vault: Vault, identity: As) -> None:
    vault.folder("a")
    vault.folder("b")
    vault.put("B", "hidden", "/b")
    rules = [{"subject": "secrets", "action": ["create", "edit", "describeSecret"], "conditions": {"secretPath": "/a"}}]
    writer = identity("writer-of-a", rules)
    body = vault.address("/a") | {"secretValue": "${dev.b.B}"}
    assert writer.http.refused(403, "POST", f"{BASE}/A", json=body)["error"] == "PermissionDenied"
    writer.put("A", "${dev.b.NOT_THERE}", "/a")
    writer.http.refused(403, "PATCH", f"{BASE}/A", json=body)


def test_references_follow_a_new_name(http: Http, vault: Vault) -> None:
    vault.folder("a")
    vault.put("OLD", "value", "/a")
    vault.put("BESIDE", "${OLD} ${OLDER}", "/a")
    vault.put("FAR", "${dev.a.OLD} ${OLD}")
    http.ok("PATCH", f"{BASE}/OLD", json=vault.address("/a") | {"newSecretName": "NEW"})
    assert values(vault, "/a", expandSecretReferences="false")["BESIDE"] == "${NEW} ${OLDER}"
    assert values(vault, expandSecretReferences="false")["FAR"] == "${dev.a.NEW} ${OLD}"
    assert vault.get("BESIDE", "/a")["version"] == 2


def test_another_project_is_referred_to_where_it_shares_a_folder(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    source = http.ok("POST", "/api/v1/projects", json={"projectName": "Source"})["project"]
    other = Vault(http, source["id"])
    other.put("SHARED", "from-source")
    other.put("INNER", "inner")
    other.put("OUTER", "${INNER}")
    reference = f"${{@{source['slug']}.dev.SHARED}}"
    vault.put("REF", reference)
    vault.put("OUT", f"${{@{source['slug']}.dev.OUTER}}")
    assert vault.get("REF")["secretValue"] == reference
    sandbox.set_behaviour(cross_project=True)
    assert vault.get("REF")["secretValue"] == reference
    sandbox.add_folder_grant(source["id"], "dev", "/", vault.project)
    assert vault.get("REF")["secretValue"] == "from-source"
    assert vault.get("OUT")["secretValue"] == "${INNER}"
    sandbox.set_behaviour(cross_project=False)
    assert vault.get("REF")["secretValue"] == reference


def test_a_grant_of_one_folder_is_none_of_another(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    source = http.ok("POST", "/api/v1/projects", json={"projectName": "Source"})["project"]
    other = Vault(http, source["id"])
    other.folder("open")
    for path in ("/", "/open"):
        other.put("KEY", f"in {path}", path)
    sandbox.set_behaviour(cross_project=True)
    sandbox.add_folder_grant(source["id"], "dev", "/open", vault.project)
    vault.put("A", f"${{@{source['slug']}.dev.KEY}} ${{@{source['slug']}.dev.open.KEY}} ${{@none.dev.KEY}}")
    assert vault.get("A")["secretValue"] == f"${{@{source['slug']}.dev.KEY}} in /open ${{@none.dev.KEY}}"
