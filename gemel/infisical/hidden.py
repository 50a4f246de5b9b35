"""Hidden values: what a server puts in the place of a value that it does not show is never sent back as one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gemel.infisical.models.secrets import HIDDEN
from gemel.kit.errors import InvalidArgument
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Request, Response
from gemel.kit.policies.pipeline import Pipeline
from gemel.kit.types import is_array, is_object

__all__ = ["NoHiddenValues"]

_MARK = re.compile(HIDDEN[1:-1].encode())  # without the brackets, which JSON may write as < and >
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


class NoHiddenValues:
    """Refuses a request whose JSON body holds the placeholder of a hidden value, whoever made it and of what."""

    def around(self, request: Request, send: Pipeline) -> Flow[Response]:
        """Send the request by way of `send`; raises InvalidArgument before anything is sent."""
        if isinstance(request.body, bytes) and _MARK.search(request.body):
            for name, place in _hidden_in(request.body):
                raise InvalidArgument(request.context.label, name, f"{place}{_PROBLEM}")
        return (yield from send(request))


_PROBLEM = (
    f"{HIDDEN} stands for a value that the server has not shown, and would be stored in its place: leave it out, or "
    "read the secret with view_secret_value=True, which takes the permission to read values"
)


def _hidden_in(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the argument and the place in it of each placeholder that is a whole text; white space is trimmed."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    for path in _paths(document):
        name = next((step for step in path if isinstance(step, str)), "body")
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
        inner = place.removeprefix(f".{name}").removeprefix(".")
        yield _CAPITAL.sub(r"_\1", name).lower(), f"at {inner}: " if inner else ""


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if is_object(value):
        for name, inner in value.items():
            yield from _paths(inner, (*path, name))
    elif is_array(value):
        for number, inner in enumerate(value):
            yield from _paths(inner, (*path, number))
    elif isinstance(value, str) and value.strip() == HIDDEN:
        yield path
