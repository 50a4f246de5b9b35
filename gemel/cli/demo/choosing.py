"""Which view of the demo fits the stream that it is shown on."""

from __future__ import annotations

from typing import TextIO

from gemel.cli.demo.views import JSONView, PlainView, View

__all__ = ["view_for"]


def view_for(stream: TextIO, *, as_json: bool) -> View:
    """Return the view that fits: JSON when asked for, tables on a terminal, plain text otherwise."""
    if as_json:
        return JSONView(stream)
    if stream.isatty():
        from gemel.cli.demo.terminal import TerminalView

        return TerminalView(stream)
    return PlainView(stream)
