"""Takes type hints apart: opens aliases and type variables, and finds the models, marks and unions in them."""

from __future__ import annotations

import functools
import sys
import threading
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import EnumMeta
from types import UnionType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

import msgspec
import typing_extensions
from msgspec import UnsetType
from typing_extensions import NoDefault, ParamSpec, get_original_bases, get_type_hints

from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.pydantic_ import is_pydantic, root_of_model
from gemel.kit.models.unions import Discriminator
from gemel.kit.types import is_array, is_object

__all__ = [
    "ANNOTATIONS",
    "Apart",
    "Members",
    "Tag",
    "completed",
    "discriminator",
    "filled",
    "given_arguments",
    "is_alias",
    "is_class",
    "is_schema",
    "json_kind",
    "loosest",
    "meaning_of",
    "members_by_tag",
    "members_of",
    "model_fields",
    "model_of",
    "opened",
    "opened_aliases",
    "rebuilt",
    "refuse_unknown_variables",
    "remembered",
    "settled",
    "tag_of",
    "taken_apart",
    "type_arguments",
    "variables_in",
]

P = ParamSpec("P")
R = TypeVar("R")

Tag: TypeAlias = "str | int"
"""The value that tells a model apart from the others of its union."""

ANNOTATIONS = threading.RLock()
"""Held while annotations are read or replaced; one lock for all models, since msgspec reads nested ones too."""

# Python 3.12 and 3.13 have a class of their own for the type statement, beside that of typing_extensions.
_ALIASES = (typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType))


def remembered(make: Callable[P, R]) -> Callable[P, R]:
    """Cache the results of a function of hints; for hints that cannot be hashed it is called each time."""
    cached = functools.lru_cache(maxsize=4096)(make)

    def remembering(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return cached(*cast(Any, args), **cast(Any, kwargs))
        except TypeError as error:
            if "unhashable" not in str(error):
                raise
            return make(*args, **kwargs)

    return functools.wraps(make)(remembering)


def model_of(hint: Any) -> ModelMeta | None:
    """Return the Model class of a hint, also of one with type arguments such as `Page[Secret]`; None for any other."""
    found = hint if isinstance(hint, ModelMeta) else get_origin(hint)
    return found if isinstance(found, ModelMeta) else None


def is_class(value: Any) -> TypeGuard[type[Any]]:
    """Say whether a value is a class, and not a special form of typing such as Any."""
    return isinstance(value, type)


def is_schema(value: Any) -> bool:
    """Say whether a value is a marshmallow schema, without importing marshmallow."""
    return hasattr(value, "_declared_fields")


def is_alias(hint: Any) -> bool:
    """Say whether a hint is an alias of a `type` statement (PEP 695), with or without type arguments."""
    return isinstance(get_origin(hint) or hint, _ALIASES)


def rebuilt(hint: Any, change: Callable[[Any], Any]) -> Any:
    """Return a hint with `change` applied to its type arguments; marks, literals and signatures stay."""
    base, inner = get_origin(hint), get_args(hint)
    if base is None or base is Literal or base is Callable:
        return hint
    if base is Annotated:
        return Annotated[cast(Any, (change(inner[0]), *inner[1:]))]
    changed = tuple(map(change, inner))
    if changed == inner:
        return hint
    if base in (Union, UnionType):
        return Union[changed]  # noqa: UP007
    return base[changed[0]] if len(changed) == 1 else base[changed]


@remembered
def opened(hint: Any) -> Any:
    """Return a hint with its aliases, NewTypes and type variables replaced by what they stand for.

    A type variable stands for its default, its bound, or Any. An alias that contains itself stays there once, and
    opening it again goes round once more.

    Raises:
        NameError: An alias names something that is not defined.
    """
    return settled(_opened(hint, ()))


def opened_aliases(hint: Any) -> Any:
    """Return a hint with its aliases and NewTypes replaced by what they stand for; its type variables stay.

    Raises:
        NameError: An alias names something that is not defined.
    """
    return _opened(hint, ())


def settled(hint: Any) -> Any:
    """Return a hint with what its type variables stand for; aliases inside stay."""
    if isinstance(hint, TypeVar):
        return opened(_stand_in(hint, Any))
    return rebuilt(hint, settled)


def meaning_of(alias: Any) -> Any:
    """Return what an alias stands for, its type arguments filled in; aliases inside it stay.

    Raises:
        NameError: The alias names something that is not defined.
    """
    return _meaning(get_origin(alias) or alias, get_args(alias))


def _opened(hint: Any, inside: tuple[Any, ...]) -> Any:
    if hasattr(hint, "__supertype__"):
        return _opened(hint.__supertype__, inside)
    told = rebuilt(hint, lambda inner: _opened(inner, inside))
    if not is_alias(told):
        return told
    alias = get_origin(told) or told
    return told if alias in inside else _opened(_meaning(alias, get_args(told)), (*inside, alias))


def _meaning(alias: Any, arguments: tuple[Any, ...]) -> Any:
    """Return what an alias stands for, texts in it resolved in its module (the backport is not evaluated late)."""
    value = _looked_up(alias.__value__, alias.__module__)
    return filled(value, dict(zip(alias.__type_params__, arguments, strict=False))) if arguments else value


def _looked_up(hint: Any, module: str | None) -> Any:
    def holder() -> None: ...

    holder.__annotations__ = {"hint": hint}
    names = vars(sys.modules[module]) if module in sys.modules else {}
    return get_type_hints(holder, names, include_extras=True)["hint"]


def completed(model: Any) -> Any:
    """Return a generic model with the defaults or bounds of its type parameters filled in; any other as it is."""
    variables = getattr(model, "__parameters__", ())
    return model[tuple(_stand_in(variable, Any) for variable in variables)] if variables else model


def loosest(model: Any) -> Any:
    """Return a generic model with Any for its type parameters, which is all that the class of a record tells."""
    variables = getattr(model, "__parameters__", ())
    return model[(Any,) * len(variables)] if variables else model


def _stand_in(variable: Any, otherwise: Any) -> Any:
    """Return the default of a type variable (PEP 696), else its bound, else `otherwise`."""
    default, bound = getattr(variable, "__default__", NoDefault), getattr(variable, "__bound__", None)
    if default is not NoDefault:
        return _looked_up(default, variable.__module__)
    if bound is None:
        return otherwise
    return _looked_up(bound, variable.__module__) if isinstance(bound, str | ForwardRef) else bound


def given_arguments(parameters: tuple[Any, ...], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the type arguments in brackets, with defaults resolved.

    Before Python 3.13 typing leaves defaults out, or keeps one that was written as text.
    """
    pairs = zip(parameters, arguments, strict=False)
    looked_up = (
        _looked_up(argument, parameter.__module__) if isinstance(argument, str | ForwardRef) else argument
        for parameter, argument in pairs
    )
    return (*looked_up, *(_stand_in(parameter, parameter) for parameter in parameters[len(arguments) :] if arguments))


def filled(hint: Any, arguments: Mapping[Any, Any]) -> Any:
    """Return a hint with its type variables replaced by these arguments; variables without one stay."""
    if isinstance(hint, TypeVar):
        return arguments.get(hint, hint)
    return rebuilt(hint, lambda inner: filled(inner, arguments)) if arguments else hint


def variables_in(hint: Any) -> tuple[Any, ...]:
    """Return the type variables in a hint, each once."""
    if isinstance(hint, TypeVar):
        return (hint,)
    inner = () if get_origin(hint) in (None, Literal, Callable) else get_args(hint)
    return tuple(dict.fromkeys(variable for part in inner for variable in variables_in(part)))


def type_arguments(owner: Any, base: type) -> dict[Any, Any]:
    """Return the type arguments of a class as a derived class gives them.

    Args:
        owner: The derived class, or a generic alias such as `Crud[Item, Sync]`.
        base: The class whose type parameters are looked for.

    Returns:
        The argument of each parameter, without those that are not filled in.
    """
    found: Any = get_origin(owner) or owner
    parameters = getattr(found, "__parameters__", ())
    arguments = dict(zip(parameters, given_arguments(parameters, get_args(owner)), strict=False))
    if found is base:
        return arguments
    for above in get_original_bases(found):
        if issubclass(get_origin(above) or above, base):
            return type_arguments(filled(above, arguments), base)
    return {}


def refuse_unknown_variables(hint: Any, place: str = "", seen: set[Any] | None = None) -> None:
    """Refuse a type parameter without an argument, which would silently be read as plain JSON.

    Args:
        hint: The type, checked with its aliases and the fields of the models in it.
        place: The beginning of the error's message.
        seen: The models and aliases that are checked already.

    Raises:
        TypeError: A type parameter has no type argument, no default and no bound.
    """
    seen = set[Any]() if seen is None else seen
    if _is_unknown(hint):
        said = "name it in brackets where the class is derived from or used"
        raise TypeError(f"{place}nothing says what {hint.__name__} stands for: {said}")
    if any(map(_is_unknown, _bare_parameters(hint))):
        raise TypeError(f"{place}{hint.__name__} needs its type argument: {hint.__name__}[...]")
    for inner_place, inner in _inside(hint, place, seen):
        refuse_unknown_variables(inner, inner_place, seen)


def _is_unknown(hint: Any) -> bool:
    return isinstance(hint, TypeVar) and _stand_in(hint, None) is None


def _bare_parameters(hint: Any) -> tuple[Any, ...]:
    """Return the type parameters of a generic class written without brackets."""
    return getattr(hint, "__parameters__", ()) if is_class(hint) and get_origin(hint) is None else ()


def _inside(hint: Any, place: str, seen: set[Any]) -> Iterator[tuple[str, Any]]:
    model = model_of(hint)
    if (model is not None or is_alias(hint)) and hint not in seen:
        seen.add(hint)
        if model is None:
            yield place, _meaning(get_origin(hint) or hint, get_args(hint))
        else:
            yield from ((f"{model.__name__}.{item.name}: ", item.type) for item in _written_fields(hint))
    if hasattr(hint, "__supertype__"):
        yield place, hint.__supertype__
    for inner in () if get_origin(hint) in (Literal, Callable) else get_args(hint):
        yield place, inner


@functools.cache
def _written_fields(model: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    with ANNOTATIONS:
        return msgspec.structs.fields(model)


@functools.cache
def model_fields(model: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a model as declared, type arguments filled in and aliases opened."""
    return tuple(msgspec.structs.replace(item, type=opened_aliases(item.type)) for item in _written_fields(model))


class Apart(NamedTuple):
    """A hint taken apart.

    Attributes:
        plain: The hint without its marks, None and OMIT.
        marks: The marks of Annotated around it.
        allow_none: Whether None fits the hint.
    """

    plain: Any
    marks: tuple[Any, ...]
    allow_none: bool


@remembered
def taken_apart(hint: Any) -> Apart:
    """Split a hint from its marks, and from None and OMIT in a union; its inside stays as it is."""
    hint = _outside(hint)
    marks, allow_none = tuple[Any, ...](), hint in (None, type(None))
    while True:
        members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        left = [member for member in members if member not in (type(None), UnsetType)]
        allow_none = allow_none or type(None) in members
        if len(left) < len(members) and left:
            hint = _outside(Union[tuple(left)])  # noqa: UP007
        elif get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            hint, marks = _outside(hint), (*marks, *more)
        else:
            allow_none = allow_none or _takes_null(hint)
            return Apart(hint, marks, allow_none)


def _outside(hint: Any) -> Any:
    """Open a hint, or members of a union, that are an alias, a NewType or a type variable."""
    if is_alias(hint) or isinstance(hint, TypeVar) or hasattr(hint, "__supertype__"):
        return opened(hint)
    if get_origin(hint) not in (Union, UnionType):
        return hint
    members = tuple(map(_outside, get_args(hint)))
    return hint if members == get_args(hint) else Union[members]  # noqa: UP007


def _takes_null(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return any(member in (Any, object) for member in get_args(hint))
    return hint in (Any, object) or (get_origin(hint) is Literal and None in get_args(hint))


def json_kind(hint: Any) -> str:
    """Return the kind of JSON value that a type is read from: "object", "array", "scalar" or "any"."""
    hint = _outside(hint)
    if get_origin(hint) is Annotated:
        return json_kind(get_args(hint)[0])
    base: Any = get_origin(hint) or hint
    if base in (Any, object):
        return "any"
    if is_pydantic(base):
        root = root_of_model(base)
        return "object" if root is None else json_kind(root)
    if not is_class(base) or issubclass(base, str | bytes | bytearray):
        return "scalar"
    if issubclass(base, Mapping) or isinstance(base, msgspec.StructMeta) or hasattr(base, "__dataclass_fields__"):
        return "object"
    return "array" if issubclass(base, Collection) and not isinstance(base, EnumMeta) else "scalar"


def discriminator(marks: Any) -> Discriminator | None:
    """Return the Discriminator among the marks of a hint, None when there is none."""
    return next((mark for mark in marks if isinstance(mark, Discriminator)), None)


def tag_of(model: Any) -> tuple[str, Tag] | None:
    """Return the tag field and the tag of a model, None when it has no tag."""
    found = model_of(model)
    config = cast(Any, found).__struct_config__ if found is not None else None
    return (config.tag_field, config.tag) if config is not None and config.tag_field is not None else None


class Members(NamedTuple):
    """The members of a union, by the features of JSON that tell them apart.

    Attributes:
        by_kind: The members that each kind of JSON value may be.
        field: The field that tells the models apart, "" where none is needed.
        by_tag: The models by the value of that field.
        anything: Whether Any is a member, so that a value that fits no other stays as it is.
    """

    by_kind: Mapping[str, tuple[Any, ...]]
    field: str
    by_tag: Mapping[Tag, Any]
    anything: bool

    def told(self, value: Any) -> Any:
        """Return the only member that a JSON value can be, None when there is none or more than one."""
        if is_object(value) and self.by_tag:
            tag: Any = value.get(self.field)
            return self.by_tag.get(tag) if type(tag) in (str, int) else None
        members = self.by_kind.get("object" if is_object(value) else "array" if is_array(value) else "scalar", ())
        return members[0] if len(members) == 1 else None


@remembered
def members_of(union: Any, marks: tuple[Any, ...] = ()) -> Members:
    """Return the members of a union without None.

    Raises:
        TypeError: Two of its models cannot be told apart.
    """
    members = [member for member in get_args(union) if member not in (Any, object)]
    by_kind: dict[str, tuple[Any, ...]] = {}
    for member in members:
        kind = json_kind(member)
        by_kind[kind] = (*by_kind.get(kind, ()), member)
    anything, objects = len(members) < len(get_args(union)), by_kind.get("object", ())
    chosen = discriminator(marks)
    tagged = tag_of(taken_apart(objects[0]).plain) if objects else None
    if chosen is None and len(objects) < (1 if anything and tagged is not None else 2):
        return Members(by_kind, "", {}, anything)
    by_tag = members_by_tag(list(objects if chosen is None else members), chosen)
    return Members(by_kind, chosen.field if chosen is not None else cast(Any, tagged)[0], by_tag, anything)


def members_by_tag(members: list[Any], chosen: Discriminator | None) -> dict[Tag, Any]:
    """Return the models of a union by the tag that tells them apart.

    Raises:
        TypeError: A model has no tag or none in the discriminator's field, or two models have the same tag.
    """
    found: dict[Tag, Any] = {}
    for member in members:
        for tag in _tags(taken_apart(member).plain, chosen):
            if found.setdefault(tag, member) is not member:
                raise TypeError(f"{found[tag]!r} and {member!r} cannot be told apart: both are {tag!r}")
    return found


def _tags(member: Any, chosen: Discriminator | None) -> tuple[Tag, ...]:
    tagged = tag_of(member)
    if tagged is not None and chosen in (None, Discriminator(tagged[0])):
        return (tagged[1],)
    if chosen is None:
        raise TypeError(f"{member!r} needs a tag, or its union a Discriminator, to be told apart from the others")
    for item in model_fields(member) if model_of(member) is not None else ():
        if item.encode_name == chosen.field and get_origin(item.type) is Literal:
            return get_args(item.type)
    raise TypeError(f"{member!r} needs the Literal field or tag {chosen.field!r} to be told apart from the others")
