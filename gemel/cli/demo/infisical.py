"""The steps of Infisical: projects, environments, folders, secrets and imports, errors, many calls at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from gemel.cli.demo.modes import settled
from gemel.cli.demo.steps import Chapter, joined, refused, told
from gemel.cli.demo.walk import Seen, Walk, closing
from gemel.infisical import Folder, ImportSource, NewSecret, Secret, SecretChange, SecretKey
from gemel.kit.errors import NotFoundError

__all__ = ["INFISICAL", "delete_project"]

INFISICAL = Chapter(lambda mode: mode.infisical.__name__)

_MANY = 200
_BATCH = 100
_DAY = 86400


def _listed(secrets: Iterable[Secret]) -> str:
    return joined(f"{secret.secret_key} v{secret.version}" for secret in secrets)


def _paths(folders: Iterable[Folder]) -> str:
    return joined(folder.relative_path or folder.path or folder.name for folder in folders)


async def _refusal(call: Callable[[], Any]) -> Seen:
    """Make a call that must fail, and show its error."""
    error = await refused(call)
    if error is None:
        return Seen("no error")
    traced = "with a request id" if error.request_id else "without a request id"
    return Seen(f"{type(error).__name__} {error.status}, {traced}", str(error))


def _logins(walk: Walk) -> int:
    return sum(request.path.endswith("/universal-auth/login") for request in walk.sandbox.requests)


@INFISICAL.step("log in as a machine identity", expects="a Bearer token for 30 days")
async def _log_in(walk: Walk) -> Seen:
    identity = {"client_id": walk.sandbox.client_id, "client_secret": walk.sandbox.client_secret}
    token = await settled(walk.infisical.universal_auth.login(**identity))
    return Seen(f"a {token.token_type} token for {token.expires_in // _DAY} days")


@INFISICAL.step("create a project", expects="dev, prod, staging")
async def _create_project(walk: Walk) -> Seen:
    project = await settled(walk.infisical.projects.create(f"Demo of {walk.mode.infisical.__name__}"))
    walk.ids["project"] = project.id
    return Seen(joined(environment.slug for environment in project.environments))


@INFISICAL.step("create an environment", expects="Quality (qa), the fourth")
async def _create_environment(walk: Walk) -> Seen:
    place = walk.place
    made = await settled(
        walk.infisical.environments.create("Quality", project_id=place["project_id"], slug=place["environment"])
    )
    return Seen(f"{made.name} ({made.slug}), {'the fourth' if made.position == 4 else f'at {made.position}'}")


@INFISICAL.step("make folders", expects="/app, /app/db, /shared")
async def _make_folders(walk: Walk) -> Seen:
    folders = walk.infisical.folders
    for parent, name in (("/", "app"), ("/app", "db"), ("/", "shared")):
        await settled(folders.create(name, **walk.place, secret_path=parent))
    return Seen(_paths(await settled(folders.list(**walk.place, recursive=True))))


@INFISICAL.step("create secrets", expects="API_KEY v1, DB_URL v1, REGION v1")
async def _create_secrets(walk: Walk) -> Seen:
    made: list[Secret] = []
    for name, path in (("API_KEY", "/app"), ("DB_URL", "/app/db"), ("REGION", "/shared")):
        value = walk.fresh(name)
        made.append(
            await settled(walk.infisical.secrets.create(name, **walk.place, secret_path=path, secret_value=value))
        )
    return Seen(_listed(made))


@INFISICAL.step("read a secret", expects="DB_URL v1, the value as written, masked in its repr")
async def _read(walk: Walk) -> Seen:
    secret = await settled(walk.infisical.secrets.retrieve("DB_URL", **walk.place, secret_path="/app/db"))
    return Seen(told(walk, secret))


@INFISICAL.step("read it in the legacy generation", expects="DB_URL v1, the value as written, masked in its repr")
async def _read_v3(walk: Walk) -> Seen:
    secret = await settled(walk.infisical.secrets.v3.retrieve("DB_URL", **walk.place, secret_path="/app/db"))
    return Seen(told(walk, secret))


@INFISICAL.step("list all folders' secrets", expects="API_KEY in /app, DB_URL in /app/db, REGION in /shared")
async def _list_recursively(walk: Walk) -> Seen:
    listed = await settled(walk.infisical.secrets.list(**walk.place, recursive=True))
    return Seen(joined(f"{secret.secret_key} in {secret.secret_path}" for secret in listed))


@INFISICAL.step("import a folder, list with imports", expects="own: API_KEY v1; merged: API_KEY v1, REGION v1")
async def _list_with_imports(walk: Walk) -> Seen:
    source = ImportSource(environment=walk.place["environment"], path="/shared")
    await settled(walk.infisical.secret_imports.create(source, **walk.place, secret_path="/app"))
    listed = await settled(walk.infisical.secrets.list(**walk.place, secret_path="/app", include_imports=True))
    return Seen(f"own: {_listed(listed)}; merged: {_listed(listed.merged().values())}")


@INFISICAL.step("update a secret", expects="API_KEY v2, the value as written, masked in its repr")
async def _update(walk: Walk) -> Seen:
    value = walk.fresh("API_KEY")
    here = walk.place
    await settled(walk.infisical.secrets.update("API_KEY", **here, secret_path="/app", secret_value=value))
    return Seen(told(walk, await settled(walk.infisical.secrets.retrieve("API_KEY", **here, secret_path="/app"))))


@INFISICAL.step("delete a secret", expects="REGION deleted, then not found")
async def _delete(walk: Walk) -> Seen:
    gone = await settled(walk.infisical.secrets.delete("REGION", **walk.place, secret_path="/shared"))
    try:
        await settled(walk.infisical.secrets.retrieve("REGION", **walk.place, secret_path="/shared"))
    except NotFoundError:
        return Seen(f"{gone.secret_key} deleted, then not found")
    return Seen(f"{gone.secret_key} deleted, then still there")


@INFISICAL.step("create in a batch", expects="MAIL v1, QUEUE v1, SEARCH v1")
async def _batch_create(walk: Walk) -> Seen:
    new = [NewSecret(secret_key=name, secret_value=walk.fresh(name)) for name in ("MAIL", "QUEUE", "SEARCH")]
    return Seen(_listed(await settled(walk.infisical.secrets.batch_create(new, **walk.place))))


@INFISICAL.step("update in a batch", expects="MAIL v2, QUEUE v2")
async def _batch_update(walk: Walk) -> Seen:
    changes = [SecretChange(secret_key=name, secret_value=walk.fresh(name)) for name in ("MAIL", "QUEUE")]
    return Seen(_listed(await settled(walk.infisical.secrets.batch_update(changes, **walk.place))))


@INFISICAL.step("delete in a batch", expects="deleted: QUEUE v2, SEARCH v1; left: MAIL v2")
async def _batch_delete(walk: Walk) -> Seen:
    keys = [SecretKey(secret_key=name) for name in ("QUEUE", "SEARCH")]
    gone = await settled(walk.infisical.secrets.batch_delete(keys, **walk.place))
    left = await settled(walk.infisical.secrets.list(**walk.place))
    return Seen(f"deleted: {_listed(gone)}; left: {_listed(left)}")


@INFISICAL.step("ask for what is not there", expects="NotFoundError 404, with a request id")
async def _not_found(walk: Walk) -> Seen:
    place = walk.place
    return await _refusal(lambda: walk.infisical.secrets.retrieve("MISSING", **place))


@INFISICAL.step("write as a viewer", expects="PermissionDeniedError 403, with a request id")
async def _denied(walk: Walk) -> Seen:
    place, value = walk.place, walk.fresh("NOT_FOR_ME")
    viewer = walk.sandbox.add_identity("viewer", role="viewer", project_id=place["project_id"])
    async with closing(walk.mode.infisical_client(walk.sandbox, viewer.client_id, viewer.client_secret)) as client:
        return await _refusal(lambda: client.secrets.create("NOT_FOR_ME", **place, secret_value=value))


@INFISICAL.step("send what the server refuses", expects="UnprocessableEntityError 422, with a request id")
async def _invalid(walk: Walk) -> Seen:
    project_id = walk.id_of("project")
    return await _refusal(
        lambda: walk.infisical.environments.create("Broken", project_id=project_id, slug="not a slug")
    )


@INFISICAL.step("survive an expired token", expects="1 new login; DB_URL v1, the value as written, masked in its repr")
async def _outlive_token(walk: Walk) -> Seen:
    place, before = walk.place, _logins(walk)
    walk.sandbox.expire_tokens()
    secret = await settled(walk.infisical.secrets.retrieve("DB_URL", **place, secret_path="/app/db"))
    return Seen(f"{_logins(walk) - before} new login; {told(walk, secret)}")


def _many() -> list[str]:
    return [f"MANY_{number:03}" for number in range(_MANY)]


@INFISICAL.step(f"write {_MANY} secrets in batches", expects=f"{_MANY} written")
async def _write_many(walk: Walk) -> Seen:
    names, written = _many(), 0
    await settled(walk.infisical.folders.create("many", **walk.place))
    for start in range(0, _MANY, _BATCH):
        new = [NewSecret(secret_key=name, secret_value=walk.fresh(name)) for name in names[start : start + _BATCH]]
        written += len(await settled(walk.infisical.secrets.batch_create(new, **walk.place, secret_path="/many")))
    return Seen(f"{written} written")


@INFISICAL.step(f"fetch {_MANY} secrets at once", expects=f"{_MANY} fetched, {_MANY} values as written")
async def _fetch_many(walk: Walk) -> Seen:
    place, retrieve = walk.place, walk.infisical.secrets.retrieve
    calls = [lambda name=name: retrieve(name, **place, secret_path="/many") for name in _many()]
    begun = time.perf_counter()
    fetched = await walk.at_once(calls)
    rate = len(fetched) / (time.perf_counter() - begun)
    same = sum(secret.secret_value == walk.values.get(secret.secret_key) for secret in fetched)
    return Seen(f"{len(fetched)} fetched, {same} values as written", f"{rate:.0f} a second, {walk.mode.crowd}")


@INFISICAL.step("delete the project", expects="deleted; then NotFoundError 404, with a request id")
async def delete_project(walk: Walk) -> Seen:
    """Delete the project of a walk, and look whether it is gone."""
    project_id = walk.id_of("project")
    await settled(walk.infisical.projects.delete(project_id))
    after = await _refusal(lambda: walk.infisical.projects.retrieve(project_id))
    return Seen(f"deleted; then {after.got}")
