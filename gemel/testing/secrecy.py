"""Says what is secret in an exchange: by the declaration of its endpoint if one is known, else by names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gemel.kit.calls.catalog import declarations
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.streamed import read_type
from gemel.kit.http.sensitive import is_sensitive, is_sensitive_header
from gemel.kit.models.secrecy import Finder, declared_fields, finder, is_marked
from gemel.kit.stubs.reply import result_type
from gemel.kit.stubs.resource import Mounting
from gemel.kit.stubs.roles import Body, Field
from gemel.kit.types import is_mapping
from gemel.testing.bodies import Kept
from gemel.testing.template import Template

__all__ = ["Declared", "Names", "declared_by", "names_of"]


@dataclass(frozen=True)
class Names:
    """The names of headers, parameters and members that stand for secrets.

    Attributes:
        secret: The names of secrets, in lower case.
        plain: The names that are declared and not secret, however they sound.
    """

    secret: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()

    def hide(self, name: str) -> bool:
        """Say whether every value of this name is secret."""
        return name.lower() in self.secret

    def suspect(self, name: str) -> bool:
        """Say whether a text of this name is taken for a secret."""
        return self.hide(name) or (is_sensitive(name) and name.lower() not in self.plain)

    def suspect_header(self, name: str) -> bool:
        """Say the same of a header field."""
        return self.hide(name) or (is_sensitive_header(name) and name.lower() not in self.plain)

    def joined(self, secret: Iterable[str]) -> Names:
        """Return these names with further secret ones."""
        return Names(self.secret | {name.lower() for name in secret}, self.plain)


@dataclass(frozen=True)
class Declared:
    """An endpoint to compare requests with, its names, and the finders of secrets in its bodies.

    Attributes:
        sent: A finder for each member of a JSON body; that of the whole body has the name "".
        given: The finder for the value of a reply, None when it can hold no secret.
        unwrap: The member of a reply that holds the value, "" for the whole reply.
    """

    method: str
    template: Template
    names: Names
    sent: tuple[tuple[str, Finder], ...] = ()
    given: Finder | None = None
    unwrap: str = ""

    def secrets(self, body: Kept, reply: Kept) -> list[str]:
        """Return the secret texts in the bodies of an exchange, as their types say."""
        found = list[str]()
        for document in _documents(body):
            for name, find in self.sent:
                find(_member(document, name), found)
        given = self.given
        if given is not None:
            for document in _documents(reply):
                given(_member(document, self.unwrap), found)
        return found


def _documents(kept: Kept) -> list[Any]:
    """Return the JSON documents in a body: one, or one on each line."""
    if kept is None or "lines" in kept:
        return [value for _, value in kept["lines"] if not isinstance(value, str)] if kept else []
    return [kept["json"]] if "json" in kept else []


def _member(document: Any, name: str) -> Any:
    return document.get(name) if name and is_mapping(document) else None if name else document


def declared_by(sdk: type[Mounting]) -> list[Declared]:
    """Return the endpoints of a client or resource class, those with the fewest variables in the path first."""
    found = [_declared(endpoint) for endpoint in declarations(sdk)]
    return sorted(found, key=lambda declared: declared.template.variables)


def _declared(endpoint: Endpoint[..., Any]) -> Declared:
    definition, spec = endpoint.declaration.definition, endpoint.spec
    named = [
        (parameter.role.name if isinstance(parameter.role, Field) else "", finder(parameter.hint))
        for parameter in definition.parameters
        if isinstance(parameter.role, Field | Body)
    ]
    sent = tuple((name, find) for name, find in named if find is not None)
    given = finder(result_type(read_type(definition.returns, endpoint.label), endpoint.label))
    return Declared(spec.method, Template(endpoint.path), names_of(endpoint), sent, given, spec.unwrap or "")


def names_of(endpoint: Endpoint[..., Any]) -> Names:
    """Return the names on the wire that an endpoint declares, for its arguments and the fields of its records."""
    definition, spec = endpoint.declaration.definition, endpoint.spec
    arguments = [(parameter.role.name, parameter.hint) for parameter in definition.parameters]
    others = [result_type(definition.returns, endpoint.label), *(error.model for error in spec.alternatives.values())]
    named = [(name, is_marked(hint)) for name, hint in arguments]
    named += declared_fields([*others, *(hint for _, hint in arguments)])
    secret = frozenset(name.lower() for name, marked in named if marked)
    plain = frozenset(name.lower() for name, _ in named) | {
        (spec.unwrap or "").lower(),
        *map(str.lower, spec.alternatives),
    }
    return Names(secret, plain - secret)
