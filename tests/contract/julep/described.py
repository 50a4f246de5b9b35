"""The published description of the Julep API 0.x, of what servers of that generation serve, and what gemel declares.

`julep.openapi.json` is what is described but for memories, which no server has. Model serving is not described.
"""

from __future__ import annotations

from pathlib import Path

from gemel.julep import Client

from ..declared import endpoints, flows
from ..description import Description, loaded
from .deviations import DEVIATIONS

FILE = Path(__file__).with_name("julep.openapi.json")
NOT_SERVED = {"memories.get_agent_memories", "memories.list"}
NOT_DESCRIBED = {"chat.completions.complete", "chat.completions.stream", "completions.complete", "completions.stream"}


def described(*, without: str = "", checked: bool = True) -> Description:
    """The description with every deviation but one."""
    document = loaded(FILE)
    for name, deviation in DEVIATIONS.items():
        if name != without:
            deviation.change(document["components"]["schemas"], document["paths"])
    return Description(document, checked=checked)


DESCRIPTION = described()
DECLARED = endpoints(Client)
ENDPOINTS = {path: each for path, each in DECLARED.items() if path not in NOT_SERVED | NOT_DESCRIBED}
FLOWS = {path: each for path, each in flows(Client).items() if path not in NOT_SERVED}
