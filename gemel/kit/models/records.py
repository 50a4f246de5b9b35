"""Takes apart records of every kind: Models and other Structs, dataclasses, attrs classes, NamedTuples, TypedDicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import InitVar
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from typing_extensions import NotRequired, ReadOnly, Required, Unpack, get_original_bases, get_type_hints

from gemel.kit.annotations import annotations_of
from gemel.kit.models.hints import ANNOTATIONS, filled, is_alias, is_class, meaning_of
from gemel.kit.models.pydantic_ import is_pydantic, pydantic_fields
from gemel.kit.models.typed_dicts import is_typed_dict, keys_of

__all__ = ["RecordField", "is_record", "opened", "record_fields", "record_name"]

_QUALIFIERS = (Required, NotRequired, ReadOnly, Final, ClassVar, Unpack)


class RecordField(NamedTuple):
    """One field of a record.

    Attributes:
        name: Its name in Python.
        wire: Its name in JSON.
        hint: Its type, marks included, type arguments filled in.
        shown: Whether the repr of the record shows it.
    """

    name: str
    wire: str
    hint: Any
    shown: bool = True


def opened(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what a hint stands for, and the marks around it.

    It opens `type` statements and their type arguments (PEP 695), NewTypes, Annotated, the bound of a type variable,
    and qualifiers such as Required.
    """
    marks: tuple[Any, ...] = ()
    for _ in range(_DEEPEST):
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif origin in _QUALIFIERS:
            hint = get_args(hint)[0]
        elif isinstance(hint, InitVar):
            hint = cast("Any", hint).type
        elif is_alias(hint):
            hint = meaning_of(hint)
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif isinstance(hint, TypeVar):
            hint = hint.__bound__ or (Union[hint.__constraints__] if hint.__constraints__ else Any)  # noqa: UP007
        else:
            break
    return hint, marks


_DEEPEST = 100


def is_record(kind: Any) -> bool:
    """Say whether a class, with or without type arguments, is a record whose values have named fields."""
    origin: Any = get_origin(kind) or kind
    if is_typed_dict(origin):
        return True
    if not is_class(origin):
        return False
    marks = ("__struct_fields__", "__dataclass_fields__", "__attrs_attrs__", "__pydantic_validator__")
    return any(hasattr(origin, mark) for mark in marks) or (
        issubclass(origin, tuple) and hasattr(cast("Any", origin), "_fields")
    )


def record_name(kind: Any) -> str:
    """Return the name with which the repr of a record begins."""
    return cast("str", (get_origin(kind) or kind).__qualname__).rpartition(">.")[2]


def record_fields(kind: Any) -> tuple[RecordField, ...]:
    """Return the fields of a record in order; raises NameError for an annotation with an undefined name."""
    origin: Any = get_origin(kind) or kind
    if is_pydantic(origin):
        return tuple(RecordField(*item) for item in pydantic_fields(origin))
    hints = _hints_of(kind, origin)
    if hasattr(origin, "__struct_fields__"):
        pairs = zip(origin.__struct_fields__, origin.__struct_encode_fields__, strict=True)
        return tuple(RecordField(name, wire, hints.get(name, Any)) for name, wire in pairs)
    return tuple(RecordField(name, name, hints.get(name, Any), shown) for name, shown in _names(origin, hints))


def _names(origin: Any, hints: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    if hasattr(origin, "__dataclass_fields__"):
        known: Any = origin.__dataclass_fields__.values()
        yield from ((item.name, item.repr) for item in known if get_origin(hints.get(item.name)) is not ClassVar)
    elif hasattr(origin, "__attrs_attrs__"):
        yield from ((item.name, bool(item.repr)) for item in origin.__attrs_attrs__)
    elif hasattr(origin, "_fields"):
        yield from ((name, True) for name in origin._fields)
    else:
        yield from ((name, True) for name in hints)


def _hints_of(kind: Any, origin: Any) -> dict[str, Any]:
    """Return the annotations of a record and its bases, with the type arguments of each class filled in."""
    arguments = _arguments(kind)
    if is_typed_dict(origin):
        return {name: filled(key.hint, arguments.get(origin, {})) for name, key in keys_of(origin).items()}
    with ANNOTATIONS:
        hints = get_type_hints(origin, localns=_type_parameters(origin), include_extras=True)
        written = [(base, annotations_of(base)) for base in origin.__mro__]
    found: dict[str, Any] = {}
    for name, hint in hints.items():
        owner = next((base for base, own in written if name in own), origin)
        found[name] = filled(hint, arguments.get(owner, {}))
    return found


def _type_parameters(origin: Any) -> dict[str, Any] | None:
    """Return the names that annotations of a class may use besides those of its module, None for the usual ones.

    Python 3.12 does not find the type parameters of `class Box[T]` when an annotation is text.
    """
    parameters = {one.__name__: one for base in origin.__mro__ for one in getattr(base, "__type_params__", ())}
    return {**vars(origin), **parameters} if parameters else None


def _arguments(kind: Any) -> dict[Any, dict[Any, Any]]:
    """Return the type arguments of each class among a record and its bases."""
    found: dict[Any, dict[Any, Any]] = {}
    waiting: list[Any] = [kind]
    while waiting:
        alias = waiting.pop()
        origin: Any = get_origin(alias) or alias
        if not is_class(origin) or origin in (Generic, Protocol, object) or origin in found:
            continue
        given = dict(zip(getattr(origin, "__parameters__", ()), get_args(alias), strict=False))
        found[origin] = given
        above = (base for base in get_original_bases(origin) if get_origin(base) not in (Generic, Protocol))
        waiting += [filled(base, given) for base in above]
    return found
