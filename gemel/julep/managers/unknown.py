"""Keys that the server does not know, in dicts of a program: it ignores them, so they are left out with a warning."""

from __future__ import annotations

from typing import Any, get_args

from gemel.kit.models.typed_dicts import is_typed_dict, keys_of
from gemel.kit.tracebacks import warn_caller
from gemel.kit.types import is_array, is_object

__all__ = ["known_parts"]


def known_parts(label: str, name: str, value: Any, typed_dict: Any) -> Any:
    """Return a dict without the keys that a TypedDict does not name, in the dicts within it too; warns of each.

    Args:
        label: What errors call the method.
        name: The argument.
        value: It: a dict, or a list of them; anything else is returned as it is.
        typed_dict: What the dicts are declared as.
    """
    if is_array(value):
        return [known_parts(label, f"{name}[{number}]", item, typed_dict) for number, item in enumerate(value)]
    if not is_object(value):
        return value
    keys = keys_of(typed_dict)
    for key in value.keys() - keys.keys():
        warn_caller(f"{label}(): {name}: {key!r:.80} is not sent: the server does not know it")
    return {key: _inner(label, f"{name}.{key}", item, keys[key].hint) for key, item in value.items() if key in keys}


def _inner(label: str, name: str, value: Any, hint: Any) -> Any:
    found = [member for member in (hint, *get_args(hint)) if is_typed_dict(member)]
    return known_parts(label, name, value, found[0]) if found else value
