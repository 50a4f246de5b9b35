"""The faces: what users import, listed once, whole for checkers, and loaded name by name."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pickle
import pydoc
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_origin

import pytest

FACES = ["gemel", "gemel.infisical", "gemel.julep", "gemel.testing"]
HEAVY = {"aiohttp", "asyncio", "beartype", "marshmallow", "requests", "ssl", "uplink", "urllib3"}


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def homes_of(face: ModuleType) -> dict[str, str]:
    homes: dict[str, str] = vars(face)["_HOMES"]
    return homes


def for_checkers(face: ModuleType) -> dict[str, str]:
    """Where checkers find each name: the imports below `if TYPE_CHECKING`."""
    body = ast.parse(inspect.getsource(face)).body
    blocks = {ast.unparse(node.test): node.body for node in body if isinstance(node, ast.If)}
    imports = [node for node in blocks["TYPE_CHECKING"] if isinstance(node, ast.ImportFrom)]
    assert imports == blocks["TYPE_CHECKING"]
    # A checker that sees a module's __getattr__ takes any name, misspelt ones too, for one of the module.
    assert [getattr(node, "name", "") for node in blocks["not TYPE_CHECKING"]] == ["__getattr__", "__dir__"]
    assert not any(alias.asname for node in imports for alias in node.names)
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_the_names_are_listed_once_and_in_order(face: ModuleType) -> None:
    """Constants, classes, the rest: the order of ruff (RUF022)."""
    assert list(face.__all__) == sorted(set(face.__all__), key=lambda name: (kind_of(name), name))


def kind_of(name: str) -> int:
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2


def test_the_names_are_those_that_checkers_see(face: ModuleType) -> None:
    assert list(homes_of(face)) == list(face.__all__)
    assert for_checkers(face) == homes_of(face)
    assert dir(face) == sorted(face.__all__)


def test_each_name_is_what_its_home_says(face: ModuleType) -> None:
    for name, home in homes_of(face).items():
        module = importlib.import_module(home)
        assert getattr(face, name) is getattr(module, name)
        assert name in module.__all__, f"{home}.{name}"


def test_a_name_that_there_is_not_is_told(face: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{face.__name__}' has no attribute 'Modle'"):
        face.Modle  # noqa: B018
    with pytest.raises(ImportError, match="Modle"):
        exec(f"from {face.__name__} import Modle")


def test_one_name_has_one_meaning() -> None:
    """What the face of an SDK has from the kit is what the kit's own face has by that name."""
    gemel = importlib.import_module("gemel")
    for name in FACES[1:3]:
        sdk = importlib.import_module(name)
        shared = [name for name, home in homes_of(sdk).items() if home.startswith("gemel.kit")]
        assert {"NotFoundError", "Retry", "Timeout", "Cache", "OMIT", "SECRET"} <= set(shared)
        assert [name for name in shared if getattr(sdk, name) is not getattr(gemel, name)] == []


def test_the_errors_are_on_every_face_that_may_raise_them() -> None:
    errors = importlib.import_module("gemel.kit.errors")
    raised = {name for name in errors.__all__ if inspect.isclass(getattr(errors, name))} | {"WaitTimeoutError"}
    for name in FACES[:3]:
        assert raised - set(importlib.import_module(name).__all__) == set()
    for name in ("infisical", "julep"):
        own = importlib.import_module(f"gemel.{name}.errors")
        mine = {name for name in own.__all__ if inspect.isclass(getattr(own, name))}
        assert mine and mine <= set(importlib.import_module(f"gemel.{name}").__all__)


def loaded_by(code: str) -> set[str]:
    """The modules that a process of its own has loaded after it ran this code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", FACES)
def test_importing_a_face_loads_nothing(name: str) -> None:
    loaded = {module for module in loaded_by(f"import {name}") if module.partition(".")[0] == "gemel"}
    assert loaded == {"gemel", name}


@pytest.mark.parametrize("code", ["from gemel import Model", "from gemel import NotFoundError, Retry, Timeout"])
def test_a_value_is_cheap(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    "code",
    [
        "from gemel import get, Resource, Query, Page, Stream, flow, BaseClient, Client, AsyncClient",
        "from gemel.infisical import InfisicalClient, InfisicalAsyncClient",
        "from gemel.julep import Client, AsyncClient",
    ],
)
def test_declaring_loads_no_library_that_sends_binds_or_validates(code: str) -> None:
    assert loaded_by(code) & (HEAVY - {"ssl"}) == set()


def test_a_record_is_loaded_without_the_client() -> None:
    assert "gemel.kit.client" not in loaded_by("from gemel.infisical import NotFoundError, Secret")
    assert "gemel.kit.client" not in loaded_by("from gemel.julep import Agent, NotFoundError")


@pytest.mark.parametrize("name", FACES)
def test_a_star_imports_every_name(name: str) -> None:
    names: dict[str, Any] = {}
    exec(f"from {name} import *", names)
    assert names.keys() - {"__builtins__"} == set(importlib.import_module(name).__all__)


def test_python_s_own_tools_see_a_face_whole(face: ModuleType) -> None:
    assert {name for name, _ in inspect.getmembers(face)} == set(face.__all__)
    text = pydoc.plain(pydoc.render_doc(face))
    # To Python 3.10 an alias such as dict[str, Any] is a class.
    classes = [name for name in face.__all__ if inspect.isclass(found := getattr(face, name)) and not get_origin(found)]
    assert classes and [name for name in classes if f"class {getattr(face, name).__name__}" not in text] == []
    assert doctest.testmod(face).failed == 0


def values_of(face: ModuleType) -> list[Any]:
    return [getattr(face, name) for name in face.__all__]


def written_here(value: Any) -> bool:
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.partition(".")[0] == "gemel"


def test_classes_and_functions_survive_pickling(face: ModuleType) -> None:
    for value in values_of(face):
        if written_here(value):
            assert pickle.loads(pickle.dumps(value)) is value


def test_what_is_made_by_way_of_a_face_survives_pickling() -> None:
    code = """import gemel, pickle
print(pickle.dumps((gemel.Retry(limit=3), gemel.InvalidArgument("f", "x", "too late"))).hex())"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    retry, error = pickle.loads(bytes.fromhex(made.stdout))
    gemel = importlib.import_module("gemel")
    assert retry == gemel.Retry(limit=3) and type(error) is gemel.InvalidArgument


# What a class of a face names in its own methods or fields and no user makes, passes or keeps.
BEHIND = {
    "gemel.kit.bind.signature.FlowSignature",
    "gemel.kit.bodies.upload.UploadReader",
    "gemel.kit.declare.Declaring",
    "gemel.kit.flow.drive.AsyncPerformer",
    "gemel.kit.flow.drive.Performer",
    "gemel.kit.http.messages.Streamed",
    "gemel.kit.paging.page.Glance",
    "gemel.kit.paging.position.Place",
    "gemel.kit.policies.options.Options",
}


def test_what_a_name_hands_out_is_on_a_face_too() -> None:
    faces = [importlib.import_module(name) for name in [*FACES, "gemel.sandbox"]]
    public = {id(value) for face in faces for value in values_of(face)}
    named = {f"{each.__module__}.{each.__name__}": each for face in faces[:-1] for each in handed_out(face)}
    assert {name for name, each in named.items() if id(each) not in public} == BEHIND


def handed_out(face: ModuleType) -> Iterator[type]:
    """The classes of gemel that annotations of public methods, functions and fields name."""
    made = {each for value in values_of(face) for each in (value.__mro__ if inspect.isclass(value) else (value,))}
    for each in filter(written_here, made):
        module = sys.modules[each.__module__]
        found = map(vars(module).get, annotated(Path(str(module.__file__)), each.__name__))
        yield from (kind for kind in found if inspect.isclass(kind) and written_here(kind))


def annotated(path: Path, name: str) -> Iterator[str]:
    """The words of the annotations of a class, without its private members, or of a function."""
    for node in nodes(path):
        if getattr(node, "name", "") == name:
            members = node.body if isinstance(node, ast.ClassDef) else [node]
            for member in members:
                shown = getattr(member, "name", None) or getattr(getattr(member, "target", None), "id", "")
                if not shown.startswith("_") or shown == "__call__":
                    yield from words(member)


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def words(member: ast.AST) -> Iterator[str]:
    if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
        every = [*member.args.args, *member.args.kwonlyargs, member.args.vararg, member.args.kwarg]
        hints = [each.annotation for each in every if each] + [member.returns]
    else:
        hints = [getattr(member, "annotation", None)]
    yield from (node.id for hint in hints if hint for node in ast.walk(hint) if isinstance(node, ast.Name))
