"""What is public is listed in `__all__`, importable and documented, in every module of gemel."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
from collections.abc import Iterator
from pathlib import Path
from typing import get_origin

import pytest

import gemel

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(gemel.__path__, "gemel.")
    if not info.name.rpartition(".")[2].startswith("_")
)


@pytest.mark.parametrize("name", ["gemel", *MODULES])
def test_public_names(name: str) -> None:
    assert list(faults(importlib.import_module(name))) == []


def faults(module: types.ModuleType) -> Iterator[str]:
    """What is wrong with the public names of a module; their order is ruff's (RUF022)."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        yield from (f"{name} is public and there is no __all__" for name in made_here(module))
        return
    yield from (f"{name} is listed and missing" for name in listed if not hasattr(module, name))
    present = [name for name in listed if hasattr(module, name)]
    yield from (f"{name} has no docstring" for name in present if not documented(getattr(module, name)))


def made_here(module: types.ModuleType) -> Iterator[str]:
    """The names of the classes and functions that this module defines and does not mark as private."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__ and callable(value) and not name.startswith("_"):
            yield name


def documented(value: object) -> bool:
    """Whether a class or a function says what it is; a value, a type alias too, cannot carry a docstring."""
    if get_origin(value) is not None or not (inspect.isclass(value) or inspect.isroutine(value)):
        return True
    return bool(value.__doc__ and value.__doc__.strip())


SAMPLE = '''
"""A module."""
__all__ = ["LIMIT", "Said", "Unsaid", "gone", "unsaid"]
LIMIT = 1
class Said:
    """A class."""
class Unsaid: ...
def unsaid(): ...
'''


def test_faults_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sampled.py").write_text(SAMPLE)
    (tmp_path / "unlisted.py").write_text("def public(): ...\ndef _private(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(faults(importlib.import_module("sampled"))) == [
        "gone is listed and missing",
        "Unsaid has no docstring",
        "unsaid has no docstring",
    ]
    assert list(faults(importlib.import_module("unlisted"))) == ["public is public and there is no __all__"]
