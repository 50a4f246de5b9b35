"""What is put on a port for each name that `serve` takes: the records, the APIs, and the sandbox over them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import infisical, julep
from .box import Box, Running
from .faults import infisical_failure
from .infisical import Backend, Infisical
from .infisical.box import Sandbox
from .julep import Julep, Records
from .julep.box import JulepSandbox
from .messages import Api, RecordedRequest, ServerReply, SharedPort
from .store import Store

__all__ = ["ASSEMBLIES", "Assembled", "Assembly", "BothSandbox", "is_julep"]

BoxT = TypeVar("BoxT", bound=Box)
# Infisical lives below /api/v1 to /api/v4 and at /api/status; of Julep nothing does.
_INFISICAL_PATH = re.compile(r"/api/(v\d+|status)(/|$)")
_JULEP_PATH = re.compile(r"/(api|v1)(/|$)")


class BothSandbox(Sandbox, JulepSandbox):
    """A running sandbox of Infisical and Julep on one port."""

    def __init__(self, running: Running, backend: Backend, records: Records) -> None:
        Sandbox.__init__(self, running, backend)
        JulepSandbox.__init__(self, running, records)


@dataclass(frozen=True)
class Assembled(Generic[BoxT]):
    """APIs over their records, ready for a web server.

    Attributes:
        api: What answers.
        failure: The reply to a path with a status, for a fault that names no body.
        box: The sandbox over the running server.
        rate_groups: The groups of rate limits that a request may count in.
    """

    api: Api | SharedPort
    failure: Callable[[str, int], ServerReply]
    box: Callable[[Running], BoxT]
    rate_groups: Callable[[RecordedRequest], tuple[str, ...]] = lambda request: ()


@dataclass(frozen=True)
class Assembly(Generic[BoxT]):
    """What `serve` puts on a port.

    Attributes:
        schema: The tables of the records.
        over: The APIs over the store of the records.
    """

    schema: str
    over: Callable[[Store], Assembled[BoxT]]


def _infisical(store: Store) -> Assembled[Sandbox]:
    backend = Backend(store)
    return Assembled(
        Infisical(backend),
        lambda path, status: infisical_failure(status),
        lambda running: Sandbox(running, backend),
        infisical.rate_groups,
    )


def _julep(store: Store) -> Assembled[JulepSandbox]:
    records = Records(store)
    return Assembled(
        Julep(records), lambda path, status: julep.failure(status), lambda running: JulepSandbox(running, records)
    )


def is_julep(path: str) -> bool:
    """Whether a path belongs to Julep where both APIs share a port."""
    return _JULEP_PATH.match(path) is not None and _INFISICAL_PATH.match(path) is None


def _both(store: Store) -> Assembled[BothSandbox]:
    backend, records = Backend(store), Records(store)
    apis = (Infisical(backend), Julep(records))
    return Assembled(
        SharedPort(lambda path: apis[is_julep(path)]),
        lambda path, status: julep.failure(status) if is_julep(path) else infisical_failure(status),
        lambda running: BothSandbox(running, backend, records),
        lambda request: () if is_julep(request.path) else infisical.rate_groups(request),
    )


# By the name that `serve` takes.
ASSEMBLIES: dict[str, Assembly[Any]] = {
    "infisical": Assembly(infisical.SCHEMA, _infisical),
    "julep": Assembly(julep.SCHEMA, _julep),
    "both": Assembly(infisical.SCHEMA + julep.SCHEMA, _both),
}
