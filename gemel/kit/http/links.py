"""Reads Link header fields (RFC 8288): the addresses of the next, first or last page and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["linked", "links"]

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([^\s=;,"<>]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,]*)))?')
_ESCAPED = re.compile(r"\\(.)")


def linked(fields: Iterable[str], relation: str) -> str | None:
    """Return the target of the first link with this relation, as written; None when there is none.

    Args:
        fields: The values of the Link fields of a reply.
        relation: The relation type, compared without case; one link may have several (section 3.3). A link with an
            anchor is about another resource and is left out (section 3.2).
    """
    for target, parameters in links(fields):
        if "anchor" not in parameters and relation.lower() in parameters.get("rel", "").lower().split():
            return target
    return None


def links(fields: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the target of each link, as written, and its parameters.

    Args:
        fields: The values of a reply's Link fields. Of a repeated parameter the first counts (appendix B.3).
    """
    for field in fields:
        at = 0
        while (target := _TARGET.match(field, at)) is not None:
            at = target.end()
            parameters: dict[str, str] = {}
            while (found := _PARAMETER.match(field, at)) is not None:
                at = found.end()
                text = (found[3] or "") if found[2] is None else _ESCAPED.sub(r"\1", found[2])
                parameters.setdefault(found[1].lower(), text)
            yield target[1].strip(), parameters
