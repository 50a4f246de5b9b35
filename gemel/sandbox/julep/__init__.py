"""The Julep half of the sandbox: the server of the 0.x generation, as a real one was seen to behave."""

from __future__ import annotations

from .errors import failure
from .records import Records
from .schema import SCHEMA
from .server import Julep

__all__ = ["SCHEMA", "Julep", "Records", "failure"]
