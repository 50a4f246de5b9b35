"""Codec: a mark that says how a value is written on the wire, where that is not the form of its type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, get_origin

__all__ = ["Codec", "anything_coded", "codec_in", "refuse_other_type"]

_made: list[bool] = []


class Codec:
    """How a field or an argument is written on the wire: `Annotated[datetime, Codec(read_date, write_date)]`.

    Args:
        decode: Makes the value of what the wire has; raises ValueError for what is none.
        encode: Makes what the wire has of the value; raises ValueError for a value that has no such form.
        wire: What the wire has: str, int, or float for any number.
        makes: The class of the values, to find a mark that stands beside another type; object for any.
        name: What errors call such a value.

    Raises:
        TypeError: `wire` is another type.
    """

    def __init__(
        self,
        decode: Callable[[Any], Any],
        encode: Callable[[Any], Any],
        *,
        wire: type = str,
        makes: type = object,
        name: str = "value",
    ) -> None:
        if wire not in (str, int, float):
            raise TypeError(f"Codec: wire must be str, int or float, got {wire!r}")
        self.wire = wire
        self.makes = makes
        self.name = name
        self.problem: str = f"Not a valid {name}."
        self._encode = encode
        self.read: Callable[[Any], Any] = _reader(decode, wire, self.problem)
        _made[:] = [True]

    def write(self, value: Any) -> Any:
        """Return what the wire has for a value.

        Raises:
            ValueError: It has no such form.
        """
        if not isinstance(value, int | float if self.makes is float else self.makes):
            raise ValueError(f"it has no form as a {self.name}: got {type(value).__name__}")
        try:
            made = self._encode(value)
        except Exception as error:
            said = str(error) if isinstance(error, ValueError) else type(error).__name__
            raise ValueError(f"it has no form as a {self.name}: {said}") from None
        if not isinstance(made, int | float if self.wire is float else self.wire) or isinstance(made, bool):
            raise ValueError(f"it has no form as a {self.name}: got {type(made).__name__}")
        return made

    def __repr__(self) -> str:
        return f"<Codec of a {self.name}>"


def _reader(decode: Callable[[Any], Any], wire: type, problem: str) -> Callable[[Any], Any]:
    """Return what makes a value of what the wire has; it raises ValueError alone, and shows nothing of the value."""
    kinds = (int, float) if wire is float else (wire,)

    def read(value: Any) -> Any:
        if type(value) not in kinds:  # a bool is an int, and is no number
            raise ValueError(problem)
        try:
            return decode(value)
        except Exception:
            raise ValueError(problem) from None

    return read


def codec_in(marks: Iterable[Any]) -> Codec | None:
    """Return the codec among the marks of an Annotated hint."""
    return next((mark for mark in marks if isinstance(mark, Codec)), None)


def anything_coded() -> bool:
    """Say whether there is a codec, anywhere; without one, nothing is ever looked for."""
    return bool(_made)


def refuse_other_type(codec: Codec, plain: Any, place: str = "") -> None:
    """Refuse a codec whose values are not of the type that it stands beside; raises TypeError."""
    base: Any = get_origin(plain) or plain  # before Python 3.11 `tuple[int, ...]` counts as a class
    if codec.makes is not object and isinstance(base, type) and not issubclass(codec.makes, base):
        raise TypeError(f"{place}a codec of a {codec.name} makes {codec.makes.__name__}, not {base.__name__}")
