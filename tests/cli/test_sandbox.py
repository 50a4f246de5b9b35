"""`gemel sandbox`: it starts, is what its variables say, keeps its records, and stops."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from gemel.infisical import InfisicalClient
from gemel.julep import Client

from .command import CREDENTIAL, SECONDS, run, running

SECRETS = ["INFISICAL_URL", "INFISICAL_CLIENT_ID", "INFISICAL_CLIENT_SECRET"]
AGENTS = ["JULEP_API_URL", "JULEP_API_KEY"]
# What each command prints, by its arguments: first all that is public.
VARIABLES = {("infisical",): SECRETS, ("julep",): AGENTS, (): [*SECRETS[:2], *AGENTS[:1], *SECRETS[2:], *AGENTS[1:]]}
SECRET = {"INFISICAL_CLIENT_SECRET", "JULEP_API_KEY"}
KINDS = pytest.mark.parametrize("api", VARIABLES, ids=lambda api: "".join(api) or "both")


@contextmanager
def started(
    *arguments: str, api: tuple[str, ...] = ("infisical",), stop: signal.Signals = signal.SIGINT
) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own; gives its variables, stops it by a signal and checks that all was well."""
    with running("sandbox", *api, "--show-secrets", *arguments) as process:
        assert process.stdout is not None and process.stderr is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith(f"export {VARIABLES[api][-1]}="):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        assert all(line.startswith(("#", "export ")) for line in lines)
        assert re.findall(r"^export (\w+)=", "".join(lines), re.MULTILINE) == VARIABLES[api]
        yield exported("".join(lines), VARIABLES[api])
        process.send_signal(stop)
        rest, complaints = process.communicate(timeout=SECONDS)
        assert (process.returncode, rest, complaints) == (0, "", "")


def exported(script: str, names: list[str]) -> dict[str, str]:
    """The variables as a shell sees them that was given the output."""
    show = "; ".join(f'echo "${name}"' for name in names)
    shown = subprocess.run(["sh", "-c", f"{script}\n{show}"], capture_output=True, text=True, check=True, timeout=10)
    return dict(zip(names, shown.stdout.splitlines(), strict=True))


@pytest.mark.parametrize(
    "api, stop",
    [
        (("infisical",), signal.SIGINT),
        (("infisical",), signal.SIGTERM),
        (("julep",), signal.SIGTERM),
        ((), signal.SIGINT),
    ],
    ids=["infisical-SIGINT", "infisical-SIGTERM", "julep", "both"],
)
def test_it_serves_until_a_signal(api: tuple[str, ...], stop: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(api=api, stop=stop) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        if "INFISICAL_URL" in variables:
            with InfisicalClient(trust_env=False) as client:
                assert client.endpoint == variables["INFISICAL_URL"]
                assert client.projects.create("Mine").name == "Mine"
        if "JULEP_API_URL" in variables:
            with Client(trust_env=False) as julep:
                assert julep.agents.create(name="Mine", reread=True).name == "Mine"
        # It stops although a connection is still open.
    with socket.socket() as closed:
        assert closed.connect_ex(("127.0.0.1", port_of(variables))) != 0


def port_of(variables: dict[str, str]) -> int:
    (port,) = {urlsplit(value).port for name, value in variables.items() if name.endswith("_URL")}
    assert port is not None
    return port


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


def test_each_sandbox_takes_the_data_file_of_another(tmp_path: Path) -> None:
    data = str(tmp_path / "records.db")
    with started("--data", data) as first, client_of(first) as client:
        project = client.projects.create("Kept").id
    with started("--data", data, api=()) as second, client_of(second) as client, julep_of(second) as julep:
        assert client.projects.retrieve(project).name == "Kept"
        agent = julep.agents.create(name="Kept").id
    with started("--data", data, api=("julep",)) as third, julep_of(third) as julep:
        assert third["JULEP_API_KEY"] == second["JULEP_API_KEY"]
        assert julep.agents.get(agent).name == "Kept"


def client_of(variables: dict[str, str]) -> InfisicalClient:
    url, client_id, client_secret = (variables[name] for name in SECRETS)
    return InfisicalClient(endpoint=url, client_id=client_id, client_secret=client_secret, trust_env=False)


def julep_of(variables: dict[str, str]) -> Client:
    return Client(variables["JULEP_API_KEY"], variables["JULEP_API_URL"], trust_env=False)


def refused(*arguments: str, api: tuple[str, ...] = ("infisical",)) -> str:
    """What it says in its one line when it cannot serve."""
    done = run("sandbox", *api, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


@KINDS
def test_a_taken_port_is_one_line(api: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}: the port is in use" in refused("--port", str(port), api=api)


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


@contextmanager
def announced(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """What a sandbox prints when it starts, up to the line that speaks of its secrets, and the process."""
    with running("sandbox", *arguments) as process:
        assert process.stdout is not None and process.stderr is not None
        lines: list[str] = []
        while not lines or "--show-secrets" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        yield "".join(lines), process


def stopped(process: subprocess.Popen[str]) -> str:
    """What it still wrote to stderr when it was stopped."""
    process.send_signal(signal.SIGINT)
    rest, written = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (0, "")
    return written


@KINDS
def test_no_secret_is_printed_unless_asked_for(api: tuple[str, ...]) -> None:
    public = [name for name in VARIABLES[api] if name not in SECRET]
    with announced(*api) as (text, process):
        assert CREDENTIAL.search(text) is None
        assert re.findall(r"^export (\w+)=", text, re.MULTILINE) == public
        assert all(line.startswith(("#", "export ")) for line in text.splitlines())
        assert all(name in text.splitlines()[-1] for name in set(VARIABLES[api]) & SECRET)
        assert CREDENTIAL.search(stopped(process)) is None


def test_without_printed_secrets_an_identity_is_had_from_the_control_endpoint() -> None:
    with announced("infisical") as (text, process):
        url = exported(text, ["INFISICAL_URL"])["INFISICAL_URL"]
        made = requests.post(f"{url}/__sandbox__/identities", json={"name": "me", "role": "admin"}, timeout=10).json()
        client = InfisicalClient(
            endpoint=url, client_id=made["client_id"], client_secret=made["client_secret"], trust_env=False
        )
        with client:
            assert client.projects.create("Mine").name == "Mine"
        stopped(process)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_listening_everywhere_is_warned_of(host: str) -> None:
    with announced("infisical", "--host", host) as (text, process):
        url = exported(text, ["INFISICAL_URL"])["INFISICAL_URL"]
        assert urlsplit(url).hostname in ("127.0.0.1", "::1")
        written = stopped(process)
    (line,) = written.splitlines()
    assert line.startswith(f"warning: it listens on {host or 'every address'}: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost"])
def test_listening_on_this_machine_alone_is_no_warning(host: str) -> None:
    with announced("julep", "--host", host) as (_, process):
        assert stopped(process) == ""


def test_the_control_endpoint_is_reached_under_a_name_that_is_given() -> None:
    with announced("infisical", "--control-host", "box", "--control-host", "ci") as (text, process):
        url = exported(text, ["INFISICAL_URL"])["INFISICAL_URL"]
        statuses = [
            requests.get(f"{url}/__sandbox__/requests", headers={"Host": name}, timeout=10).status_code
            for name in ("box:80", "ci", "other")
        ]
        assert statuses == [200, 200, 403]
        stopped(process)


@pytest.mark.parametrize("option", [("--show-secrets",), ("--control-host", "x"), ("--port", "0")])
def test_an_option_before_the_command_is_told_where_it_belongs(option: tuple[str, ...]) -> None:
    done = run("sandbox", *option, "infisical")
    assert done.returncode == 2
    assert f"give {option[0]} after 'infisical'" in done.stderr
