"""infisicalsdk, the official one, as a peer: secrets v3 and folders v2, blocking only."""

from __future__ import annotations

from typing import Any

from flow import Told, moment
from infisical_sdk import InfisicalSDKClient
from infisical_sdk.infisical_requests import APIError


class Official:
    """The client of infisicalsdk, its cache off."""

    def __init__(self, given: Told, mode: str) -> None:
        self._client = InfisicalSDKClient(host=given["url"], cache_ttl=None)
        self._client.auth.universal_auth.login(given["client_id"], given["client_secret"])
        self._place: dict[str, Any] = {"environment_slug": "dev", "project_id": given["project"]}

    async def create_secret(self, key: str, value: str, path: str, comment: str) -> Told:
        made = self._client.secrets.create_secret_by_name(
            key, secret_path=path, secret_value=value, secret_comment=comment, **self._place
        )
        return _secret(made)

    async def retrieve_secret(self, key: str, path: str, version: int | None = None) -> Told:
        number: Any = None if version is None else str(version)
        return _secret(self._client.secrets.get_secret_by_name(key, secret_path=path, version=number, **self._place))

    async def list_secrets(self, path: str, recursive: bool) -> list[Told]:
        page = self._client.secrets.list_secrets(
            secret_path=path, recursive=recursive, view_secret_value=False, **self._place
        )
        return [_secret(each) | {"path": each.secretPath} for each in page.secrets]

    async def update_secret(self, key: str, path: str, value: str, new_key: str) -> Told:
        changed = self._client.secrets.update_secret_by_name(
            key, secret_path=path, secret_value=value, new_secret_name=new_key, **self._place
        )
        return _secret(changed)

    async def delete_secret(self, key: str, path: str) -> Told:
        return _secret(self._client.secrets.delete_secret_by_name(key, secret_path=path, **self._place))

    async def create_folder(self, name: str, path: str, description: str) -> Told:
        return _folder(self._client.folders.create_folder(name, path=path, description=description, **self._place))

    async def retrieve_folder(self, folder_id: str) -> Told:
        found = self._client.folders.get_folder_by_id(folder_id)
        environment: Any = found.environment
        slug = environment["envSlug"] if isinstance(environment, dict) else environment.envSlug
        return _folder(found) | {"path": found.path, "slug": slug}

    async def list_folders(self, path: str, recursive: bool) -> list[Told]:
        found = self._client.folders.list_folders(path=path, recursive=recursive, **self._place)
        return [_folder(each) for each in found.folders]

    async def update_folder(self, folder_id: str, path: str, name: str) -> Told:
        return _folder(self._client.folders.update_folder(folder_id, name=name, path=path, **self._place))

    async def delete_folder(self, name: str, path: str) -> Told:
        return _folder(self._client.folders.delete_folder(name, path=path, **self._place))

    async def close(self) -> None:
        self._client.close()
        self._client.api.session.close()

    def refusal(self, error: Exception) -> Told:
        assert isinstance(error, APIError), repr(error)
        return {"status": error.status_code, "message": error.response["message"]}


def _secret(found: Any) -> Told:
    return {
        "id": found.id,
        "key": found.secretKey,
        "value": found.secretValue,
        "comment": found.secretComment,
        "version": found.version,
        "type": found.type,
        "environment": found.environment,
        "project": found.workspace,
        "created": moment(found.createdAt),
    }


def _folder(found: Any) -> Told:
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "parent": found.parentId,
        "environment": found.envId,
        "created": moment(found.createdAt),
    }
