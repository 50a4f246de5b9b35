"""What is wrong with the paging of a declaration, found when its class is made."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from gemel.kit.errors import DeclarationError
from gemel.kit.paging.base import Paging
from gemel.kit.paging.page import Page

__all__ = ["UNKNOWN", "check_paging", "items_type", "returned_head"]

UNKNOWN: Any = object()
"""Stands for a return type that cannot be looked up yet."""


def check_paging(paging: Any, method: str, unwrap: str | None, returned: Any, label: str) -> None:
    """Check a declaration against itself and, where it is known, the return type; raises DeclarationError.

    returned: the return type or only its head; UNKNOWN when it is not known yet.
    """
    if returned is not UNKNOWN:
        is_page = returned is Page or get_origin(returned) is Page
        if paging is None and is_page:
            raise DeclarationError(f"{label}(): it returns Page, so say how: @get(..., paging=Offset(limit=100))")
        if paging is not None and not is_page:
            raise DeclarationError(f"{label}(): with paging=... it returns Page[T], the type of one item in brackets")
    if paging is not None:
        problem = paging.problem(method, unwrap) if isinstance(paging, Paging) else f"not a Paging: {paging!r}"
        if problem:
            raise DeclarationError(f"{label}(): paging: {problem}")


def items_type(returned: Any, label: str) -> Any:
    """Return the type of a page's items, a list; raises DeclarationError unless the return type is Page[T]."""
    arguments = get_args(returned)
    if get_origin(returned) is not Page or not arguments:
        raise DeclarationError(f"{label}(): with paging=... it returns Page[T], the type of one item in brackets")
    return list[arguments[0]]  # type: ignore[valid-type]


def returned_head(stub: Any, scope: Mapping[str, Any]) -> Any:
    """Return the return type; of one written as text, what is before its brackets, UNKNOWN when it is not there yet.

    scope: names that annotations may use besides the module's.
    """
    annotation = stub.__annotations__.get("return", UNKNOWN)
    if not isinstance(annotation, str):
        return annotation
    first, *rest = annotation.partition("[")[0].strip().split(".")
    found: Any = next((names[first] for names in (scope, stub.__globals__, vars(builtins)) if first in names), UNKNOWN)
    for name in rest:
        found = getattr(found, name, UNKNOWN)
    return found
