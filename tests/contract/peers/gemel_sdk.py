"""gemel as a peer among the others: its legacy endpoints, which the published SDKs call too."""

from __future__ import annotations

from typing import Any

from flow import Told, done, moment

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.kit.errors import APIStatusError


class Gemel:
    """Either client of gemel."""

    def __init__(self, given: Told, mode: str) -> None:
        kind = InfisicalClient if mode == "sync" else InfisicalAsyncClient
        self._client: Any = kind(
            endpoint=given["url"], client_id=given["client_id"], client_secret=given["client_secret"]
        )
        self._place = {"project_id": given["project"], "environment": "dev"}
        self._secrets, self._folders = self._client.secrets.v3, self._client.folders.v1

    async def create_secret(self, key: str, value: str, path: str, comment: str) -> Told:
        made = self._secrets.create(key, secret_value=value, secret_path=path, secret_comment=comment, **self._place)
        return _secret(await done(made))

    async def retrieve_secret(self, key: str, path: str, version: int | None = None) -> Told:
        options: dict[str, Any] = {"include_imports": True} if version is None else {"version": version}
        return _secret(await done(self._secrets.retrieve(key, secret_path=path, **options, **self._place)))

    async def list_secrets(self, path: str, recursive: bool) -> list[Told]:
        page = self._secrets.list(secret_path=path, recursive=recursive, view_secret_value=False, **self._place)
        return [_secret(each) | {"path": each.secret_path} for each in await done(page)]

    async def update_secret(self, key: str, path: str, value: str, new_key: str) -> Told:
        changed = self._secrets.update(
            key, secret_path=path, secret_value=value, new_secret_name=new_key, **self._place
        )
        return _secret(await done(changed))

    async def delete_secret(self, key: str, path: str) -> Told:
        return _secret(await done(self._secrets.delete(key, secret_path=path, **self._place)))

    async def create_folder(self, name: str, path: str, description: str) -> Told:
        made = self._folders.create(name, secret_path=path, description=description, **self._place)
        return _folder(await done(made))

    async def retrieve_folder(self, folder_id: str) -> Told:
        found = await done(self._folders.retrieve(folder_id))
        return _folder(found) | {"path": found.path, "slug": found.environment.env_slug}

    async def list_folders(self, path: str, recursive: bool) -> list[Told]:
        found = self._folders.list(secret_path=path, recursive=recursive, **self._place)
        return [_folder(each) for each in await done(found)]

    async def update_folder(self, folder_id: str, path: str, name: str) -> Told:
        return _folder(await done(self._folders.update(folder_id, name=name, secret_path=path, **self._place)))

    async def delete_folder(self, name: str, path: str) -> Told:
        return _folder(await done(self._folders.delete(name, secret_path=path, **self._place)))

    async def close(self) -> None:
        await done(self._client.close())

    def refusal(self, error: Exception) -> Told:
        assert isinstance(error, APIStatusError), repr(error)
        return {"status": error.status, "message": error.body["message"]}


def _secret(found: Any) -> Told:
    return {
        "id": found.id,
        "key": found.secret_key,
        "value": found.secret_value,
        "comment": found.secret_comment,
        "version": found.version,
        "type": found.type,
        "environment": found.environment,
        "project": found.workspace,
        "created": moment(found.created_at),
    }


def _folder(found: Any) -> Told:
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "parent": found.parent_id,
        "environment": found.env_id,
        "created": moment(found.created_at),
    }
