"""Types to which a server may add values: open enums, and unions that a field tells apart."""

from __future__ import annotations

import enum
from typing import Any

from msgspec import Struct

__all__ = ["Discriminator", "OpenEnum"]


class OpenEnum(str, enum.Enum):
    """An enum of texts to which a server may add: an unknown text becomes a value of the class too.

    `Color("mauve")` has `.value == "mauve"` and is not `.known`; it compares, hashes, pickles and is sent as that
    text. It is not a member: iterating over the class leaves it out, and two of them are equal but not identical.
    """

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, str):
            return None
        made = str.__new__(cls, value)
        made._name_ = made._value_ = str(value)
        return made

    @property
    def known(self) -> bool:
        """Whether the class has a member with this value."""
        return self._value_ in type(self)._value2member_map_

    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, form: str) -> str:
        return str.__format__(self, form)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self._name_}" if self.known else f"{type(self).__name__}({self._value_!r})"

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        return str.__hash__(self)


class Discriminator(Struct, frozen=True):
    """Names the field that tells the members of a union apart: `Annotated[Cat | Dog, Discriminator("kind")]`.

    Attributes:
        field: The name of the field on the wire. Each member is a Model that declares it as `kind: Literal["cat"]`,
            or that has it as its `tag_field`.
    """

    field: str
