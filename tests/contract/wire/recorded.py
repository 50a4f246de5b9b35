"""The two SDKs that are held to their recorded requests, and the files of the recordings."""

from __future__ import annotations

from pathlib import Path

from . import infisical, julep
from .play import Sdk

SDKS: dict[str, Sdk] = {"infisical": infisical.SDK, "julep": julep.SDK}


def file_of(name: str) -> Path:
    """The recording of an SDK."""
    return Path(__file__).with_name(f"{name}.jsonl.gz")
