"""A real local HTTP server that behaves as the services do, with faults to inject: the witness for tests.

with serve() as sandbox:
    requests.get(f"{sandbox.url}/api/status")
"""

from __future__ import annotations

from .app import Serving, serve
from .assembly import BothSandbox
from .faults import Fault, Faults
from .infisical import Identity, User
from .infisical.box import Sandbox
from .julep.box import JulepSandbox
from .messages import RecordedRequest, RequestLog
from .store import SandboxDataError

__all__ = [
    "BothSandbox",
    "Fault",
    "Faults",
    "Identity",
    "JulepSandbox",
    "RecordedRequest",
    "RequestLog",
    "Sandbox",
    "SandboxDataError",
    "Serving",
    "User",
    "serve",
]
