"""Reads annotations without evaluating them for good: from Python 3.14 on they are evaluated late (PEP 649)."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType
from typing import Any, ForwardRef

__all__ = ["annotations_of", "name_types_only", "names_of_types", "replaced", "signature_of", "written"]

if sys.version_info >= (3, 14):
    from annotationlib import Format, call_annotate_function

    def annotations_of(owner: Any) -> dict[str, Any]:
        """Return the own annotations of a class or function; a name that is not defined yet is a ForwardRef.

        Nothing is cached: what a name means is settled when the annotations are resolved for good.
        """
        annotate = getattr(owner, "__annotate__", None)
        if annotate is None:
            return dict(getattr(owner, "__annotations__", {}))
        return dict(call_annotate_function(annotate, Format.FORWARDREF, owner=owner))

    def _bare_signature(function: Callable[..., Any]) -> inspect.Signature:
        return inspect.signature(function, annotation_format=Format.STRING)

else:

    def annotations_of(owner: Any) -> dict[str, Any]:
        """Return the own annotations of a class or function."""
        return inspect.get_annotations(owner)

    def _bare_signature(function: Callable[..., Any]) -> inspect.Signature:
        return inspect.signature(function)


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function, its annotations as annotations_of gives them."""
    bare, annotations = _bare_signature(function), annotations_of(function)
    parameters = [
        parameter.replace(annotation=annotations.get(name, parameter.annotation))
        for name, parameter in bare.parameters.items()
    ]
    returned = annotations.get("return", bare.return_annotation)
    return bare.replace(parameters=parameters, return_annotation=returned)


def written(annotation: Any) -> str:
    """Return the text of an annotation, as written in the source if it is not evaluated."""
    return annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else str(annotation)


def name_types_only(owner: Any) -> None:
    """Keep annotations that are evaluated late from meaning a method of their class.

    `-> list[str]` above `def list` then is the builtin, as it is where it is evaluated at once. Those of a stub that
    were evaluated already, and perhaps changed, are left as they are.
    """
    annotate: Any = getattr(owner, "__annotate__", None)
    if not isinstance(annotate, FunctionType):
        return
    if hasattr(owner, "__globals__") and _evaluated(owner):
        owner.__annotations__ = owner.__annotations__  # which ends that they are evaluated late
        return
    if _CLASS not in annotate.__code__.co_freevars:
        return
    cells = zip(annotate.__code__.co_freevars, annotate.__closure__ or (), strict=True)
    closure = tuple(CellType(_Types(cell.cell_contents)) if name == _CLASS else cell for name, cell in cells)
    owner.__annotate__ = FunctionType(
        annotate.__code__, annotate.__globals__, annotate.__name__, annotate.__defaults__, closure
    )


def _evaluated(function: Any) -> bool:
    """Say whether the annotations of a function are evaluated already, without evaluating them."""
    # A function object refers to a few dicts, and the annotations are the one that none of its attributes accounts for.
    others: list[Any] = [function.__globals__, function.__builtins__, function.__kwdefaults__, vars(function)]
    known = {id(one) for one in others}
    return any(issubclass(type(held), dict) and id(held) not in known for held in gc.get_referents(function))


_CLASS = "__classdict__"
"""What Python calls the names of a class in the code that evaluates annotations inside it (PEP 695)."""


class _Types(Mapping[str, Any]):
    """The names of a class, filled in while it is made, without those of its methods, endpoints and properties."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Any:
        value: object = self._names[name]
        if hasattr(type(value), "__get__"):
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names_of_types(owner: type) -> dict[str, Any]:
    """Return the names of a class that an annotation in it may mean: all but methods and other descriptors."""
    return dict(_Types(vars(owner)))


@contextmanager
def replaced(owner: Any, annotations: Mapping[str, Any]) -> Generator[None, None, None]:
    """Give a class other annotations inside the block, and its own again afterwards, evaluated as late as before."""
    annotate: Any = getattr(owner, "__annotate__", None)
    own: dict[str, Any] = owner.__annotations__ if annotate is None else {}
    owner.__annotations__ = {**own, **annotations}
    try:
        yield
    finally:
        if annotate is None:
            owner.__annotations__ = own
        else:
            owner.__annotate__ = annotate
