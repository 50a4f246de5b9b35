"""How the tests run: each process as strict as the one that starts it, and hypothesis for a short or a long while."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Generator
from contextlib import suppress

import pytest

# What an interpreter hands to the processes that pytest-xdist starts, and no further than to them.
STRICT = {"PYTHONWARNINGS": "error", **({"PYTHONDEVMODE": "1"} if sys.flags.dev_mode else {})}
# What the repr of an object without one of its own ends with.
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]")

with suppress(ModuleNotFoundError):  # the environments for the docs and for the peers are without it
    from hypothesis import HealthCheck, settings

    # tox -e fuzz takes the long profile. Tests whose examples are slow, or quick, take a part or a multiple of these.
    for name, examples in {"short": 30, "long": 1_000}.items():
        settings.register_profile(
            name, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
    settings.load_profile("short")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what is collected: it lives to the end, and is most of the memory.

    To look through it all takes 0.4 s, each time that a test asks for it, and a fifth of the time of collecting.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse an id that holds an address: pytest-xdist wants the same ids from each process.

    This is where each of its processes can still say so: of what is raised later, it tells nothing.
    """
    report = yield
    moving = [node.nodeid for node in report.result or () if ADDRESS.search(node.nodeid)]
    if moving:
        report.outcome, report.result = "failed", []
        report.longrepr = f"another id in each process: {', '.join(moving)}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Hand the interpreter's flags down to the workers."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in STRICT:
            os.environ.pop(name, None)
    elif "error" in sys.warnoptions and config.getoption("numprocesses", default=None):
        os.environ |= STRICT
