"""A real local HTTP server that behaves as the services do, with faults to inject: the witness for tests.

with serve() as sandbox:
    requests.get(f"{sandbox.url}/api/status")
"""

from __future__ import annotations

from .app import Serving, serve
from .box import Sandbox
from .faults import Fault, Faults
from .infisical import Identity
from .messages import RecordedRequest, RequestLog
from .store import SandboxDataError

__all__ = [
    "Fault",
    "Faults",
    "Identity",
    "RecordedRequest",
    "RequestLog",
    "Sandbox",
    "SandboxDataError",
    "Serving",
    "serve",
]
