"""A program to be frozen: it makes a client of each mode, and with each one call that works and one that does not."""

from __future__ import annotations

import asyncio
import ssl
import sys

import certifi

from gemel.infisical import InfisicalAsyncClient, InfisicalClient, ResponseValidationError

PLACE = {"project_id": "p", "environment": "dev"}


def told(value: object) -> None:
    """Write a line."""
    sys.stdout.write(f"{value}\n")


def blocking(url: str) -> None:
    """Print what the blocking client gives."""
    with InfisicalClient(endpoint=url, token="t") as client:
        told(client.secrets.retrieve("A", **PLACE).secret_value)
        try:
            client.secrets.retrieve("B", **PLACE)
        except ResponseValidationError as error:
            told(error.errors)


async def awaited(url: str) -> None:
    """Print what the async client gives."""
    async with InfisicalAsyncClient(endpoint=url, token="t") as client:
        told((await client.secrets.retrieve("A", **PLACE)).secret_value)


if __name__ == "__main__":
    ssl.create_default_context(cafile=certifi.where())
    blocking(sys.argv[1])
    asyncio.run(awaited(sys.argv[1]))
