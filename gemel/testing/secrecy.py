"""What is secret in an exchange: by the declaration of its endpoint where one is known, by its names elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from typing_extensions import get_type_hints

from gemel.kit.calls.catalog import declarations
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.http.redaction import is_sensitive
from gemel.kit.models.model import Model
from gemel.kit.models.secrecy import is_secret
from gemel.kit.models.typed_dicts import is_typed_dict, keys_of
from gemel.kit.stubs.resource import Mounting
from gemel.testing.template import Template

__all__ = ["Declared", "Names", "declared_by", "names_of"]


@dataclass(frozen=True)
class Names:
    """Which names of headers, parameters and members stand for secrets.

    secret: those that do, in lower case.   plain: those that are declared and do not, however they sound.
    """

    secret: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()

    def hide(self, name: str) -> bool:
        """Say whether everything that goes by this name is secret."""
        return name.lower() in self.secret

    def suspect(self, name: str) -> bool:
        """Say whether a text that goes by this name is taken for a secret."""
        return self.hide(name) or (is_sensitive(name) and name.lower() not in self.plain)

    def joined(self, secret: Iterable[str]) -> Names:
        """Return these names and more secret ones."""
        return Names(self.secret | {name.lower() for name in secret}, self.plain)


@dataclass(frozen=True)
class Declared:
    """An endpoint as requests are compared with it, and its names."""

    method: str
    template: Template
    names: Names


def declared_by(sdk: type[Mounting]) -> list[Declared]:
    """Return the endpoints of a client or resource class, those with the most exact templates first."""
    found = [_declared(endpoint) for endpoint in declarations(sdk)]
    return sorted(found, key=lambda declared: declared.template.variables)


def _declared(endpoint: Endpoint[..., Any]) -> Declared:
    return Declared(endpoint.spec.method, Template(endpoint.spec.path), names_of(endpoint))


def names_of(endpoint: Endpoint[..., Any]) -> Names:
    """Return the wire names that an endpoint declares: of its arguments, and of the fields of its records."""
    definition, spec = endpoint.declaration.definition, endpoint.spec
    named = [(parameter.role.name, parameter.hint) for parameter in definition.parameters]
    hints = [definition.returns, *(error.model for error in spec.alternatives.values()), *(hint for _, hint in named)]
    for record in _records(hints):
        named += _fields(record)
    secret = frozenset(name.lower() for name, hint in named if _marked(hint))
    plain = frozenset(name.lower() for name, _ in named) | {
        (spec.unwrap or "").lower(),
        *map(str.lower, spec.alternatives),
    }
    return Names(secret, plain - secret)


def _fields(record: Any) -> list[tuple[str, Any]]:
    """Return the wire name and the hint of each field of a Model, or key of a TypedDict."""
    if is_typed_dict(record):
        return [(name, key.hint) for name, key in keys_of(record).items()]
    hints = get_type_hints(record, include_extras=True)
    names = zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
    return [(wire_name, hints[name]) for name, wire_name in names]


def _records(hints: Iterable[Any]) -> set[Any]:
    """Return the Models and TypedDicts that hints lead to, through containers, unions and the fields of others."""
    found, waiting = set[Any](), list(hints)
    while waiting:
        hint = waiting.pop()
        if is_typed_dict(hint) or (isinstance(hint, type) and issubclass(hint, Model)):
            if hint not in found:
                found.add(hint)
                waiting += [inner for _, inner in _fields(hint)]
        else:
            waiting += get_args(hint)
    return found


def _marked(hint: Any) -> bool:
    """Say whether a hint is marked SECRET, itself or inside its brackets."""
    return is_secret(hint) or any(map(_marked, get_args(hint)))
