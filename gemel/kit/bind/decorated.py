"""Applies uplink's decorators to stubs, endpoints and Resource classes, and says what replaces those that do not work.

uplink tells what it decorates by classes of its own, and gives back anything else without a word, or trips over it. So
its decorators are taught to look for what is gemel's first; to everything else they do what they did.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeGuard, cast

from typing_extensions import Self

from gemel.kit.errors import DeclarationError
from gemel.kit.http.encoding import Refused
from gemel.kit.stubs.resource import Mounting, Resource, class_checks

__all__ = ["Decorable", "attend_decorators", "check_decorators", "check_stub", "decorators_of"]

_BELOW = "__uplink_decorators__"
_WORKING = frozenset({"headers", "params", "timeout"})
_CALLED: tuple[tuple[str, str], ...] = (
    ("uplink.decorators", "MethodAnnotation"),
    ("uplink.decorators", "args"),
    ("uplink.arguments", "ArgumentAnnotation"),
    ("uplink.arguments", "FuncDecoratorMixin"),
)
"""The classes of uplink whose `__call__` applies a decorator."""

_BUILDER = ("uplink.interfaces", "RequestDefinitionBuilder")

_INSTEAD: Mapping[tuple[str, str], str] = {
    ("uplink.arguments", "ArgumentAnnotation"): 'annotate the argument itself: Annotated[str, uplink.Query("name")]',
    _BUILDER: "the verbs of a Resource are gemel's own: get, post and the others",
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
_AT_CLIENT = "give the client its setting of that name, or decorate its Resource classes"


class Decorable:
    """The base of what uplink's decorators may be applied to: endpoints take them, flows say why not."""

    def decorate(self, decorator: Any) -> None:
        """Apply a decorator to this call alone.

        Args:
            decorator: A decorator of uplink; it is checked when the class is made.

        Raises:
            DeclarationError: The call takes no decorators.
        """
        raise DeclarationError(f"{self!r}: uplink's {_name_of(decorator)} works at the endpoints that it calls")

    def decorated_with(self, decorator: Any) -> Self:
        """Return what replaces this attribute in a class to which a decorator is applied.

        Args:
            decorator: A decorator of uplink that works here.
        """
        return self


def decorators_of(stub: Callable[..., Any]) -> list[Any]:
    """Return the decorators of uplink that stand below the verb, innermost first.

    Args:
        stub: The function that they were applied to.
    """
    return list(vars(stub).get(_BELOW, ()))


def check_stub(stub: Any, verb: str) -> None:
    """Check that a verb is applied to a function.

    Args:
        stub: The object that it is applied to.
        verb: The verb and the path, for the error.

    Raises:
        DeclarationError: It is something else, such as an uplink decorator that took the function as its argument.
    """
    if not inspect.isfunction(stub):
        check_decorators([cast("Any", type(stub))], _function_in(stub) or verb)
        raise DeclarationError(f"{verb}: a verb decorates a function, got {type(stub).__name__}")


def check_decorators(decorators: list[Any], label: str) -> None:
    """Check that decorators of uplink can work on an endpoint or class.

    Args:
        decorators: The decorators; one that was applied without being called is a class.
        label: The name of the endpoint or class in errors.

    Raises:
        DeclarationError: One cannot work or holds an unsendable value; the message says what to write instead.
    """
    for decorator in decorators:
        homes = _homes(decorator)
        own = _name_of(decorator)
        if own in _WORKING and ("uplink.decorators", own) in homes:
            _check_values(decorator, own, label)
        elif own:
            advice = _RETURNS if any(module == "uplink.returns" for module, _ in homes) else ""
            advice = next((_INSTEAD[home] for home in homes if home in _INSTEAD), advice)
            raise DeclarationError(
                f"{label}: uplink's {own} does not work here; "
                f"{advice or 'of its decorators headers, params and timeout do'}"
            )


def attend_decorators() -> None:
    """Teach uplink's decorators about stubs, endpoints and Resource classes; do nothing until uplink is loaded."""
    with _guard:
        for module, name in _CALLED:
            kind: Any = getattr(sys.modules.get(module), name, None)
            call: Any = getattr(kind, "__dict__", {}).get("__call__")
            # The class itself is changed: uplink tests `isinstance` of its own builder classes, and has no hook for
            # other objects.
            if call is not None and not hasattr(call, _BELOW):
                kind.__call__ = _applying(call)
        meta: Any = getattr(sys.modules.get("uplink.interfaces"), "AnnotationMeta", None)
        if meta is not None and not hasattr(meta.__call__, _BELOW):
            meta.__call__ = _making(meta.__call__)


_guard = threading.Lock()


def _applying(apply: Any) -> Any:
    """Return a `__call__` for decorators of uplink that falls back on the original, `apply`."""

    @functools.wraps(apply)
    def applied(self: Any, decorated: Any, *args: Any, **options: Any) -> Any:
        if _take(self, decorated):
            return decorated
        if inspect.isfunction(decorated):
            vars(decorated).setdefault(_BELOW, []).append(self)
        with _telling(self, decorated):
            return apply(self, decorated, *args, **options)

    # A mark on the function, so that a second look replaces nothing again.
    setattr(applied, _BELOW, True)
    return applied


def _making(make: Any) -> Any:
    """Return a `__call__` for uplink's metaclass that falls back on the original, `make`.

    A decorator that is applied without having been called gets what it decorates as its first argument.
    """

    @functools.wraps(make)
    def made(cls: Any, *args: Any, **options: Any) -> Any:
        decorated = args[0] if len(args) == 1 and not options else None
        if _take(cls, decorated):
            return decorated
        with _telling(cls, decorated):
            return make(cls, *args, **options)

    setattr(made, _BELOW, True)
    return made


@contextlib.contextmanager
def _telling(decorator: Any, decorated: Any) -> Generator[None, None, None]:
    """Say what replaces a decorator when uplink fails on a function that is not an endpoint yet."""
    try:
        yield
    except (AttributeError, TypeError):
        if inspect.isfunction(decorated):
            check_decorators([decorator], f"{decorated.__qualname__}()")
        raise


def _function_in(decorator: Any) -> str:
    """Return the name of the function that a decorator has taken for an argument, "" when there is none."""
    own = getattr(decorator, "__dict__", {})
    # From Python 3.14 on, functools.wraps hands the function that evaluates the annotations on as well.
    held: list[Any] = [value for name, value in own.items() if name != "__annotate__"]
    held += [each for several in held if isinstance(several, tuple) for each in cast("Any", several)]
    return next((f"{each.__qualname__}()" for each in held if inspect.isfunction(each)), "")


def _take(decorator: Any, decorated: Any) -> bool:
    """Apply a decorator to a class or call of gemel and return True; return False for anything else."""
    if _is_mounting(decorated):
        _decorate_class(decorator, decorated)
        return True
    if isinstance(decorated, Decorable):
        decorated.decorate(decorator)
        return True
    return False


def _decorate_class(decorator: Any, owner: type[Mounting]) -> None:
    """Give each endpoint of a Resource class a decorator, those that it inherits as copies, as uplink does."""
    check_decorators([decorator], owner.__name__)
    if not issubclass(owner, Resource):
        advice = "give the client its setting of that name, or decorate its Resource classes"
        raise DeclarationError(f"{owner.__name__}: uplink's {_name_of(decorator)} finds no endpoints here; {advice}")
    resource = cast("type[Any]", owner)
    for name in dir(resource):
        value = inspect.getattr_static(resource, name)
        if isinstance(value, Decorable):
            setattr(resource, name, value.decorated_with(decorator))


def _check_class(owner: type[Mounting]) -> None:
    """Raise DeclarationError for an attribute that only uplink would take for an endpoint."""
    attend_decorators()
    for name, value in vars(owner).items():
        homes = _homes(value)
        if ("uplink.decorators", "MethodAnnotation") in homes or _BUILDER in homes:
            check_decorators([value], f"{owner.__name__}.{name}")
        elif inspect.isfunction(value) and decorators_of(value):
            raise DeclarationError(
                f"{owner.__name__}.{name}(): decorators of uplink's stand here, but no verb above them"
            )


class_checks.append(_check_class)


def _check_values(decorator: Any, own: str, label: str) -> None:
    """Raise DeclarationError unless the values of a decorator can be sent."""
    if isinstance(decorator, type):
        raise DeclarationError(f"{label}: uplink's {own} is called first: @uplink.{own}(...)")
    from gemel.kit.bind.request_builder import RequestBuilder  # uplink is loaded: this is a decorator of it

    builder = RequestBuilder()
    try:
        decorator.modify_request(builder)
        builder.settle()
    except Refused as refusal:
        raise DeclarationError(f"{label}: uplink's {own}: {refusal}") from None


def _homes(decorator: Any) -> list[tuple[str, str]]:
    """Return module and name of each class of a decorator, from its own to `object`."""
    kind: type[Any] = decorator if _is_class(decorator) else cast("Any", type(decorator))
    return [(base.__module__, base.__name__) for base in kind.__mro__]


def _name_of(decorator: Any) -> str:
    """Return uplink's name for the class of a decorator or of its base; "" for anything that is not uplink's."""
    return next((name for module, name in _homes(decorator) if _is_uplinks(module)), "")


def _is_uplinks(module: str) -> bool:
    return module.partition(".")[0] == "uplink"


def _is_class(value: Any) -> TypeGuard[type[Any]]:
    return isinstance(value, type)


def _is_mounting(value: Any) -> TypeGuard[type[Mounting]]:
    return isinstance(value, type) and issubclass(value, Mounting)
