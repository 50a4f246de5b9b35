"""`gemel sandbox infisical`: it starts, is what its variables say, keeps its records, and stops."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gemel.infisical import InfisicalClient

from .command import SECONDS, run, running

STOPS = [signal.SIGINT, signal.SIGTERM]
VARIABLES = ["INFISICAL_URL", "INFISICAL_CLIENT_ID", "INFISICAL_CLIENT_SECRET"]


@contextmanager
def started(*arguments: str, stop: signal.Signals = signal.SIGINT) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own; gives its variables, stops it by a signal and checks that all was well."""
    with running("sandbox", "infisical", *arguments) as process:
        assert process.stdout is not None and process.stderr is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith(f"export {VARIABLES[-1]}="):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        assert all(line.startswith(("#", "export ")) for line in lines)
        yield exported("".join(lines))
        process.send_signal(stop)
        rest, complaints = process.communicate(timeout=SECONDS)
        assert (process.returncode, rest, complaints) == (0, "", "")


def exported(script: str) -> dict[str, str]:
    """The variables as a shell sees them that was given the output."""
    show = "; ".join(f'echo "${name}"' for name in VARIABLES)
    shown = subprocess.run(["sh", "-c", f"{script}\n{show}"], capture_output=True, text=True, check=True, timeout=10)
    return dict(zip(VARIABLES, shown.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_it_serves_until_a_signal(stop: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(stop=stop) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with InfisicalClient(trust_env=False) as client:
            assert client.endpoint == variables["INFISICAL_URL"]
            assert client.projects.create("Mine").name == "Mine"
            # It stops although a connection is still open.
    with socket.socket() as closed:
        assert closed.connect_ex(("127.0.0.1", port_of(variables))) != 0


def port_of(variables: dict[str, str]) -> int:
    return int(variables["INFISICAL_URL"].rpartition(":")[2])


def test_the_port_is_the_one_asked_for() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with started("--port", str(port)) as variables:
        assert port_of(variables) == port


def test_records_stay_in_the_data_file(tmp_path: Path) -> None:
    data = tmp_path / "my records.db"
    with started("--data", str(data)) as first, client_of(first) as client:
        project = client.projects.create("Kept").id
        client.secrets.create("KEY", project_id=project, environment="dev", secret_value="kept-value")
    with started("--data", str(data)) as second, client_of(second) as client:
        assert second["INFISICAL_CLIENT_SECRET"] == first["INFISICAL_CLIENT_SECRET"]
        kept = client.secrets.retrieve("KEY", project_id=project, environment="dev")
        assert kept.secret_value == "kept-value"
    assert stat.S_IMODE(data.stat().st_mode) == 0o600


def client_of(variables: dict[str, str]) -> InfisicalClient:
    url, client_id, client_secret = (variables[name] for name in VARIABLES)
    return InfisicalClient(endpoint=url, client_id=client_id, client_secret=client_secret, trust_env=False)


def refused(*arguments: str) -> str:
    """What it says in its one line when it cannot serve."""
    done = run("sandbox", "infisical", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}: the port is in use" in refused("--port", str(port))


def test_a_host_that_is_not_this_machine_is_one_line() -> None:
    # RFC 5737: an address for documentation, no machine has it.
    assert "cannot listen on 192.0.2.1:0: this machine has no such address" in refused("--host", "192.0.2.1")


def test_an_unusable_data_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes, and they are not to be overwritten.\n" * 20)
    assert "is not a sandbox data file" in refused("--data", str(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_text().startswith("These are my notes")
    assert "cannot open" in refused("--data", str(tmp_path / "nowhere" / "records.db"))
    assert "Error: " in refused("--data", str(tmp_path))


def test_a_data_file_that_is_in_use_is_one_line(tmp_path: Path) -> None:
    data = str(tmp_path / "records.db")
    with started("--data", data):
        assert "locked" in refused("--data", data)
