"""What an error reporter can read: every frame of an error and of all that is chained to it, every value in them."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import gemel

_KIT = str(Path(gemel.__file__).parent)
_DEEPEST = 12
_SHOWN = set(range(32, 127)) - {ord("\\")}


def frames_of(error: BaseException) -> Iterator[tuple[str, types.FrameType]]:
    """Every frame that can be reached from an error below the caller's own: those from the first of the kit on."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        chained = [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        waiting += [other for other in chained if other is not None]
        step, inside = one.__traceback__, one is not error
        while step is not None:
            inside = inside or step.tb_frame.f_code.co_filename.startswith(_KIT)
            if inside:
                yield f"{type(one).__name__}: {step.tb_frame.f_code.co_name}", step.tb_frame
            step = step.tb_next


def chain_of(error: BaseException) -> list[BaseException]:
    """An error and all that is chained to it."""
    found: list[BaseException] = [error]
    for one in found:
        found += [other for other in (one.__cause__, one.__context__) if other is not None and other not in found]
    return found


def texts_in_frames(error: BaseException) -> Iterator[tuple[str, str]]:
    """Where a text is in the variables of those frames, and the text."""
    for place, frame in frames_of(error):
        for name, value in frame.f_locals.items():
            yield from texts_of(value, f"{place}: {name}", _DEEPEST, set())


def texts_of(value: Any, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, str]]:
    """Every text in a value, however deep: its repr, its attributes, its items, what it has closed over."""
    if id(value) in seen or depth < 0 or isinstance(value, type | types.ModuleType):
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield path, value
        return
    if isinstance(value, bytes | bytearray):
        yield path, bytes(value).decode("latin-1")
        return
    yield path, _repr(value)
    for step, inner in _inside(value):
        yield from texts_of(inner, f"{path}{step}", depth - 1, seen)


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"{type(error).__name__}"


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for number, (key, inner) in enumerate(_pairs(value)):
            yield f"<key {number}>", key
            yield f"[{number}]", inner
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value))
    elif isinstance(value, functools.partial):
        yield from ((".func", value.func), (".args", value.args), (".keywords", value.keywords))
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    elif isinstance(value, types.FunctionType):
        yield from ((f"<cell {number}>", _cell(cell)) for number, cell in enumerate(value.__closure__ or ()))
        yield ".__defaults__", value.__defaults__
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        frame = getattr(value, name, None)
        if isinstance(frame, types.FrameType):
            yield f".{name}", dict(frame.f_locals)
    yield from _attributes(value)


def _pairs(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    try:
        return list(value.items())
    except NotImplementedError:  # urllib3's own pools
        return []


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    names = [*getattr(value, "__struct_fields__", ())]
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    for name in names:
        if not name.startswith("__") and hasattr(value, name):
            yield f".{name}", getattr(value, name)
    if isinstance(getattr(value, "__dict__", None), dict):
        yield from ((f".{name}", inner) for name, inner in list(vars(value).items()))


def _cell(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def forms_of(secret: str) -> dict[str, str]:
    """A secret in every usual form, by the name of the form."""
    data = secret.encode()
    forms = {
        "plain": secret,
        "repr": repr(secret)[1:-1],
        "percent": quote(secret, safe=""),
        "percent, slashes kept": quote(secret),
        "percent, lower case": _lowered(quote(secret, safe="")),
        "percent, all of it": "".join(f"%{byte:02X}" for byte in data),
        "percent, twice": quote(quote(secret, safe=""), safe=""),
        "form": quote_plus(secret),
        "JSON": json.dumps(secret)[1:-1],
        "JSON, not ASCII": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON, slashes escaped": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "JSON, upper case": re.sub(r"(\\u)(.{4})", lambda found: found[1] + found[2].upper(), json.dumps(secret)[1:-1]),
        "JSON, all escaped": "".join(f"\\u{code:04x}" for code in _utf_16(secret)),
        "JSON in JSON": json.dumps(json.dumps(secret))[1:-1],
        "HTML": html.escape(secret),
        "HTML, quotes kept": html.escape(secret, quote=False),
        "HTML, decimal": "".join(f"&#{ord(character)};" for character in secret),
        "HTML, hexadecimal": "".join(f"&#x{ord(character):X};" for character in secret),
        "HTML of JSON": html.escape(json.dumps(secret)[1:-1]),
        "bytes": repr(data)[2:-1],
        "Latin-1": data.decode("latin-1"),
        "JavaScript": "".join(f"\\x{byte:02x}" for byte in data),
        "JavaScript, escape()": "".join(f"%u{code:04X}" for code in _utf_16(secret)),
        "octal": "".join(f"\\{byte:03o}" for byte in data),
        "octal, the rest as it is": "".join(chr(byte) if byte in _SHOWN else f"\\{byte:03o}" for byte in data),
        "quoted-printable": "".join(f"={byte:02X}" for byte in data),
        "quoted-printable in JSON": json.dumps("=\n".join(f"={byte:02X}" for byte in data))[1:-1],
        "hexadecimal": data.hex(),
        "hexadecimal, upper case": data.hex().upper(),
        "hexadecimal of a database": "\\\\x" + data.hex(),
        "hexadecimal of UTF-16": secret.encode("utf-16-be").hex(),
        "SQL": secret.replace("'", "''"),
        "CSV": secret.replace('"', '""'),
        "base64 of UTF-16": base64.b64encode(secret.encode("utf-16-le")).decode(),
        "base64 in lines": base64.encodebytes(b"u" * 57 + data).decode().strip(),
        "base64 cut into lines in JSON": json.dumps("\n".join(base64.b64encode(data).decode()))[1:-1],
    }
    for lead in ("", "u", "user:"):
        encoded = (lead.encode() + data, lead)
        forms[f"base64 after {lead!r}"] = base64.b64encode(encoded[0]).decode()
        forms[f"base64url after {lead!r}"] = base64.urlsafe_b64encode(encoded[0]).decode().rstrip("=")
    return forms


def _utf_16(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _lowered(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), text)


def shows(text: str, secret: str) -> list[str]:
    """In which forms a text shows a secret."""
    return [name for name, form in forms_of(secret).items() if form in text]
