"""Sphinx's settings: pages in Markdown, the reference from the docstrings, every broken reference to gemel an error."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, ForwardRef

from docutils.nodes import Node
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from typing_extensions import is_typeddict

import gemel
from gemel.kit import messages
from gemel.kit.bodies.upload import Upload
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.flows import Flowing
from gemel.kit.http.messages import Retry
from gemel.kit.types import OMIT

project = "gemel"
author = "gemel contributors"
copyright = author
version = release = gemel.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autoclass_content = "both"
autodoc_default_options = {"exclude-members": "_wire_name"}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
# The openai package is an extra: the build need not have it.
nitpick_ignore = [("py:class", "OpenAI"), ("py:class", "AsyncOpenAI")]

# It names them for checkers only, since they stand below; autodoc evaluates the annotations.
vars(messages)["Retry"] = Retry
vars(messages)["Upload"] = Upload

SECTIONS = {"Arguments:", "Attributes:", "Raises:"}
ARGUMENT = re.compile(r"(?:    )?(?P<names>[a-z_]+(?:, [a-z_]+)*|[A-Z]\w+Error): (?P<meaning>.*)")


def plain_undocumented_name(_: Sphinx, __: BuildEnvironment, reference: pending_xref, shown: Node) -> Node | None:
    """Show as text a name that exists but has no entry: another library's, since the build reaches no network, or of
    a module of gemel that the reference leaves out."""
    names = str(reference.get("reftarget", "")).split(" | ")
    return shown if all(exists(name, str(reference.get("py:module"))) for name in names) else None


def exists(name: str, module: str) -> bool:
    """Whether a name is a builtin's, another package's, or can be found in gemel, in this module first."""
    root, *rest = name.split(".")
    if root != "gemel":
        return (
            name in vars(builtins) or named_in(name, module) or importlib.util.find_spec(root or "gemel.") is not None
        )
    return any(named_in(".".join(rest[at:]), ".".join([root, *rest[:at]])) for at in range(1, len(rest)))


def named_in(name: str, module: str) -> bool:
    """Whether a module can be imported and holds the dotted name, or its `gemel.kit.types` does."""
    for place in (module, "gemel.kit.types"):
        try:
            attrgetter(name)(importlib.import_module(place))
        except (ImportError, AttributeError, ValueError):
            continue
        return True
    return False


def as_written(_: Sphinx, what: str, __: str, shown: Any, ____: Any, lines: list[str]) -> None:
    """Turn a docstring's own form into reStructuredText: `name: meaning` becomes a list, names become code.

    Of a module only the first paragraph is shown; what follows is for readers of the code, and is told on the pages.
    """
    if what == "module" and "" in lines:
        del lines[lines.index("") :]
    if what in ("class", "exception", "method", "function", "property") or isinstance(shown, Endpoint | Flowing):
        lines[:] = listed(lines)
    lines[:] = [re.sub(r"(?<![:`])`([^`]+)`(?!`)", r"``\1``", line) for line in lines]
    if isinstance(shown, Endpoint):
        lines[:0] = code([f"# {shown.spec.method} {shown.spec.path}", *declared(shown.name, shown.stub)])
    elif isinstance(shown, Flowing):
        lines[:0] = code(["# a workflow", *declared(shown.name, shown.method)])
    elif is_typeddict(shown):
        lines += code(sorted((key_of(shown, name) for name in shown.__annotations__), key=is_optional))


def code(shown: list[str]) -> list[str]:
    """Return the lines of a block of Python."""
    return ["", ".. code-block:: python", "", *(f"   {line}" for line in shown), ""]


def declared(name: str, method: Callable[..., Any]) -> list[str]:
    """Return the signature of an endpoint or a flow, with an argument on each line."""
    signature = inspect.signature(method)
    arguments = list(signature.parameters.values())[1:]
    by_name = [written(argument) for argument in arguments if argument.kind is argument.KEYWORD_ONLY]
    by_place = [written(argument) for argument in arguments if argument.kind is argument.POSITIONAL_OR_KEYWORD]
    others = [f"**{written(argument)}" for argument in arguments if argument.kind is argument.VAR_KEYWORD]
    listed = [f"    {argument}," for argument in [*by_place, *(["*"] if by_name else []), *by_name, *others]]
    returned = re.sub(r"^Flow\[(.*)\]$", r"\1", str(signature.return_annotation))
    return [f"{name}(", *listed, f") -> {returned}"]


def written(argument: inspect.Parameter) -> str:
    """Return an argument as the stub has it."""
    default = "OMIT" if argument.default is OMIT else repr(argument.default)
    return f"{argument.name}: {argument.annotation}" + ("" if argument.default is argument.empty else f" = {default}")


def key_of(shape: Any, name: str) -> str:
    """Return a key of a TypedDict as its class has it."""
    held = shape.__annotations__[name]
    shown = held.__forward_arg__ if isinstance(held, ForwardRef) else inspect.formatannotation(held)
    annotation = re.sub(r"ForwardRef\('(.*?)'(?:, module='.*?')?\)", r"\1", shown)
    optional = name in shape.__optional_keys__ and not annotation.startswith("NotRequired[")
    return f"{name}: " + (f"NotRequired[{annotation}]" if optional else annotation)


def is_optional(key: str) -> bool:
    """Whether a key of a TypedDict may be left out."""
    return ": NotRequired[" in key


def listed(lines: list[str]) -> Iterator[str]:
    """Give the lines, in which the ones that explain arguments, fields or errors are items of a list."""
    inside = False
    for line in (piece for whole in lines for piece in re.split(r"   (?=[a-z_]+(?:, [a-z_]+)*: )", whole)):
        if line in SECTIONS:
            yield from ("", f"**{line[:-1]}**", "")
            continue
        found = ARGUMENT.fullmatch(line)
        if found is not None:
            yield from ([] if inside else [""])
            yield f"- ``{found['names']}``: {found['meaning']}"
        elif inside and line and not line[0].isupper():
            yield f"  {line.strip()}"
        else:
            yield from ["", line] if inside else [line]
        inside = found is not None or (inside and bool(line) and not line[0].isupper())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is not a setting."""
    app.connect("missing-reference", plain_undocumented_name)
    app.connect("autodoc-process-docstring", as_written)
    return {"parallel_read_safe": True}
