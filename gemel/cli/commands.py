"""The commands and their options; each loads what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from gemel.version import __version__

__all__ = ["demo", "gemel", "infisical", "julep", "sandbox"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


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
    """Walk through Infisical and Julep against a sandbox on this machine.

    Each with its blocking client and with its async one. The exit status is 1 when anything was not as expected.
    """
    from gemel.cli.demo import run_demo, view_for
    from gemel.sandbox import serve

    with ExitStack() as stack:
        try:
            running = stack.enter_context(serve("both"))
        except OSError as error:
            raise _Refusal(f"cannot start a sandbox: {error}") from None
        view = stack.enter_context(view_for(sys.stdout, as_json=as_json))
        account = run_demo(running, view)
    sys.exit(0 if account.ok else 1)


def _serving(command: _Command) -> _Command:
    """Give a command the options of every sandbox."""
    options = (
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
        click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one by default."),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="A file to keep the records in, every secret in the clear; in memory by default.",
        ),
        click.option("--show-secrets", is_flag=True, help="Print the credentials too."),
        click.option(
            "--control-host",
            "control_hosts",
            metavar="NAME",
            multiple=True,
            help="A name other than localhost under which the control endpoint may be reached; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@gemel.group(invoke_without_command=True)
@_serving
@click.pass_context
def sandbox(context: click.Context, /, **options: Any) -> None:
    """Run a sandbox server, for trying and testing without an account.

    Without a command it serves both APIs on one port, until Ctrl-C.
    """
    if context.invoked_subcommand is None:
        _serve("both", options)
        return
    given = [one for one in context.command.params if _is_given(context, one)]
    if given:
        raise click.UsageError(f"give {given[0].opts[0]} after {context.invoked_subcommand!r}, to which it belongs")


def _is_given(context: click.Context, option: click.Parameter) -> bool:
    return context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE


@sandbox.command()
@_serving
def infisical(**options: Any) -> None:
    """Serve the Infisical API until Ctrl-C."""
    _serve("infisical", options)


@sandbox.command()
@_serving
def julep(**options: Any) -> None:
    """Serve the Julep API, generation 0.3.9, until Ctrl-C."""
    _serve("julep", options)


def _serve(api: str, options: dict[str, Any]) -> None:
    from gemel.cli.sandbox import Options, Unusable, run_sandbox

    try:
        run_sandbox(api, Options(**options), click.echo, partial(click.echo, err=True))
    except Unusable as problem:
        raise _Refusal(str(problem)) from None
