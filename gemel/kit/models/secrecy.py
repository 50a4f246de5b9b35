"""Finds what is secret in a value: what SECRET marks in its type, at any depth, and unknown fields of a record.

One walk over type hints and values serves everything that must not show a secret: reprs, errors, addresses, logs,
observers, curl commands and recordings. It is planned once for each hint; a hint without secrets costs nothing.
"""

from __future__ import annotations

import contextlib
import enum
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeGuard, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import UnsetType

from gemel.kit.annotations import annotations_of
from gemel.kit.http.encoding import rfc3339
from gemel.kit.http.redaction import MASK
from gemel.kit.http.sensitive import is_sensitive
from gemel.kit.models.extras import kept
from gemel.kit.models.hints import is_class, remembered
from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.pydantic_ import extras_of, guards_a_secret
from gemel.kit.models.records import RecordField, is_record, opened, record_fields, record_name
from gemel.kit.models.typed_dicts import is_typed_dict
from gemel.kit.types import OMIT, Secrecy, is_array, is_mapping

__all__ = [
    "Finder",
    "declared_fields",
    "finder",
    "hidden_texts",
    "holds_secrets",
    "is_marked",
    "is_secret",
    "named_secrets",
    "secret_values",
    "shown_fields",
]

Finder: TypeAlias = "Callable[[Any, list[str]], None]"
"""A function that adds every secret text of a value to a list."""

_SCALARS: tuple[Any, ...] = (
    str,
    bytes,
    bytearray,
    memoryview,
    int,
    float,
    Decimal,
    UUID,
    date,
    time,
    timedelta,
    enum.Enum,
)
_BYTES: tuple[Any, ...] = (bytes, bytearray, memoryview)
_ARRAYS: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
_EMPTY = frozenset({bool, NoneType, UnsetType})


def finder(hint: Any, *, hidden: bool = False) -> Finder | None:
    """Return a function that finds the secret texts in values of a type.

    Args:
        hint: The type, marks included.
        hidden: Whether values are secret as a whole, whatever the type says.

    Returns:
        The function, which takes a value and the list to add to; None when no value of the type can hold a secret.
    """
    walker = _HIDDEN if hidden else _walker(hint)
    return None if walker is _PLAIN else walker.find


def hidden_texts(value: Any) -> list[str]:
    """Return every text of a value that is secret as a whole, numbers and times as they are written included."""
    found: list[str] = []
    _HIDDEN.find(value, found)
    return found


def secret_values(value: Any) -> list[str]:
    """Return every secret text of a value, by its own type and the types of the values in it."""
    found: list[str] = []
    _OPEN.find(value, found)
    return found


def named_secrets(value: Any, sensitive: Callable[[str], bool] = is_sensitive) -> list[str]:
    """Return every secret text of an undeclared value, by the types of its parts and by their names.

    Args:
        value: Parameters, or a value that is sent as JSON.
        sensitive: Says whether a value of this name is taken for a secret.
    """
    found: list[str] = []
    _find_named(value, sensitive, found)
    return found


def _find_named(value: Any, sensitive: Callable[[str], bool], found: list[str]) -> None:
    if is_mapping(value):
        for name, inner in value.items():
            if isinstance(name, str) and sensitive(name):
                _HIDDEN.find(inner, found)
            else:
                _find_named(inner, sensitive, found)
    elif is_array(value):
        for inner in value:
            _find_named(inner, sensitive, found)
    else:
        _OPEN.find(value, found)


def is_secret(hint: Any) -> bool:
    """Say whether all values of a type are secret, since it or a member of its union is marked."""
    return _walker(hint) is _HIDDEN


def is_marked(hint: Any) -> bool:
    """Say whether SECRET marks a type or one in its brackets, not counting the fields of records."""
    return any(map(is_secret, _reachable([hint], fields=False)))


def holds_secrets(hint: Any) -> bool:
    """Say whether SECRET is anywhere in a type, in its brackets or in the fields of records in it."""
    return any(is_secret(inner) for inner in _reachable([hint]))


def declared_fields(hints: Iterable[Any]) -> Iterator[tuple[str, bool]]:
    """Yield the name on the wire of each field of all records in these types, and whether it is secret."""
    for inner in _reachable(list(hints)):
        kind, _ = opened(inner)
        if is_record(kind):
            for item in record_fields(kind):
                yield item.wire, is_marked(item.hint)


def shown_fields(record: Any) -> list[tuple[str, str]]:
    """Return the fields of a Model as its repr shows them, secret values masked, without those that are OMIT."""
    return cast("_Record", _walker(type(record))).fields_shown(record)


class _Walker:
    """Walks the values of one type; the base class finds nothing, as in a number."""

    def find(self, value: Any, found: list[str]) -> None:
        """Add every secret text of a value to `found`."""

    def shown(self, value: Any) -> str:
        """Return the repr of a value, secret values masked."""
        return repr(value)

    def takes(self, value: Any) -> bool:
        """Say whether a value is of the type, as far as that can be told without looking inside."""
        return True


class _Hidden(_Walker):
    """Walks values that are secret as a whole."""

    def find(self, value: Any, found: list[str]) -> None:
        kind = cast("Any", type(value))
        if kind is str:
            found.append(value)
        elif kind in _EMPTY:
            return
        elif isinstance(value, _SCALARS):
            found.extend(_texts_of(value))
        elif is_mapping(value):
            self._find_all(value.values(), found)
        elif _is_record_class(kind):
            self._find_all([getattr(value, name, None) for name in cast("_Record", _walker(kind)).names()], found)
            self._find_all(_beside_fields(value).values(), found)
        elif guards_a_secret(kind):
            self.find(value.get_secret_value(), found)
        elif _is_collection(value):
            self._find_all(value, found)
        elif kind.__str__ is not object.__str__:
            found.append(str(value))

    def _find_all(self, values: Iterable[Any], found: list[str]) -> None:
        for inner in values:
            self.find(inner, found)

    def shown(self, value: Any) -> str:
        return MASK


def _is_collection(value: Any) -> TypeGuard[Collection[Any]]:
    return isinstance(value, Collection)


def _texts_of(value: Any) -> list[str]:
    """Return the texts that a single value may have: in an address, in JSON, in a repr."""
    if isinstance(value, enum.Enum):
        return [value.value] if isinstance(value.value, str) else _texts_of(value.value)
    if isinstance(value, _BYTES):
        return _texts_of_bytes(bytes(value))
    texts = [str(value)]
    if isinstance(value, UUID):
        texts.append(value.hex)
    elif isinstance(value, Decimal):
        texts.append(format(value, "f"))
    elif not isinstance(value, int):
        texts.append(msgspec.json.encode(value).decode().strip('"'))
    if isinstance(value, datetime) and value.utcoffset() is not None:
        texts.append(rfc3339(value))
    return [text for text in dict.fromkeys(texts) if text != "null"]


def _texts_of_bytes(value: bytes) -> list[str]:
    """Return bytes as text, and in base64 and hex if they are not valid UTF-8."""
    text = value.decode("utf-8", "replace")
    if "\ufffd" not in text:
        return [text]
    encoded = b64encode(value).decode().rstrip("=")
    return [text, value.decode("latin-1"), encoded, encoded.replace("+", "-").replace("/", "_"), value.hex()]


class _Open(_Walker):
    """Walks values whose declared type says nothing; each is treated by its own class."""

    def find(self, value: Any, found: list[str]) -> None:
        kind = cast("Any", type(value))
        if kind in _EMPTY or isinstance(value, _SCALARS):
            return
        if is_mapping(value):
            for inner in value.values():
                self.find(inner, found)
        elif _is_record_class(kind):
            _walker(kind).find(value, found)
        elif isinstance(value, _ARRAYS):
            for inner in value:
                self.find(inner, found)
        elif guards_a_secret(kind):
            _HIDDEN.find(value, found)

    def shown(self, value: Any) -> str:
        kind = cast("Any", type(value))
        if kind in _EMPTY or isinstance(value, _SCALARS):
            return repr(value)
        if _is_record_class(kind):
            return repr(value) if _shows_itself(value) else _walker(kind).shown(value)
        if is_mapping(value):
            return _mapping_shown(value, self, self)
        if isinstance(value, _ARRAYS):
            return _items_shown(value, self)
        return repr(value)


class _Items(_Walker):
    """Walks arrays and sets."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def find(self, value: Any, found: list[str]) -> None:
        if not self.takes(value):
            _find_misfit(value, found)
            return
        walker = _walker(self._item)
        for inner in value:
            walker.find(inner, found)

    def shown(self, value: Any) -> str:
        return _items_shown(value, _walker(self._item)) if self.takes(value) else _misfit_shown(value)

    def takes(self, value: Any) -> bool:
        return isinstance(value, Collection) and not isinstance(value, str | bytes | bytearray | Mapping)


class _Positions(_Items):
    """Walks tuples whose items each have a type."""

    def __init__(self, items: tuple[Any, ...]) -> None:
        super().__init__(Union[items])  # noqa: UP007
        self._items = items

    def find(self, value: Any, found: list[str]) -> None:
        if not self._fits(value):
            super().find(value, found)
            return
        for hint, inner in zip(self._items, value, strict=True):
            _walker(hint).find(inner, found)

    def shown(self, value: Any) -> str:
        if not self._fits(value):
            return super().shown(value)
        texts = [_walker(hint).shown(inner) for hint, inner in zip(self._items, value, strict=True)]
        return _braced(value, texts)

    def _fits(self, value: Any) -> bool:
        return is_array(value) and len(value) == len(self._items)


class _Pairs(_Walker):
    """Walks mappings."""

    def __init__(self, key: Any, item: Any) -> None:
        self._key, self._item = key, item

    def find(self, value: Any, found: list[str]) -> None:
        if not is_mapping(value):
            _find_misfit(value, found)
            return
        key, item = _walker(self._key), _walker(self._item)
        for name, inner in value.items():
            key.find(name, found)
            item.find(inner, found)

    def shown(self, value: Any) -> str:
        if not is_mapping(value):
            return _misfit_shown(value)
        return _mapping_shown(value, _walker(self._key), _walker(self._item))

    def takes(self, value: Any) -> bool:
        return is_mapping(value)


class _Record(_Walker):
    """Walks records, records of derived classes, and JSON objects that are not records yet, by names of fields."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._class: Any = get_origin(kind) or kind
        self._known: list[tuple[RecordField, _Walker]] | None = None

    def names(self) -> list[str]:
        """Return the names of the fields."""
        return [item.name for item, _ in self._fields()]

    def _fields(self) -> list[tuple[RecordField, _Walker]]:
        """Return the fields, resolved on first use; while a type is not defined yet, all count as secret."""
        if self._known is None:
            try:
                self._known = [(item, _walker(item.hint)) for item in record_fields(self._kind)]
            except NameError:
                return [(RecordField(name, name, Any), _HIDDEN) for name in _names_of(self._class)]
        return self._known

    def _fields_of(self, value: Any) -> list[tuple[RecordField, _Walker]]:
        """Return the fields of a value, which may be of a derived class; marks of both classes count."""
        if type(value) is self._class:
            return self._fields()
        ours = {item.name: walker for item, walker in self._fields()}
        theirs = cast("_Record", _walker(type(value)))._fields()
        return [(item, _both(walker, ours.get(item.name, _PLAIN))) for item, walker in theirs]

    def find(self, value: Any, found: list[str]) -> None:
        if is_mapping(value):
            known = self._by_name()
            for name, inner in value.items():
                known.get(name, _OPEN).find(inner, found)
        elif self._is_listed(value):
            for inner, (_, walker) in zip(value, self._fields(), strict=False):
                walker.find(inner, found)
        elif not self.takes(value):
            _find_misfit(value, found)
        else:
            for item, walker in self._fields_of(value):
                if walker is not _PLAIN:
                    walker.find(getattr(value, item.name, None), found)
            if beside := _beside_fields(value):  # what a model does not declare may be secret
                _HIDDEN.find(beside, found)

    def shown(self, value: Any) -> str:
        if is_mapping(value):
            known = self._by_name()
            return f"{{{', '.join(f'{name!r}: {known.get(name, _OPEN).shown(item)}' for name, item in value.items())}}}"
        if not self.takes(value):
            return _misfit_shown(value)
        if _shows_itself(value) and not get_args(self._kind):
            return repr(value)
        fields = [(item, walker) for item, walker in self._fields_of(value) if item.shown]
        if all(walker is _PLAIN for _, walker in fields):
            return repr(value)
        texts = self.fields_shown(value)
        if [text for _, text in texts] == [repr(getattr(value, name, None)) for name, _ in texts]:
            return repr(value)
        return f"{record_name(type(value))}({', '.join(f'{name}={text}' for name, text in texts)})"

    def _is_listed(self, value: Any) -> bool:
        """Say whether a value is the JSON array of a NamedTuple."""
        return type(value) is list and issubclass(self._class, tuple)

    def _by_name(self) -> dict[str, _Walker]:
        return {name: walker for item, walker in self._fields() for name in (item.wire, item.name)}

    def fields_shown(self, value: Any) -> list[tuple[str, str]]:
        """Return the names of a record's fields with the text that is shown for each."""
        shown = [
            (item.name, walker.shown(inner))
            for item, walker in self._fields_of(value)
            if item.shown and (inner := getattr(value, item.name, None)) is not OMIT
        ]
        extras = ", ".join(f"{name!r}: {MASK}" for name in _beside_fields(value))
        return [*shown, ("extras", f"{{{extras}}}")] if extras else shown

    def takes(self, value: Any) -> bool:
        return is_mapping(value) if is_typed_dict(self._class) else isinstance(value, self._class)


class _Choice(_Walker):
    """Walks unions: a value counts as each member that may take it, and is shown as the most cautious one shows it."""

    def __init__(self, members: list[_Walker]) -> None:
        self._members = members

    def find(self, value: Any, found: list[str]) -> None:
        taking = [member for member in self._members if member.takes(value)]
        for member in taking or [_OPEN]:
            member.find(value, found)

    def shown(self, value: Any) -> str:
        texts = [member.shown(value) for member in self._members if member.takes(value)] or [_OPEN.shown(value)]
        return max(texts, key=lambda text: text.count(MASK))

    def takes(self, value: Any) -> bool:
        return any(member.takes(value) for member in self._members)


_PLAIN, _HIDDEN, _OPEN = _Walker(), _Hidden(), _Open()


@remembered
def _walker(hint: Any) -> _Walker:
    """Return the walker of a type; those of the types in its brackets are made on first use."""
    kind, marks = opened(hint)
    if any(isinstance(mark, Secrecy) for mark in marks):
        return _HIDDEN
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _union(inner)
    if kind in (None, NoneType, UnsetType) or origin is Literal:
        return _PLAIN
    if guards_a_secret(origin or kind):
        return _HIDDEN
    if is_record(kind):
        return _Record(kind)
    if not is_class(origin) or not issubclass(origin, Iterable) or not inner:
        return _PLAIN if is_class(kind) and issubclass(kind, _SCALARS) else _OPEN
    return _container(cast("Any", origin), inner) if _leads_on(kind, frozenset()) else _PLAIN


def _both(one: _Walker, other: _Walker) -> _Walker:
    """Return a walker for values to which two types apply."""
    if other is _PLAIN or one is other:
        return one
    if one is _PLAIN or other is _HIDDEN:
        return other
    return one if one is _HIDDEN else _Choice([one, other])


def _union(members: tuple[Any, ...]) -> _Walker:
    walkers = [_walker(member) for member in members]
    if _HIDDEN in walkers:
        return _HIDDEN
    leading = [walker for walker in walkers if walker is not _PLAIN]
    return leading[0] if len(leading) == 1 == len(walkers) else _Choice(leading) if leading else _PLAIN


def _container(origin: type[Any], inner: tuple[Any, ...]) -> _Walker:
    if issubclass(origin, Mapping):
        return _Pairs(inner[0], inner[1]) if len(inner) == 2 else _Pairs(inner[0], int)
    if origin is tuple and inner[1:] != (...,):
        return _Positions(inner)
    return _Items(inner[0])


def _leads_on(hint: Any, inside: frozenset[Any]) -> bool:
    """Say whether values of a type may hold a secret or anything unknown; a type may contain itself."""
    kind, marks = opened(hint)
    if any(isinstance(mark, Secrecy) for mark in marks):
        return True
    origin, inner = get_origin(kind), get_args(kind)
    is_container = is_class(origin) and issubclass(origin, Iterable) and not is_record(kind)
    if origin in (Union, UnionType) or is_container:
        around = inside | {_key(kind)}
        return _key(kind) not in inside and any(_leads_on(part, around) for part in inner if part is not ...)
    return _walker(kind) is not _PLAIN


def _reachable(waiting: list[Any], *, fields: bool = True) -> Iterator[Any]:
    """Yield types and those in their brackets, each once.

    Args:
        waiting: The types to begin with; the list is emptied.
        fields: Whether to go on with the types of the fields of records.
    """
    seen = set[Any]()
    while waiting:
        hint = waiting.pop()
        if _key(hint) in seen:
            continue
        seen.add(_key(hint))
        yield hint
        kind, _ = opened(hint)
        waiting += () if get_origin(kind) is Literal else get_args(kind)
        if fields and is_record(kind):
            with contextlib.suppress(NameError):
                waiting += [item.hint for item in record_fields(kind)]


def _key(hint: Any) -> Any:
    """Return a hashable key of a type; for one with unhashable marks, its text."""
    try:
        hash(hint)
    except TypeError:
        return repr(hint)
    return hint


@lru_cache(maxsize=4096)
def _is_record_class(kind: Any) -> bool:
    return is_record(kind)


def _beside_fields(value: Any) -> Mapping[str, Any]:
    """Return what a record holds that its class does not declare."""
    return kept(value) or extras_of(value)


def _shows_itself(value: Any) -> bool:
    """Say whether the repr of a record masks what is secret in it, as that of a Model does."""
    return isinstance(type(value), ModelMeta)


def _names_of(kind: Any) -> Iterator[str]:
    for base in reversed(getattr(kind, "__mro__", (kind,))):
        yield from annotations_of(base)


def _find_misfit(value: Any, found: list[str]) -> None:
    """Find the texts of a value that is not of its declared type: any of them may be secret."""
    _HIDDEN.find(value, found)


def _misfit_shown(value: Any) -> str:
    return repr(value) if type(value) in _EMPTY else MASK


def _items_shown(value: Collection[Any], walker: _Walker) -> str:
    return _braced(value, [walker.shown(inner) for inner in value])


def _braced(value: Collection[Any], texts: list[str]) -> str:
    """Return the repr of an array or set from the texts of its items."""
    if texts == [repr(inner) for inner in value]:
        return repr(value)
    inside = ", ".join(texts)
    if type(value) is list:
        return f"[{inside}]"
    if type(value) is tuple:
        return f"({inside},)" if len(texts) == 1 else f"({inside})"
    if type(value) is set:
        return f"{{{inside}}}"
    brackets = "{}" if isinstance(value, AbstractSet) else "[]"
    return f"{type(value).__name__}({brackets[0]}{inside}{brackets[1]})"


def _mapping_shown(value: Mapping[Any, Any], key: _Walker, item: _Walker) -> str:
    pairs = [(key.shown(name), item.shown(inner)) for name, inner in value.items()]
    if pairs == [(repr(name), repr(inner)) for name, inner in value.items()]:
        return repr(value)
    inside = f"{{{', '.join(f'{name}: {text}' for name, text in pairs)}}}"
    return inside if type(value) is dict else f"{type(value).__name__}({inside})"
