"""A pytest plugin: runs every test as far as it goes, and skips the one that asks for what WebAssembly has not.

WebAssembly has no sockets, threads, processes, pipes, terminals or time zones, no TLS and little stack. No test is
marked: whatever asks for one of these is skipped there and then, so a new test takes part by itself. `--at-least` says
how many must pass all the same.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import importlib
import json
import os
import pty
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

import pytest

from .idle_loop import Policy

REFUSED: list[tuple[Any, str, str]] = [
    (socket.socket, "__init__", "a socket"),
    (socket, "socketpair", "a socket"),
    (socket, "getaddrinfo", "a socket"),
    (threading.Thread, "start", "a thread"),
    (subprocess.Popen, "__init__", "a process"),
    (os, "fork", "a process"),
    (concurrent.futures.ProcessPoolExecutor, "__init__", "a process"),
    (shutil, "which", "a process"),
    (os, "mkfifo", "a named pipe"),
    (pty, "openpty", "a terminal"),
    (time, "tzset", "another time zone"),
    (ssl, "get_default_verify_paths", "TLS"),
    (ssl.SSLContext, "load_cert_chain", "TLS"),
    (ssl.SSLContext, "load_verify_locations", "TLS"),
]
# None of these has a wheel for WebAssembly, or what it stands on has none: cryptography, rpds-py, grimp.
WITHOUT_WHEEL = frozenset({"trustme", "openapi_core", "importlinter"})
# Both talk through a browser where they find themselves in WebAssembly.
with mock.patch.object(sys, "platform", "linux"), suppress(ModuleNotFoundError):
    for name in ("urllib3", "httpx2"):
        importlib.import_module(name)

# Node ends with the stack, at some 15,000 of these, before Python's scanner sees that it has nested too deeply.
TOO_DEEP = "[" * 10_000

needs: list[str] = []
"""What the test that runs has asked for in vain."""


def refuse(what: str) -> NoReturn:
    """Skip the test, or the file, that asks for something."""
    needs.append(what)
    raise pytest.skip.Exception(f"needs {what}", allow_module_level=True)


def refusing(what: str) -> Any:
    def refused(*args: object, **kwargs: object) -> NoReturn:
        refuse(what)

    return refused


def shallow(decode: Callable[..., Any]) -> Callable[..., Any]:
    """What decodes JSON, but for what is nested too deeply."""

    @functools.wraps(decode)
    def decoded(decoder: json.JSONDecoder, s: str, idx: int = 0) -> Any:
        return refuse("a deep stack") if TOO_DEEP in s else decode(decoder, s, idx)

    return decoded


class Missing(MetaPathFinder):
    """Found last: skips a file that imports a package which cannot be installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return refuse(fullname) if fullname in WITHOUT_WHEEL else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--at-least", type=int, default=1, help="how many tests must pass")


def pytest_configure(config: pytest.Config) -> None:
    sys.meta_path.append(Missing())
    for owner, name, what in REFUSED:
        setattr(owner, name, refusing(what))
    json.JSONDecoder.raw_decode = shallow(json.JSONDecoder.raw_decode)  # type: ignore[method-assign]
    asyncio._set_running_loop(None)
    asyncio.events._set_event_loop_policy(Policy(refuse))  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    needs.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test that went on, or failed otherwise, after it had asked in vain; it may leave things undone."""
    report = yield
    if needs and not report.skipped:
        if report.when == "teardown":
            report.outcome, report.longrepr = "passed", None
        else:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: needs {needs[0]}")
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = terminalreporter.getreports("skipped")
    for reason, times in Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports).most_common():
        terminalreporter.write_line(f"{times} skipped: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which too few tests passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    passed, wanted = len(reporter.getreports("passed")), session.config.getoption("--at-least")
    if passed < wanted and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{passed} tests passed, and at least {wanted} must", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
