"""Compare gemel with bare transports and with the published SDKs: python tests/benchmarks [--short] [--json].

It prints a table an API, best of several interleaved rounds, and judges nothing: it fails only when something does not
run or a result is wrong. Install `requirements.txt` and a built gemel (not an editable one) in one environment of
Python 3.11 or newer, or run `tox -e bench`. The directory is the program, so the gemel measured is the installed one,
not the one beside it.

Files: `binding.py` the ways of binding, `peers.py` the clients, `payload.py` the replies, `works.py` what each peer is
asked, and the same of Julep in `julep_*.py`; `server.py` the server in its own process, `measure.py` the timing,
`first.py` the new process, `rows.py` the rows and budgets, `table.py`; `julep_old.py` and `julep_child.py` the process
of julep 0.3.9.

Peers at the work of Infisical
  requests.get   requests.Session.get and json.loads
  prepared       session.send of a request prepared once, proxies={}: no look-up of the environment, no preparing;
                 a floor, for a client has to prepare each call
  aiohttp        one aiohttp.ClientSession and json.loads
  json.loads     beside the decoders only: plain dicts, nothing checked
  httpx-sdk      infisical-httpx-sdk 1.1.0 (httpx, pydantic), sync and async
  infisicalsdk   infisicalsdk 1.0.17, the official one (requests, dataclasses), sync only; 1.0.18 has the same code and
                 asks for a certifi so new that not every package index has it

Ways of binding
  no uplink      the same checks and places of arguments, by a plain loop in the place of uplink's definition
  uplink         a Consumer as uplink's manual has it, with a client that sends nothing

Peers at the work of Julep
  bare           requests, prepared, with room for 50 connections; aiohttp; json.loads of what is read, streams too
  julep 0.3.9    the published SDK of the generation that gemel speaks (httpx, pydantic's v1, beartype, openai). It
                 cannot share an environment with gemel: it has one, and a process, of its own, made on the first run
                 and kept where `--environments` says; where it cannot be made, it is left out
  julep 2.21.0   the newest (httpx, pydantic), which speaks the API 1.x only: the same work in the shapes of 1.x

What is alike for all: one server, bodies of the same bytes, keep-alive, one session each, the same token, one event
loop for all async peers, the garbage collector on (but blind to the modules, for a user has those of one peer only).
Each peer's result is compared with what was sent before anything is timed. The server refuses calls without the token.

What to know of Julep's peers
  - A stream comes as servers send one, each event in an HTTP chunk of its own, but without pauses: what is timed is
    the client alone. The text of the chunks is joined, by all alike.
  - julep 2.21.0 streams the chat of a session, for it has no completions; its chunks are as long.
  - Both SDKs close connections that are idle beyond their limit (of httpx's 20, in julep 0.3.9), as they are sold.
  - 50 chats in threads: a thread each, one client; gemel keeps 32 connections to a host.

What to know before calling a peer slow or fast
  - httpx-sdk reads the token as a JSON web token on each call (jwcrypto), so all peers get a real one, valid to 2100.
  - httpx-sdk cannot set the limits of httpx: 100 connections, of which 20 are kept, so at 50 in flight it opens new
    ones all the time. That is how it is sold, so it is measured so. In every peer the calls in flight have a client of
    their own, so that what they leave in its pool does not slow the single calls.
  - httpx-sdk and infisicalsdk know the v3 paths only, the others call v4.
  - httpx-sdk asks for hidden values in a list; the server sends them all the same, so that all decode the same.
  - infisicalsdk caches replies for 60 s and then calls nothing; its cache is off here (cache_ttl=None).
  - infisicalsdk and requests.get look up proxies and ~/.netrc on each call; that grows with the number of variables in
    the environment, so compare figures of one run only.
  - Variables for proxies, certificate bundles and Infisical are removed first: some peers read them, others do not.
  - infisicalsdk imports boto3 for AWS logins, httpx-sdk keyring and jwcrypto, before the first call: their choice.
  - uplink imports pydantic where it is installed, and here a peer has installed it: if gemel loads uplink before its
    first secret, a new process of gemel pays some 20 ms that it would not pay in an environment of its own.
  - A new process is timed until it has its secret, not until it has ended, and with byte code already compiled.
  - At 50 in flight client and server run at once: give them two free cores, or all figures fall towards each other.
"""

import argparse
import gc
import json
import os
import platform
import re
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import table
from julep_old import interpreter, running_old
from julep_works import JULEP_LONG, JULEP_SHORT, julep_works
from measure import Samples, WrongResult, interleave
from server import running_server
from works import LONG, SHORT, all_works, bind_work

PACKAGES = (
    "gemel",
    "requests",
    "aiohttp",
    "infisical-httpx-sdk",
    "httpx",
    "pydantic",
    "infisicalsdk",
    "julep",
    "msgspec",
)
# Settings of a machine that some peers read and others do not: proxies, bundles of certificates, credentials.
PRIVATE = re.compile(r".*_PROXY|INFISICAL_.*|JULEP_.*|SSL_CERT_.*|.*_CA_BUNDLE|NETRC", re.IGNORECASE)


def clean_environment() -> None:
    """Forget the settings of this machine that would change what the peers do."""
    for name in [name for name in os.environ if PRIVATE.fullmatch(name)]:
        del os.environ[name]


def versions() -> dict[str, str]:
    """The versions that were compared."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def infisical(options: argparse.Namespace) -> Samples:
    """Run everything of Infisical."""
    size = SHORT if options.short else LONG
    with running_server() as origin, ExitStack() as stack:
        return interleave(all_works(origin, size, stack), size.rounds)


def julep(options: argparse.Namespace) -> Samples:
    """Run everything of Julep."""
    size = JULEP_SHORT if options.short else JULEP_LONG
    with running_server() as origin, running_old(options.python, origin) as old, ExitStack() as stack:
        return interleave(julep_works(origin, size, old, stack), size.rounds)


def binding(options: argparse.Namespace) -> Samples:
    """Run what needs no server."""
    size = SHORT if options.short else LONG
    return interleave([bind_work(size)], size.rounds)


PARTS = {"binding": (binding, table.BINDING), "infisical": (infisical, table.INFISICAL), "julep": (julep, table.JULEP)}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="about a minute; without it about five minutes")
    parser.add_argument("--json", action="store_true", help="print JSON, with every sample, in place of the tables")
    parser.add_argument("--only", choices=PARTS, help="one part; without it all")
    parser.add_argument("--environments", type=Path, help="the folder to keep the environment of julep 0.3.9 in")
    return parser.parse_args()


def run(options: argparse.Namespace) -> None:
    """Run the parts, and print what was found."""
    parts = {name: part for name, part in PARTS.items() if options.only in (None, name)}
    found = []
    for take, shown in parts.values():
        found.append((shown, take(options)))
        gc.unfreeze()
    if options.json:
        rows = [row for shown, samples in found for row in table.plain(shown, samples)]
        print(json.dumps({"versions": versions(), "rows": rows}, indent=2))
    else:
        print(", ".join(f"{name} {found}" for name, found in versions().items()))
        print("\n\n".join(table.text(shown, samples) for shown, samples in found))


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.environments or Path(temporary)) / "julep-0.3.9"
        options.python = interpreter(folder) if options.only != "infisical" else None
        clean_environment()
        try:
            run(options)
        except WrongResult as wrong:
            sys.exit(f"wrong result: {wrong}")


if __name__ == "__main__":
    main()
