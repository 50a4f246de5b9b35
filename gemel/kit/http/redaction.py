"""Masks secret values in texts, in whatever usual form they occur there."""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote_to_bytes

from gemel.kit.types import is_array, is_mapping

__all__ = ["MASK", "Redactor", "redact"]

MASK = "***"
"""The text that replaces a secret value wherever text is shown."""

_SHORTEST_MASKED = 4
_SHORTEST_LINE = 12
_LARGE = 1 << 18
_DEEPEST = 3
_MOST_DECODED = 1 << 21


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret value masked, in whatever usual form it occurs; see Redactor."""
    return Redactor(secrets)(text)


class Redactor:
    """Masks known secret values in texts, as they are and as servers encode them.

    That is: percent-encoded in either case, forms included; escaped as JSON, JavaScript, Python or C do; as HTML's
    named and numbered entities; quoted-printable; in base64 or hexadecimal, alone or among other bytes, as of Basic
    credentials; with quotes doubled, as in SQL and CSV; UTF-8 read as Latin-1; and up to three of these one upon the
    other. A text is decoded and searched, so what is found does not depend on which of its characters an encoder left
    alone. White space around a secret is often lost, as the line break at the end of a file is; of one with several
    lines, such as a key in PEM, a server may say one. So these are masked too.

    Args:
        secrets: The values. Those shorter than four characters are left alone: masking them would garble every
            message; and so are lines shorter than twelve.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret: None for secret in secrets if len(secret) >= _SHORTEST_MASKED}
        # The longest first, so that a secret inside another one does not leave the rest of that in sight.
        self._secrets = sorted(known, key=len, reverse=True)
        parts = dict.fromkeys(part for secret in self._secrets for part in (secret, *_parts(secret)))
        self._parts = sorted(parts, key=len, reverse=True)
        self._needles = list(dict.fromkeys(needle for part in self._parts for needle in _plain_forms(part)))
        self._cores: list[str] | None = None
        self._spaced = any(" " in needle for needle in self._needles)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __call__(self, text: str) -> str:
        """Return the text with every secret value masked."""
        if not self._secrets or not text:
            return text
        if _SIGNS.search(text) is None and not self._is_in(text):
            return text
        return self._large(text) if len(text) > _LARGE else _replaced(text, self._spans(text))

    def _is_in(self, text: str) -> bool:
        return any(needle in text for needle in self._needles) or any(core in text for core in self._encoded())

    def json(self, value: Any) -> Any:
        """Return decoded JSON with secret values masked, in names of members too; a secret number becomes text."""
        if isinstance(value, str):
            return self(value)
        if is_mapping(value):
            return {self(name) if isinstance(name, str) else name: self.json(inner) for name, inner in value.items()}
        if is_array(value):
            return [self.json(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if any(needle in str(value) for needle in self._needles) else value
        return value

    def body(self, data: bytes) -> bytes:
        """Return a body with secret values masked; JSON stays JSON, anything else is treated as text."""
        if not self._secrets or not data:
            return data
        text = came = data.decode("utf-8", "replace")
        if "\ufffd" in text or "\0" in text:
            text = self._in_other_charsets(data).decode("utf-8", "replace")
        masked = self(text)
        if masked == came and (len(text) <= _LARGE or _SIGNS.search(text) is None):
            return data
        try:
            return json.dumps(self.json(json.loads(text)), ensure_ascii=False).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return masked.encode("utf-8", "replace")

    def numbered(self, text: str, mark: Callable[[str], str]) -> str:
        """Return a text with what `mark` makes of a whole secret in its place, but not in base64 or hexadecimal."""
        pieces, end = list[str](), 0
        for start, stop in _merged(self._whole(text)):
            pieces += [text[end:start], mark(self._named(text[start:stop]))]
            end = stop
        return "".join(pieces) + text[end:]

    def _named(self, found: str) -> str:
        """Return the secret of which a piece of text is an encoded form."""
        views = [view.text for view in _views(found, spaced=self._spaced)]
        return next(secret for secret in self._secrets if any(secret in view for view in views))

    def _whole(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where whole secrets are: the first and the last place of each in the text."""
        needles = [needle for secret in self._secrets for needle in _plain_forms(secret)]
        for view in _views(text, spaced=self._spaced):
            yield from _found(view, needles)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where secrets are, or parts of them that are masked as well."""
        for view in _views(text, spaced=self._spaced):
            yield from _found(view, self._needles)
            for core in self._encoded():
                for start in _places(view.text, core):
                    yield view.source(*_whole_encoded(view.text, start, start + len(core)))

    def _encoded(self) -> list[str]:
        if self._cores is None:
            self._cores = [core for part in self._parts for core in _cores(part)]
        return self._cores

    def _large(self, text: str) -> str:
        """Mask a large text in one pass a form: only of what one encoder makes of the whole secret."""
        for part in self._parts:
            for form in sorted(_written_forms(part), key=len, reverse=True):
                text = text.replace(form, MASK)
        for core in self._encoded():
            text = text.replace(core, MASK)
        return text

    def _in_other_charsets(self, data: bytes) -> bytes:
        for secret in self._parts:
            for charset in ("latin-1", "cp1252", "utf-16-le", "utf-16-be"):
                encoded = secret.encode(charset, "ignore")
                if len(encoded) >= _SHORTEST_MASKED:
                    data = data.replace(encoded, MASK.encode())
        return data


def _parts(secret: str) -> list[str]:
    """Return what of a secret is masked where it stands alone: the secret without white space around it, and its lines.

    Lines that are short are left alone: they may be words.
    """
    lines = [line for line in map(str.strip, secret.splitlines()) if len(line) >= _SHORTEST_LINE]
    return [part for part in (secret.strip(), *lines) if len(part) >= _SHORTEST_MASKED]


def _plain_forms(secret: str) -> list[str]:
    """Return a secret as it is, with its quotes doubled, and as it looks where its UTF-8 was read as Latin-1."""
    forms = [secret, *(secret.replace(quote, 2 * quote) for quote in "'\"" if quote in secret)]
    if not secret.isascii():
        forms.append(secret.encode("utf-8", "surrogatepass").decode("latin-1"))
    return forms


def _written_forms(secret: str) -> set[str]:
    """Return a secret as encoders usually write it."""
    data = secret.encode("utf-8", "surrogatepass")
    quoted = {quote(data, safe=safe) for safe in ("", "/", "~()*!'", ":/?#[]@!$&'()*+,;=")} | {quote_plus(data)}
    lower = {_HEX.sub(lambda found: found[0].lower(), form) for form in quoted}
    escaped = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
    escaped |= {form.replace("/", "\\/") for form in escaped} | {_HEX_ESCAPE.sub(_upper, form) for form in escaped}
    return {*_plain_forms(secret), *quoted, *lower, *escaped, escape(secret), escape(secret, quote=False)}


_HEX = re.compile(r"%[0-9A-F]{2}")
_HEX_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")


def _upper(found: re.Match[str]) -> str:
    return found[0][:2] + found[0][2:].upper()


def _cores(secret: str) -> set[str]:
    """Return what base64 and hexadecimal make of a secret wherever it begins among other bytes.

    It is that of UTF-8, and of UTF-16 in both orders: of ASCII they have the same inside, without the outer zero.
    """
    forms = {secret.encode("utf-8", "surrogatepass")}
    forms |= {secret.encode("utf-16-le", "surrogatepass")[:-1], secret.encode("utf-16-be", "surrogatepass")[1:]}
    return {core for data in forms for core in (*_base64_cores(data), data.hex(), data.hex().upper())}


def _base64_cores(data: bytes) -> set[str]:
    """Return what base64 makes of bytes wherever they begin, without what depends on those around them.

    Three bytes become four characters, so there are three ways (RFC 4648, section 4), each in both alphabets.
    """
    cores = set[str]()
    for lead, first in ((0, 0), (1, 2), (2, 3)):
        encoded = b2a_base64(bytes(lead) + data, newline=False).decode()
        core = encoded[first : (lead + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST_MASKED:
            cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores


_BEFORE = re.compile(r"[A-Za-z0-9_+-]*[A-Za-z0-9_+/-]?\Z")
_AFTER = re.compile(r"[A-Za-z0-9_+/-]?[A-Za-z0-9_+-]*={0,2}")
_LONGEST_LEAD = 4096


def _whole_encoded(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return where the base64 or hexadecimal text begins and ends that has a core in it."""
    before, after = _BEFORE.search(text, max(0, start - _LONGEST_LEAD), start), _AFTER.match(text, stop)
    return (start if before is None else before.start()), (stop if after is None else after.end())


def _found(view: _View, needles: list[str]) -> Iterator[tuple[int, int]]:
    for needle in needles:
        for start in _places(view.text, needle):
            yield view.source(start, start + len(needle))


def _places(text: str, needle: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + len(needle))


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged


def _replaced(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, end = list[str](), 0
    for start, stop in _merged(spans):
        pieces += [text[end:start], MASK]
        end = stop
    return "".join(pieces) + text[end:] if pieces else text


class _Piece(NamedTuple):
    """One decoded escape: where it is in the decoded text, and where it was in the text before."""

    start: int
    stop: int
    source_start: int
    source_stop: int


class _View:
    """A text that was decoded once more than the one before."""

    def __init__(self, text: str, pieces: list[_Piece], before: _View | None) -> None:
        self.text = text
        self._pieces = pieces
        self._starts = [piece.start for piece in pieces]
        self._before = before

    def source(self, start: int, stop: int) -> tuple[int, int]:
        """Return where a part of this text was in the original text."""
        if self._before is None:
            return start, stop
        return self._before.source(self._earlier(start)[0], self._earlier(stop - 1)[1])

    def _earlier(self, place: int) -> tuple[int, int]:
        """Return where one character was in the text before, as first and last place."""
        at = bisect_right(self._starts, place) - 1
        if at < 0:
            return place, place + 1
        piece = self._pieces[at]
        if place < piece.stop:
            return piece.source_start, piece.source_stop
        moved = piece.source_stop + place - piece.stop
        return moved, moved + 1


class _Decoder(NamedTuple):
    """One way to encode characters: the sign that it may have been used, its escapes, and how to decode them."""

    sign: str
    escapes: re.Pattern[str]
    decode: Callable[[str], str]


_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def _from_percent(text: str) -> str:
    """Return what the percent-encoded bytes of one character stand for: UTF-8, or Latin-1 where it is none.

    `%u00e9` is what JavaScript's escape() and some servers write.
    """
    if text[1] == "u":
        return _of_halves(text) if len(text) == 12 else chr(int(text[2:], 16))
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape").translate(_LATIN_1)


def _from_escape(text: str) -> str:
    """Return what a backslash and what follows it stand for: in JSON, JavaScript, Python and C."""
    kind, digits = text[1], text[2:].strip("{}")
    if len(text) == 4 and kind in "0123":
        return chr(int(text[1:], 8))
    if kind not in "uUx":
        return _ESCAPED.get(kind, kind)
    if len(text) == 12 and kind == "u":
        return _of_halves(text)
    code = int(digits, 16)
    return chr(code) if code < 0x110000 else text


def _of_halves(text: str) -> str:
    """Return the character beyond 16 bits that two escapes stand for (RFC 8259, section 7)."""
    return chr(0x10000 + ((int(text[2:6], 16) - 0xD800) << 10) + int(text[8:], 16) - 0xDC00)


def _from_quoted_printable(text: str) -> str:
    """Return what an octet stands for that is written as =C3 (RFC 2045, section 6.7), nothing for a soft line break."""
    return chr(int(text[1:], 16)) if len(text) == 3 and text[2] > " " else ""


def _from_line_breaks(text: str) -> str:
    """Return nothing: base64 is broken into lines."""
    return ""


def _from_zeros(text: str) -> str:
    """Return nothing for the zero bytes between the letters of UTF-16 that was read as UTF-8."""
    return ""


def _from_plus(text: str) -> str:
    """Return a space, which a plus stands for in forms."""
    return " "


_TAIL = "%[89abAB][0-9a-fA-F]"
_PERCENT = rf"%[cdCD][0-9a-fA-F]{_TAIL}|%[eE][0-9a-fA-F](?:{_TAIL}){{2}}|%[fF][0-7](?:{_TAIL}){{3}}|%[0-9a-fA-F]{{2}}"
_PERCENTS = rf"%u[dD][89abAB][0-9a-fA-F]{{2}}%u[dD][c-fC-F][0-9a-fA-F]{{2}}|%u[0-9a-fA-F]{{4}}|{_PERCENT}"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_CODED = r"\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|\\x[0-9a-fA-F]{2}|\\U[0-9a-fA-F]{8}|\\[0-3][0-7]{2}"
_QUOTED = r"=[0-9A-Fa-f]{2}|=\r?\n"
_ENTITY = r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});?"

_DECODERS = (
    _Decoder("%", re.compile(_PERCENTS), _from_percent),
    _Decoder("\\", re.compile(rf"{_PAIR}|{_CODED}|\\[^uUx]", re.DOTALL), _from_escape),
    _Decoder("&", re.compile(_ENTITY), unescape),
    _Decoder("\0", re.compile("\0+"), _from_zeros),
)
_LAST = (
    _Decoder("=", re.compile(_QUOTED), _from_quoted_printable),
    _Decoder("\n", re.compile(r"\r?\n"), _from_line_breaks),
)
"""What a secret is written in before it is put into JSON, HTML or an address, and not the other way round."""

_PLUS = _Decoder("+", re.compile(r"\+"), _from_plus)
_SIGNS = re.compile(f"[%\\\\&\0+\n]|{_QUOTED}")


def _decoders(text: str, spaced: bool) -> list[_Decoder]:
    return [decoder for decoder in (*_DECODERS, *((_PLUS,) if spaced else ())) if decoder.sign in text]


def _views(text: str, *, spaced: bool) -> Iterator[_View]:
    """Yield a text, and the texts that it becomes when it is decoded in every way, up to three times.

    Of a text that is large and full of escapes the deepest views are left out: whoever waits for it has a deadline.

    Args:
        text: The text.
        spaced: Whether a plus may stand for a space, as in forms.
    """
    fresh, seen, left = [_View(text, [], None)], {text}, _MOST_DECODED
    for depth in range(_DEEPEST + 1):
        made = list[_View]()
        for view in fresh:
            yield view
            further = _decoders(view.text, spaced) if depth < _DEEPEST else []
            for decoder in (*further, *(last for last in _LAST if last.sign in view.text)):
                if left < 0:
                    break
                left -= len(view.text)
                decoded = _decoded(view, decoder)
                if decoded.text in seen:
                    continue
                seen.add(decoded.text)
                if decoder in _LAST:
                    yield decoded
                else:
                    made.append(decoded)
        fresh = made


def _decoded(view: _View, decoder: _Decoder) -> _View:
    pieces, texts, end, length = list[_Piece](), list[str](), 0, 0
    for found in decoder.escapes.finditer(view.text):
        became = decoder.decode(found[0])
        if became == found[0]:
            continue
        start, stop = found.span()
        texts += [view.text[end:start], became]
        length += start - end
        pieces.append(_Piece(length, length + len(became), start, stop))
        length += len(became)
        end = stop
    return _View("".join(texts) + view.text[end:], pieces, view)
