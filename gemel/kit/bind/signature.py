"""Signatures: which arguments a call takes, by name and by position; those of a flow are checked too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from typing_extensions import get_type_hints

from gemel.kit.annotations import signature_of, written
from gemel.kit.bind.checks import Check, checker, unfit
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.stubs.checks import parameters_of
from gemel.kit.types import OMIT

__all__ = ["FlowSignature", "Signature"]


class Signature(Struct, frozen=True):
    """The arguments that a call takes.

    Attributes:
        label: The name of the call in errors.
        names: The names of all arguments.
        positional: The names of those that may be given by position, in order.
    """

    label: str
    names: frozenset[str]
    positional: tuple[str, ...]

    @classmethod
    def of(cls, label: str, parameters: list[inspect.Parameter]) -> Signature:
        """Return the signature of these parameters.

        Args:
            label: What errors call the call.
            parameters: The parameters, in order.
        """
        return Signature(label, *_names(parameters))

    def given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of a call by name.

        Args:
            args: The arguments given by position.
            kwargs: The arguments given by name.

        Raises:
            InvalidArgument: There are too many arguments, one is given twice, or one is unknown.
        """
        given = self._named(args, kwargs) if args else kwargs
        if not given.keys() <= self.names:
            name = min(given.keys() - self.names)
            takes = ", ".join(sorted(self.names)) or "none"
            raise InvalidArgument(self.label, name, f"unknown argument; it takes {takes}")
        return given

    def _named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self.positional):
            taken = f"only {len(self.positional)} taken ({', '.join(self.positional) or 'none'})"
            raise InvalidArgument(self.label, "", f"{len(args)} positional arguments given, {taken}")
        given = dict(zip(self.positional, args, strict=False))
        for name in given.keys() & kwargs.keys():
            raise InvalidArgument(self.label, name, "given twice, by position and by name")
        return {**given, **kwargs}


class FlowSignature(Signature, frozen=True):
    """The arguments that a flow takes, with their annotations and checks.

    Attributes:
        required: The names of the arguments without a default.
        hints: The annotation of each argument.
        checks: The check of each argument.
    """

    required: tuple[str, ...]
    hints: Mapping[str, Any]
    checks: Mapping[str, Check]

    @classmethod
    def of_method(cls, method: Callable[..., Any], label: str, scope: Mapping[str, Any]) -> FlowSignature | None:
        """Return the signature of a method, None for one with untyped `*args` or `**kwargs`.

        Args:
            method: The generator method, `self` included.
            label: Its name in errors.
            scope: Names that annotations may use besides the module's.

        Raises:
            DeclarationError: An annotation names something that is not defined.
        """
        if _takes_anything(method):
            return None
        try:
            hints = get_type_hints(method, localns=dict(scope), include_extras=True)
            parameters = parameters_of(method, label, hints, scope)
        except NameError as error:
            raise DeclarationError(f"{label}(): {error}; import it at run time, not under TYPE_CHECKING") from None
        return cls(
            label,
            *_names(parameters),
            tuple(parameter.name for parameter in parameters if parameter.default is parameter.empty),
            {parameter.name: parameter.annotation for parameter in parameters},
            {parameter.name: checker(parameter.annotation) for parameter in parameters},
        )

    def checked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name, checked, without those that are OMIT.

        Args:
            args: The arguments given by position.
            kwargs: The arguments given by name.

        Raises:
            InvalidArgument: An argument is missing, unknown, given twice, or does not fit its annotation.
        """
        given = {name: value for name, value in self.given(args, kwargs).items() if value is not OMIT}
        for name in self.required:
            if name not in given:
                raise InvalidArgument(self.label, name, "missing argument")
        for name, value in given.items():
            if not self.checks[name](value):
                raise unfit(self.label, name, self.hints[name], value)
        return given


def _names(parameters: list[inspect.Parameter]) -> tuple[frozenset[str], tuple[str, ...]]:
    positional = (parameter.name for parameter in parameters if parameter.kind is not parameter.KEYWORD_ONLY)
    return frozenset(parameter.name for parameter in parameters), tuple(positional)


def _takes_anything(method: Callable[..., Any]) -> bool:
    parameters = signature_of(method).parameters.values()
    return any(
        parameter.kind is parameter.VAR_POSITIONAL
        or (parameter.kind is parameter.VAR_KEYWORD and "Unpack" not in written(parameter.annotation))
        for parameter in parameters
    )
