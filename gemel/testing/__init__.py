"""Tools for testing programs that use gemel and its SDKs: a stub server, recordings, a frozen clock, pytest fixtures.

with StubServer() as stub:
    stub.on(Secrets.retrieve).reply(secret)
    with InfisicalClient(endpoint=stub.url, token="t") as client: ...

Importing this package loads nothing else, since pytest imports it in every run where gemel is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemel.sandbox.messages import ServerReply
    from gemel.testing.calls import ReceivedCall
    from gemel.testing.clock import FrozenClock, Random
    from gemel.testing.recorder import Recorder
    from gemel.testing.replayer import Replayer
    from gemel.testing.route import Route
    from gemel.testing.server import StubError
    from gemel.testing.stub import StubServer

__all__ = [
    "FrozenClock",
    "Random",
    "ReceivedCall",
    "Recorder",
    "Replayer",
    "Route",
    "ServerReply",
    "StubError",
    "StubServer",
]


_HOMES = {
    "FrozenClock": "gemel.testing.clock",
    "Random": "gemel.testing.clock",
    "ReceivedCall": "gemel.testing.calls",
    "Recorder": "gemel.testing.recorder",
    "Replayer": "gemel.testing.replayer",
    "Route": "gemel.testing.route",
    "ServerReply": "gemel.sandbox.messages",
    "StubError": "gemel.testing.server",
    "StubServer": "gemel.testing.stub",
}

if not TYPE_CHECKING:  # a checker that sees this takes any name, misspelt ones too, for one of the module

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted(__all__)
