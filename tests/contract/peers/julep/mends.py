"""Where gemel tells something else than the published SDK on purpose, and why; of requests: tests/julep/mends.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from .comparing import ABSENT

Kind = Literal["less", "more", "other"]


@dataclass(frozen=True)
class Mend:
    """One reason to differ: at these places gemel tells less, or more, or something else."""

    reason: str
    kind: Kind
    places: str

    def explains(self, place: str, pair: tuple[Any, Any]) -> bool:
        return kind(pair) == self.kind and re.fullmatch(self.places, place) is not None


def kind(pair: tuple[Any, Any]) -> Kind:
    """How what gemel told differs from what the published SDK told."""
    if ABSENT in pair:
        return "less" if pair[1] == ABSENT else "more"
    return "other"


MENDS = (
    Mend("metadata is kept", "less", r".*\.metadata"),
    Mend("metadata is kept", "more", r"\w+\.(get|list)\b.*\.metadata\.\w+"),
    Mend(
        "a record is given back, not the arguments of the call",
        "less",
        r"(agents|users)\.create\.(docs|tools)\[.*"
        r"|docs\.create( of a user)?\.doc\..*"
        r"|(agents|users|sessions)\.update( overwrite)?\.(agent_id|user_id|session_id|overwrite)",
    ),
    Mend(
        "what is made is given back whole: what was sent, and what the server said",
        "more",
        r"agents\.create\.(model|instructions|default_settings)"
        r"|docs\.create( of a user)?\.(title|content|metadata\.page)"
        r"|sessions\.create\.render_templates",
    ),
    Mend("a listed doc says whose it is, as a created one", "more", r"docs\.list\b.*\.(agent_id|user_id)"),
    Mend(
        "what is changed is read again, and given back whole",
        "more",
        r"(agents|users|sessions)\.update( overwrite)?\..*",
    ),
    Mend("an error is of a class that says what it is", "other", r".*\.error"),
)
# The async SDK deletes the tool, then trips over the annotation of its own return value.
ASYNC_MENDS = (Mend("deleting a tool succeeds", "less", r"tools\.delete\.(error|assertion)"),)
# What the errors of the published SDK have become.
ERRORS = {
    ("ApiError", "NotFoundError"),
    ("AssertionError", "InvalidIdError"),
    ("AssertionError", "OwnerError"),
}
