"""A hidden value is no value: no road leads it to the server, and no dict of secrets holds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gemel.infisical import (
    InvalidArgument,
    MergeError,
    NewSecret,
    Secret,
    SecretChange,
    SecretImportBlock,
    SecretMetadata,
)
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode

HIDDEN = "<hidden-by-infisical>"
Road = Callable[[Any, Place, str], Any]

ROADS: dict[str, tuple[Road, str]] = {
    "create": (lambda c, p, v: c.secrets.create("NEW", secret_value=v, **p), "secret_value"),
    "update": (lambda c, p, v: c.secrets.update("KEY", secret_value=v, **p), "secret_value"),
    "v3 create": (lambda c, p, v: c.secrets.v3.create("NEW", secret_value=v, **p), "secret_value"),
    "v3 update": (lambda c, p, v: c.secrets.v3.update("KEY", secret_value=v, **p), "secret_value"),
    "comment": (lambda c, p, v: c.secrets.update("KEY", secret_comment=v, **p), "secret_comment"),
    "metadata": (
        lambda c, p, v: c.secrets.update("KEY", secret_metadata=[SecretMetadata(key="k", value=v)], **p),
        "secret_metadata",
    ),
    "batch of new": (
        lambda c, p, v: c.secrets.batch_create(
            [NewSecret(secret_key="A", secret_value="a"), NewSecret(secret_key="B", secret_value=v)], **p
        ),
        "secrets",
    ),
    "batch of changes": (
        lambda c, p, v: c.secrets.batch_update([SecretChange(secret_key="KEY", secret_value=v)], **p),
        "secrets",
    ),
    "v3 batch of new": (
        lambda c, p, v: c.secrets.v3.batch_create([NewSecret(secret_key="B", secret_value=v)], **p),
        "secrets",
    ),
    "v3 batch of changes": (
        lambda c, p, v: c.secrets.v3.batch_update([SecretChange(secret_key="KEY", secret_value=v)], **p),
        "secrets",
    ),
    "a copy of the client": (
        lambda c, p, v: c.with_options(timeout=5).secrets.update("KEY", secret_value=v, **p),
        "secret_value",
    ),
    "the body of an option": (
        lambda c, p, v: c.secrets.update.options(body={"secretValue": v})("KEY", **p),
        "secret_value",
    ),
    "a dict": (
        lambda c, p, v: c.request("PATCH", "api/v4/secrets/KEY", body={**wire(p), "secretValue": v}),
        "secret_value",
    ),
    "a text": (
        lambda c, p, v: c.request(
            "PATCH",
            "api/v4/secrets/KEY",
            body=json.dumps({**wire(p), "secretValue": v}).encode(),
            headers={"Content-Type": "application/json"},
        ),
        "secret_value",
    ),
    "a record": (
        lambda c, p, v: c.request("PATCH", "api/v4/secrets/KEY", body=NewSecret(secret_key="KEY", secret_value=v)),
        "secret_value",
    ),
}


def wire(place: Place) -> dict[str, str]:
    return {"projectId": place["project_id"], "environment": "dev", "secretPath": "/"}


@pytest.fixture
def stored(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> str:
    """A value that is stored as KEY; the log is empty."""
    mode.run(client.secrets.create("KEY", secret_value="deep", **place))
    sandbox.requests.clear()
    return "deep"


@pytest.mark.parametrize(("road", "parameter"), ROADS.values(), ids=ROADS)
def test_no_road_leads_to_the_server(
    mode: Mode, client: Any, place: Place, sandbox: Sandbox, stored: str, road: Road, parameter: str
) -> None:
    with pytest.raises(InvalidArgument, match="stands for a value that the server has not shown") as caught:
        mode.run(road(client, place, HIDDEN))
    assert caught.value.parameter == parameter
    assert "view_secret_value=True" in str(caught.value)
    assert list(sandbox.requests) == []
    assert mode.run(client.secrets.retrieve("KEY", **place)).secret_value == stored


def test_a_request_made_beforehand_is_refused_too(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    path = "api/v4/secrets/KEY"
    made = client.create_request("post", path, body={**wire(place), "secretValue": HIDDEN})
    sandbox.requests.clear()
    with pytest.raises(InvalidArgument) as caught:
        mode.run(client.handle_request(made))
    assert caught.value.parameter == "secret_value"
    assert list(sandbox.requests) == []


@pytest.mark.parametrize("value", [f"{HIDDEN}\n", f" {HIDDEN} ", f"\t{HIDDEN}"])
def test_white_space_does_not_make_it_a_value(mode: Mode, client: Any, place: Place, stored: str, value: str) -> None:
    """The server trims values."""
    with pytest.raises(InvalidArgument):
        mode.run(client.secrets.update("KEY", secret_value=value, **place))


@pytest.mark.parametrize("value", [f"see {HIDDEN}", "hidden-by-infisical", HIDDEN.upper(), f"{HIDDEN}{HIDDEN}"])
def test_a_value_that_only_speaks_of_it_is_sent(mode: Mode, client: Any, place: Place, stored: str, value: str) -> None:
    mode.run(client.secrets.update("KEY", secret_value=value, **place))
    assert mode.run(client.secrets.retrieve("KEY", **place)).secret_value == value


def test_which_of_a_batch_it_is_is_told(mode: Mode, client: Any, place: Place) -> None:
    batch = [NewSecret(secret_key="A", secret_value="a"), NewSecret(secret_key="B", secret_value=HIDDEN)]
    with pytest.raises(InvalidArgument, match=r"batch_create\(\): secrets: at \[1\].secretValue: <hidden"):
        mode.run(client.secrets.batch_create(batch, **place))
    assert list(mode.run(client.secrets.list(**place))) == []


def test_an_item_of_a_hidden_list_cannot_be_written_back(mode: Mode, client: Any, place: Place, stored: str) -> None:
    (item,) = mode.run(client.secrets.list(view_secret_value=False, **place))
    assert item.secret_value_hidden
    with pytest.raises(InvalidArgument):
        mode.run(client.secrets.update(item.secret_key, secret_value=item.secret_value, **place))
    mode.run(client.secrets.update(item.secret_key, new_secret_name="OTHER", **place))
    assert mode.run(client.secrets.retrieve("OTHER", **place)).secret_value == stored


def test_the_message_shows_no_other_value(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(InvalidArgument) as caught:
        mode.run(
            client.secrets.batch_create(
                [NewSecret(secret_key="A", secret_value="deep-value"), NewSecret(secret_key="B", secret_value=HIDDEN)],
                **place,
            )
        )
    assert "deep-value" not in str(caught.value)


@pytest.mark.parametrize("gather", ["merged", "by_path"])
@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_no_dict_holds_it(mode: Mode, client: Any, place: Place, stored: str, gather: str, generation: str) -> None:
    secrets = client.secrets if generation == "v4" else client.secrets.v3
    mode.run(client.secrets.create("NEXT", secret_value="v", **place))
    listed = mode.run(secrets.list(view_secret_value=False, **place))
    assert {secret.secret_key for secret in listed} == {"KEY", "NEXT"}
    with pytest.raises(MergeError, match="KEY, NEXT: the server has hidden the values; list with") as caught:
        getattr(listed, gather)()
    assert sorted(caught.value.keys) == ["KEY", "NEXT"]


def test_hidden_ones_of_an_import_are_told_and_those_that_do_not_count_are_not(
    mode: Mode, client: Any, place: Place
) -> None:
    listed = mode.run(client.secrets.list(**place))
    hidden = secret("KEY", HIDDEN, secret_value_hidden=True)
    imports = [SecretImportBlock(secret_path="/", environment="prod", secrets=[hidden])]
    with pytest.raises(MergeError) as caught:
        listed.replace(imports=imports).merged()
    assert caught.value.keys == ["KEY"]
    merged = listed.replace(secrets=[secret("KEY", "own")], imports=imports).merged()
    assert merged["KEY"].secret_value == "own"


def test_a_server_that_only_shows_the_placeholder_has_hidden_it_too(mode: Mode, client: Any, place: Place) -> None:
    """Older servers do not say secretValueHidden."""
    listed = mode.run(client.secrets.list(**place)).replace(secrets=[secret("KEY", HIDDEN)])
    with pytest.raises(MergeError):
        listed.merged()


def secret(key: str, value: str, **more: Any) -> Secret:
    return Secret(
        id="1", workspace="w", environment="dev", version=1, type="shared", secret_key=key, secret_value=value, **more
    )
