"""The filters of the list of secrets: by metadata and by tags."""

from __future__ import annotations

import re
from typing import Any

from ..validation import ABSENT, Field, Issues, Location, text

__all__ = ["metadata_filter", "tag_slugs"]

MAX_PAIRS = 10


def tag_slugs() -> Field:
    """Slugs with commas between them; a secret with any of them passes."""
    return text("tags", default=ABSENT, then=lambda slugs: {slug.strip() for slug in slugs.split(",")} - {""})


def metadata_filter() -> Field:
    """`key=K,value=V|key=K2,value=V2`: a secret that has every pair passes."""
    as_text = text().check

    def check(value: Any, at: Location, issues: Issues) -> list[tuple[str, str]]:
        given = as_text(value, at, issues)
        pairs = [pair for part in (given or "").split("|") if (pair := _pair(part))]
        if len(pairs) > MAX_PAIRS:
            message = f"You can only filter by up to {MAX_PAIRS} metadata fields"
            issues.append({"code": "custom", "message": message, "path": list(at)})
        return pairs

    return Field(check, ABSENT, to="metadata")


def _pair(text_of_pair: str) -> tuple[str, str] | None:
    parts = re.split("[,=]", text_of_pair)
    named = {name.strip().lower(): value.strip() for name, value in zip(parts[::2], parts[1::2], strict=False)}
    key, value = named.get("key"), named.get("value")
    return (key, value) if key and value else None
