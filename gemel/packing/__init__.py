"""What PyInstaller is told of gemel: where its hook lies. PyInstaller asks for it by an entry point."""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """Return the folders that PyInstaller looks for hooks in."""
    return [str(Path(__file__).parent)]
