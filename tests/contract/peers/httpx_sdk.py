"""infisical-httpx-sdk as a peer, blocking and async: secrets v3 and folders v1."""

from __future__ import annotations

import ast
import re
from typing import Any

from flow import Told, done, moment
from infisical import InfisicalAsyncClient, InfisicalClient
from infisical.resources.folders import models as folders
from infisical.resources.secrets import models as secrets


class Httpx:
    """Either client of infisical-httpx-sdk."""

    def __init__(self, given: Told, mode: str) -> None:
        kind = InfisicalClient if mode == "sync" else InfisicalAsyncClient
        self._client: Any = kind(
            endpoint=given["url"], client_id=given["client_id"], client_secret=given["client_secret"]
        )
        self._query = {"workspaceId": given["project"], "environment": "dev"}
        self._place = {"workspace_id": given["project"], "environment": "dev"}
        self._secrets, self._folders = self._client.secrets.v3, self._client.folders.v1

    async def create_secret(self, key: str, value: str, path: str, comment: str) -> Told:
        request = secrets.CreateSecretRequest(
            name=key, secretValue=value, secretPath=path, secretComment=comment, **self._place
        )
        return _secret(await done(self._secrets.create(request)))

    async def retrieve_secret(self, key: str, path: str, version: int | None = None) -> Told:
        options: dict[str, Any] = {"include_imports": "true"} if version is None else {"version": version}
        return _secret(await done(self._secrets.retrieve(name=key, secretPath=path, **options, **self._query)))

    async def list_secrets(self, path: str, recursive: bool) -> list[Told]:
        page = self._secrets.list(secretPath=path, recursive=str(recursive).lower(), **self._query)
        return [_secret(each) | {"path": each.secret_path} for each in (await done(page)).secrets]

    async def update_secret(self, key: str, path: str, value: str, new_key: str) -> Told:
        request = secrets.UpdateSecretRequest(
            name=key, secretValue=value, secretPath=path, newSecretName=new_key, **self._place
        )
        return _secret(await done(self._secrets.update(request)))

    async def delete_secret(self, key: str, path: str) -> Told:
        request = secrets.DeleteSecretRequest(name=key, secretPath=path, **self._place)
        return _secret(await done(self._secrets.delete(request)))

    async def create_folder(self, name: str, path: str, description: str) -> Told:
        request = folders.CreateFolderRequest(name=name, path=path, description=description, **self._place)
        return _folder(await done(self._folders.create(request)))

    async def retrieve_folder(self, folder_id: str) -> Told:
        found = await done(self._folders.get_by_id(folder_id=folder_id))
        return _folder(found) | {"path": found.path, "slug": found.environment.env_slug}

    async def list_folders(self, path: str, recursive: bool) -> list[Told]:
        found = self._folders.list(path=path, recursive=recursive, **self._query)
        return [_folder(each) for each in (await done(found)).folders]

    async def update_folder(self, folder_id: str, path: str, name: str) -> Told:
        request = folders.UpdateFolderRequest(folder_id=folder_id, path=path, name=name, **self._place)
        return _folder(await done(self._folders.update(request)))

    async def delete_folder(self, name: str, path: str) -> Told:
        request = folders.DeleteFolderRequest(folder_id_or_name=name, path=path, **self._place)
        return _folder(await done(self._folders.delete(request)))

    async def close(self) -> None:
        await done(self._client.close())

    def refusal(self, error: Exception) -> Told:
        """Its error is a text: "Client Error 404: message"; a list of issues stands there as Python writes one."""
        found = re.fullmatch(r"(?s)Client Error (\d+): (.*)", str(error))
        assert found is not None, repr(error)
        message = ast.literal_eval(found[2]) if found[2].startswith("[") else found[2]
        return {"status": int(found[1]), "message": message}


def _secret(found: Any) -> Told:
    return {
        "id": found.secret_id,
        "key": found.secret_key,
        "value": found.secret_value,
        "comment": found.secret_comment,
        "version": found.version,
        "type": found.secret_type,
        "environment": found.environment,
        "project": found.workspace,
        "created": moment(found.created_at),
    }


def _folder(found: Any) -> Told:
    return {
        "id": found.folder_id,
        "name": found.name,
        "description": found.description,
        "parent": found.parent_id,
        "environment": found.env_id,
        "created": moment(found.created_at),
    }
