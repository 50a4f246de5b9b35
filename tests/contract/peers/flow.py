"""What every SDK is asked to do with secrets and folders, and the words in which its results are told."""

from __future__ import annotations

import inspect
from datetime import datetime
from typing import Any, Protocol

VALUE = "multi\nline $not {} ä€𝄞\n"
Told = dict[str, Any]


class Peer(Protocol):
    """One SDK in one mode; a path is the folder, an id is the server's."""

    async def create_secret(self, key: str, value: str, path: str, comment: str) -> Told: ...
    async def retrieve_secret(self, key: str, path: str, version: int | None = None) -> Told: ...
    async def list_secrets(self, path: str, recursive: bool) -> list[Told]: ...
    async def update_secret(self, key: str, path: str, value: str, new_key: str) -> Told: ...
    async def delete_secret(self, key: str, path: str) -> Told: ...
    async def create_folder(self, name: str, path: str, description: str) -> Told: ...
    async def retrieve_folder(self, folder_id: str) -> Told: ...
    async def list_folders(self, path: str, recursive: bool) -> list[Told]: ...
    async def update_folder(self, folder_id: str, path: str, name: str) -> Told: ...
    async def delete_folder(self, name: str, path: str) -> Told: ...
    async def close(self) -> None: ...

    def refusal(self, error: Exception) -> Told:
        """Status and message of an error of this SDK."""
        ...


async def done(outcome: Any) -> Any:
    """What a blocking or an awaited call gave."""
    return await outcome if inspect.isawaitable(outcome) else outcome


def moment(value: Any) -> float:
    """A time as an SDK gives it, in seconds."""
    given = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    return float(given.timestamp())


async def flow(peer: Peer) -> dict[str, Any]:
    """Do everything once; what came back, in order."""
    told: dict[str, Any] = {}
    told["outer folder"] = await peer.create_folder("outer", "/", "of a peer")
    inner = told["inner folder"] = await peer.create_folder("inner", "/outer", "below")
    told["created"] = await peer.create_secret("ONE", VALUE, "/outer/inner", "why")
    told["created second"] = await peer.create_secret("TWO", "2", "/outer", "")
    told["retrieved"] = await peer.retrieve_secret("ONE", "/outer/inner")
    told["listed"] = await peer.list_secrets("/outer", False)
    told["listed below"] = await peer.list_secrets("/outer", True)
    told["updated"] = await peer.update_secret("TWO", "/outer", "3", "THREE")
    told["first version"] = await peer.retrieve_secret("ONE", "/outer/inner", 1)
    told["imported"] = await peer.retrieve_secret("IMPORTED", "/")
    told["folder"] = await peer.retrieve_folder(inner["id"])
    told["folders"] = await peer.list_folders("/outer", False)
    told["all folders"] = await peer.list_folders("/", True)
    told["renamed"] = await peer.update_folder(inner["id"], "/outer", "deep")
    told["refused"] = await refused(peer)
    told["deleted"] = await peer.delete_secret("THREE", "/outer")
    told["deleted folder"] = await peer.delete_folder("outer", "/")
    return told


async def refused(peer: Peer) -> list[Told]:
    """What the server says to a missing name, a taken one, and one that cannot be."""
    told: list[Told] = []
    for call in (
        lambda: peer.retrieve_secret("NONE", "/"),
        lambda: peer.create_secret("THREE", "again", "/outer", ""),
        lambda: peer.create_secret("a:b", "v", "/", ""),
    ):
        try:
            told.append({"unexpected": await call()})
        except Exception as error:
            told.append(peer.refusal(error))
    return told
