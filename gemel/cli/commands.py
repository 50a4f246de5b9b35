"""The commands and their options; each loads what it needs when it runs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from gemel import __version__

__all__ = ["demo", "gemel", "infisical", "sandbox"]


class _Refusal(click.ClickException):
    """What was asked for cannot be done: one line, exit status 2."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def gemel() -> None:
    """Declare an HTTP endpoint once, call it sync or async."""


@gemel.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def demo(as_json: bool) -> None:
    """Walk through Infisical with both clients, against a sandbox on this machine.

    The exit status is 1 when anything was not as expected.
    """
    from gemel.cli.demo import run_demo, view_for
    from gemel.sandbox import serve

    with ExitStack() as stack:
        try:
            running = stack.enter_context(serve("infisical"))
        except OSError as error:
            raise _Refusal(f"cannot start a sandbox: {error}") from None
        view = stack.enter_context(view_for(sys.stdout, as_json=as_json))
        account = run_demo(running, view)
    sys.exit(0 if account.ok else 1)


@gemel.group()
def sandbox() -> None:
    """Run a sandbox server: for trying and testing, without an account."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one by default.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A file to keep the records in, every secret in the clear; in memory by default.",
)
def infisical(host: str, port: int, data: Path | None) -> None:
    """Serve the Infisical API until Ctrl-C."""
    from gemel.cli.sandbox import Unusable, run_sandbox

    try:
        run_sandbox("infisical", host=host, port=port, data=data, say=click.echo)
    except Unusable as problem:
        raise _Refusal(str(problem)) from None
