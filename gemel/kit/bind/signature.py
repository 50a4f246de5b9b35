"""The arguments of a workflow, checked against its annotations as those of an endpoint are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from typing_extensions import get_type_hints

from gemel.kit.bind.checks import Check, Names, checker, unfit
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.stubs.roles import arguments_of
from gemel.kit.types import OMIT

__all__ = ["Signature"]


class Signature(Struct, frozen=True):
    """What a function takes: its names, and of each argument its annotation and the check of it."""

    names: Names
    required: tuple[str, ...]
    hints: Mapping[str, Any]
    checks: Mapping[str, Check]

    @classmethod
    def of(cls, function: Callable[..., Any], label: str, scope: Mapping[str, Any]) -> Signature | None:
        """Return the signature of a method; None for one that takes what no annotation names.

        scope: names that annotations may use besides the module's.   Raises DeclarationError for one that is not there.
        """
        if _takes_anything(function):
            return None
        try:
            hints = get_type_hints(function, localns=dict(scope), include_extras=True)
            arguments = arguments_of(function, label, hints, scope)
        except NameError as error:
            raise DeclarationError(f"{label}(): {error}; import it at run time, not under TYPE_CHECKING") from None
        named = {argument.parameter.name: argument for argument in arguments}
        positional = (name for name, (parameter, _) in named.items() if parameter.kind is not parameter.KEYWORD_ONLY)
        return cls(
            Names(label, frozenset(named), tuple(positional)),
            tuple(name for name, (parameter, _) in named.items() if parameter.default is parameter.empty),
            {name: argument.hint for name, argument in named.items()},
            {name: checker(argument.hint) for name, argument in named.items()},
        )

    def checked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name, without what is OMIT; raises InvalidArgument."""
        given = {name: value for name, value in self.names.given(args, kwargs).items() if value is not OMIT}
        for name in self.required:
            if name not in given:
                raise InvalidArgument(self.names.label, name, "missing argument")
        for name, value in given.items():
            if not self.checks[name](value):
                raise unfit(self.names.label, name, self.hints[name], value)
        return given


def _takes_anything(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(
        parameter.kind is parameter.VAR_POSITIONAL
        or (parameter.kind is parameter.VAR_KEYWORD and "Unpack" not in str(parameter.annotation))
        for parameter in parameters
    )
