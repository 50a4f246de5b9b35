"""Types to which a server may add values: open enums, and unions that a field tells apart."""

from __future__ import annotations

import enum
from typing import Any

from msgspec import Struct

__all__ = ["Discriminator", "OpenEnum", "OpenIntEnum"]


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


class OpenIntEnum(int, enum.Enum):
    """An enum of whole numbers to which a server may add: an unknown number becomes a value of the class too.

    `Kind(99)` has `.value == 99` and is not `.known`; otherwise it is as an OpenEnum.
    """

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        made = int.__new__(cls, value)
        made._name_, made._value_ = str(int(value)), int(value)
        return made

    @property
    def known(self) -> bool:
        """Whether the class has a member of this value."""
        return self._value_ in type(self)._value2member_map_

    def __str__(self) -> str:
        return int.__repr__(self)

    def __format__(self, form: str) -> str:
        return int.__format__(self, form)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self._name_}" if self.known else f"{type(self).__name__}({self._value_})"

    def __eq__(self, other: object) -> bool:
        return int.__eq__(self, other)

    def __hash__(self) -> int:
        return int.__hash__(self)


class Discriminator(Struct, frozen=True):
    """Names the field that tells the members of a union apart: `Annotated[Cat | Dog, Discriminator("kind")]`.

    Attributes:
        field: The name of the field on the wire. Each member is a Model that declares it as `kind: Literal["cat"]`,
            or that has it as its `tag_field`.
    """

    field: str
