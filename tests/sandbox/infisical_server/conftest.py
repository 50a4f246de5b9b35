"""Callers of one project: users, identities and service tokens, each with a vault of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault, log_in

As = Callable[..., Vault]


@pytest.fixture
def callers(sandbox: Sandbox, project: str) -> Iterator[Callable[[str | None], Vault]]:
    """Gives a vault to whoever has a token."""
    made: list[Http] = []

    def vault_of(token: str | None) -> Vault:
        made.append(Http(sandbox.url, token))
        return Vault(made[-1], project)

    yield vault_of
    for http in made:
        http.session.close()


@pytest.fixture
def user(sandbox: Sandbox, project: str, callers: Callable[[str | None], Vault]) -> As:
    """Makes a user of the project, a member unless another role is named."""

    def make(name: str, role: str = "member") -> Vault:
        return callers(sandbox.add_user(name, role=role, project_id=project).token)

    return make


@pytest.fixture
def identity(sandbox: Sandbox, project: str, callers: Callable[[str | None], Vault]) -> As:
    """Makes a machine identity of the project, a member unless another role is named."""

    def make(role: str = "member", permissions: list[dict[str, Any]] | None = None) -> Vault:
        if permissions is not None:
            sandbox.add_role(project, role, permissions)
        return callers(log_in(sandbox, sandbox.add_identity(role, role=role, project_id=project)))

    return make


def values(vault: Vault, path: str = "/", environment: str = "dev", **query: str) -> dict[str, str]:
    """The values of a folder by their keys."""
    listed = vault.list(path, environment, **query)["secrets"]
    found = {secret["secretKey"]: secret["secretValue"] for secret in listed}
    assert len(found) == len(listed)
    return found
