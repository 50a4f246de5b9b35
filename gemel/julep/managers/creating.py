"""Turns the arguments of a `create` into a call of the endpoint for the whole answer or for the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemel.julep.models.completion_args import CallArgs, SamplingArgs
from gemel.julep.settings import patience
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import Refused
from gemel.kit.models.encode import json_bytes
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, is_mapping

__all__ = ["created"]

_OWN = CallArgs.__optional_keys__
_LAID_OVER = SamplingArgs.__optional_keys__


def created(serving: Resource[Any], stream: Any, fields: frozenset[str], given: Mapping[str, Any]) -> Any:
    """Call `serving.stream` or `serving.complete`, and return its result in the mode of the client.

    Fields are laid over each other in this order: OpenAI's, `extra_body`, all others.

    Args:
        serving: The resource with both endpoints.
        stream: Whether to stream; None leaves the field out.
        fields: The fields that both endpoints declare; any other argument is sent as a field too, as it is.
        given: The arguments.

    Raises:
        InvalidArgument: An argument cannot be sent; nothing was sent.
    """
    label = f"{type(serving).__name__}.create"
    if not isinstance(stream, bool | None):
        raise InvalidArgument(label, "stream", f"expected bool or None, got {type(stream).__name__}")
    given = {name: value for name, value in given.items() if value is not OMIT}
    call = getattr(serving, "stream" if stream else "complete")
    options = _options(label, given, fields)
    declared = {name: value for name, value in given.items() if name in fields}
    if stream is False:
        declared["stream"] = False
    if given.get("model") is not None:
        declared["model"] = given["model"]
    return (_with_options(label, call, options) if options else call)(**declared)


def _options(label: str, given: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return the options of the call."""
    options: dict[str, Any] = {"body": _added(label, given, fields)}
    for name in ("headers", "query"):
        options[name] = _mapping(label, f"extra_{name}", given)
    if given.get("timeout") is not None:
        try:
            options["timeout"] = patience(given["timeout"])
        except ValueError as refusal:
            raise InvalidArgument(label, "timeout", str(refusal).removeprefix("timeout: ")) from None
    return {name: value for name, value in options.items() if value}


def _with_options(label: str, call: Any, options: dict[str, Any]) -> Any:
    try:
        return call.options(**options)
    except InvalidArgument as refusal:
        problem = str(refusal).partition(f"{refusal.parameter}: ")[2]
        name = _unsendable(options["body"]) if refusal.parameter == "body" else f"extra_{refusal.parameter}"
        raise InvalidArgument(label, name, problem) from None


def _unsendable(fields: Mapping[str, Any]) -> str:
    """Return the name of the field that JSON cannot hold."""
    for name, value in fields.items():
        try:
            json_bytes(value)
        except Refused:
            return name
    return "extra_body"


def _added(label: str, given: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return the fields that are added to the declared ones or replace them."""
    others = {name: value for name, value in given.items() if name not in fields | _OWN}
    extra = _mapping(label, "extra_body", given)
    if "stream" in extra:
        raise InvalidArgument(label, "extra_body", "whether it streams is said by the argument `stream`")
    hidden = _LAID_OVER & given.keys()
    return {name: value for name, value in extra.items() if name not in hidden} | others


def _mapping(label: str, name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    value = given.get(name)
    if value is not None and not is_mapping(value):
        raise InvalidArgument(label, name, f"expected a mapping or None, got {type(value).__name__}")
    return value or {}
