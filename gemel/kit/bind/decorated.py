"""uplink's own decorators in a stub: which of them work, and what stands for the others."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gemel.kit.errors import DeclarationError

__all__ = ["attend_decorators", "builder_class", "check_decorators", "decorators_of"]

_BELOW = "__uplink_decorators__"
_WORKING = frozenset({"headers", "params", "timeout"})
_INSTEAD: Mapping[tuple[str, str], str] = {
    ("uplink.decorators", "args"): "annotate the arguments themselves: Annotated[str, uplink.Query]",
    ("uplink.decorators", "json"): "leave it out: plain arguments of POST, PUT and PATCH are members of a JSON body",
    ("uplink.decorators", "form_url_encoded"): "write Annotated[str, Form] at the arguments",
    ("uplink.decorators", "multipart"): "write Annotated[File, Part] at the arguments",
    ("uplink.decorators", "inject"): "give the client the settings that it would inject: headers=, credential=",
    ("uplink.decorators", "response_handler"): "the return type says how a reply is read; write a @flow for more",
    ("uplink.decorators", "error_handler"): "catch the error that the call raises, or write a @flow that does",
    ("uplink.retry.retry", "retry"): "give the client, or the call's .options(), retries=Retry(...)",
    ("uplink.ratelimit", "ratelimit"): "leave it out: a client waits as a 429 tells it",
}
_RETURNS = 'the return annotation says what a reply is read as, and unwrap="..." which key of it'


def decorators_of(stub: Callable[..., Any]) -> list[Any]:
    """Return the decorators of uplink that stand below the verb."""
    return list(vars(stub).get(_BELOW, ()))


def check_decorators(decorators: list[Any], label: str) -> None:
    """Raise DeclarationError for a decorator that cannot work here; it names what to write instead."""
    for decorator in decorators:
        homes = [(base.__module__, base.__name__) for base in type(decorator).__mro__]
        if any(module == "uplink.decorators" and name in _WORKING for module, name in homes):
            continue
        advice = next((_INSTEAD[home] for home in homes if home in _INSTEAD), "")
        if not advice and any(module == "uplink.returns" for module, _ in homes):
            advice = _RETURNS
        raise DeclarationError(
            f"{label}(): uplink's {type(decorator).__name__} does not work here; "
            f"{advice or 'of its decorators headers, params and timeout do'}"
        )


def attend_decorators() -> None:
    """See to it that uplink's decorators are heard below a verb too; does nothing until uplink is loaded.

    uplink itself drops a decorator, without a word, that is applied to a plain function.
    """
    annotation: Any = getattr(sys.modules.get("uplink.decorators"), "MethodAnnotation", None)
    if annotation is None or hasattr(annotation.__call__, _BELOW):
        return
    apply = annotation.__call__

    @functools.wraps(apply)
    def applied(self: Any, decorated: Any, **options: Any) -> Any:
        if inspect.isfunction(decorated):
            vars(decorated).setdefault(_BELOW, []).append(self)
        return apply(self, decorated, **options)

    setattr(applied, _BELOW, True)
    annotation.__call__ = applied


def builder_class() -> type[Any] | None:
    """Return the class by which uplink's decorators know what they can decorate; None until uplink is loaded."""
    interfaces: Any = sys.modules.get("uplink.interfaces")
    found: type[Any] | None = getattr(interfaces, "RequestDefinitionBuilder", None)
    return found
