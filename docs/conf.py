"""Sphinx's settings: pages in Markdown, the reference from the docstrings, every broken reference to gemel an error."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from types import ModuleType, UnionType
from typing import Any, ForwardRef, Literal, get_origin

from docutils.nodes import Node
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from typing_extensions import is_typeddict

import gemel
from gemel import OMIT, Endpoint, Flowing

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
nitpick_ignore = [
    # The openai package is an extra: the build need not have it.
    ("py:class", "OpenAI"),
    ("py:class", "AsyncOpenAI"),
    # What aiohttp's replies are made of is imported for checkers alone.
    ("py:class", "URL"),
    ("py:class", "CIMultiDictProxy"),
    # Each model's schema is made for it.
    ("py:class", "gemel.kit.models.model.ModelSchema"),
]

FACES = [importlib.import_module(name) for name in ("gemel", "gemel.infisical", "gemel.julep", "gemel.testing")]
# Of each class and function where it is written, the name that users import; the kit's stay with the kit's own face.
PUBLIC = {
    f"{value.__module__}.{value.__qualname__}": f"{face.__name__}.{name}"
    for face in reversed(FACES)
    for name, value in ((name, getattr(face, name)) for name in face.__all__)
    if inspect.isclass(value) or inspect.isroutine(value)
}

# What is worth showing of a value: what a plain alias stands for.
ALIASES = (UnionType, type(Literal[""]), type(Callable[[], None]))
SECTIONS = {"Args:", "Arguments:", "Attributes:", "Raises:", "Returns:"}
ARGUMENT = re.compile(r"(?:    )?(?P<names>\*{0,2}[a-z_]+(?:, [a-z_]+)*|[A-Z]\w+Error): (?P<meaning>.*)")


class Face(SphinxDirective):
    """`.. face:: gemel`, and below it names of that face: each is shown as it is imported, not where it is written."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[Node]:
        """Return the entries of the names, in this order."""
        face = importlib.import_module(self.arguments[0])
        entries = [entry(face, name) for name in " ".join(self.content).split()]
        return self.parse_text_to_nodes("\n\n".join(entries))


def entry(face: ModuleType, name: str) -> str:
    """Return the directive that shows a name of a face; of a value, what its own module says of it."""
    value = getattr(face, name)
    if inspect.isclass(value) and get_origin(value) is None:
        return f".. autoclass:: {face.__name__}.{name}\n   :members:"
    if inspect.isroutine(value):
        return f".. autofunction:: {face.__name__}.{name}"
    if isinstance(value, ALIASES) and "gemel.kit" not in repr(value):
        return f".. autodata:: {face.__name__}.{name}"
    said = "\n".join(f"   {line}" for line in quoted(said_of(f"{face.__name__}.{name}")))
    return f".. py:data:: {face.__name__}.{name}\n\n{said}"


def said_of(name: str) -> list[str]:
    """Return what is said of a value of a face, where it is written."""
    face, _, own = name.rpartition(".")
    home = vars(importlib.import_module(face))["_HOMES"][own]
    return ModuleAnalyzer.for_module(home).find_attr_docs().get(("", own), [])


def public_name(app: Sphinx, env: BuildEnvironment, reference: pending_xref, shown: Node) -> Node | None:
    """Lead a reference to where a name is written to where it is shown: on its face."""
    name = public(str(reference.get("reftarget", "")), str(reference.get("py:module")))
    if name is None:
        return None
    return env.get_domain("py").resolve_xref(env, reference["refdoc"], app.builder, "obj", name, reference, shown)


def public(name: str, module: str) -> str | None:
    """Return the name by which users import what a name stands for in this module."""
    found = named(name, module)
    written = f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"
    by_identity = (f"{face.__name__}.{name}" for face in FACES if found is not None and found is vars(face).get(name))
    return PUBLIC.get(written) or next(by_identity, None)


def plain_undocumented_name(_: Sphinx, __: BuildEnvironment, reference: pending_xref, shown: Node) -> Node | None:
    """Show as text a name that exists but has no entry: another library's, since the build reaches no network, or of
    a module of gemel that the reference leaves out."""
    names = str(reference.get("reftarget", "")).split(" | ")
    return shown if all(exists(name, str(reference.get("py:module"))) for name in names) else None


def exists(name: str, module: str) -> bool:
    """Whether a name is a builtin's, another package's, or can be found in gemel, in this module first."""
    root = name.partition(".")[0]
    known = root != "gemel" and (name in vars(builtins) or importlib.util.find_spec(root or "gemel.") is not None)
    return known or named(name, module) is not None or any(hasattr(each, name) for each in written_modules())


def written_modules() -> list[ModuleType]:
    """Return the modules of gemel: an annotation names what is known where it is written."""
    return [module for name, module in sys.modules.items() if name.partition(".")[0] == "gemel"]


def named(name: str, module: str) -> Any:
    """Return what a dotted name stands for: in this module, or from the top; None when it is nothing."""
    parts = name.split(".")
    places = [(module, name), *((".".join(parts[:at]), ".".join(parts[at:])) for at in range(1, len(parts)))]
    for place, inside in places:
        with suppress(ImportError, AttributeError, ValueError):
            return attrgetter(inside)(importlib.import_module(place))
    return None


def as_written(_: Sphinx, what: str, name: str, shown: Any, __: Any, lines: list[str]) -> None:
    """Turn a docstring's own form into reStructuredText: `name: meaning` becomes a list, names become code.

    Of a module only the first paragraph is shown; what follows is for readers of the code, and is told on the pages.
    """
    if what == "data":
        lines[:] = said_of(name)
    if what == "module" and "" in lines:
        del lines[lines.index("") :]
    if what in ("class", "exception", "method", "function", "property") or isinstance(shown, Endpoint | Flowing):
        lines[:] = listed(lines)
    lines[:] = quoted(lines)
    if isinstance(shown, Endpoint):
        lines[:0] = code([f"# {shown.spec.method} {shown.spec.path}", *declared(shown.name, shown.stub)])
    elif isinstance(shown, Flowing):
        lines[:0] = code(["# a workflow", *declared(shown.name, shown.method)])
    elif is_typeddict(shown):
        lines += code(sorted((key_of(shown, name) for name in shown.__annotations__), key=is_optional))


def plain_signature(*event: Any) -> tuple[str, str | None] | None:
    """Write a ParamSpec, which Sphinx cannot parse, as the code does; leave out a signature with functions in it."""
    given, returned = event[-2:]
    if given and "<function" in given:
        return "", None
    return (re.sub(r"~(?:\w+\.)*~?", "", given), returned) if given and "~P" in given else None


def is_other_name(_: Sphinx, __: str, name: str, shown: Any, skipped: bool, ____: Any) -> bool:
    """Leave out a class that stands in another one by its own name: it has an entry."""
    return skipped or (inspect.isclass(shown) and shown.__qualname__ == name)


def quoted(lines: list[str]) -> list[str]:
    """Return the lines with names in backticks as code."""
    return [re.sub(r"(?<![:`])`([^`]+)`(?!`)", r"``\1``", line) for line in lines]


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
    app.add_directive("face", Face)
    app.connect("missing-reference", public_name)
    app.connect("missing-reference", plain_undocumented_name, priority=900)
    app.connect("autodoc-process-docstring", as_written)
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("autodoc-skip-member", is_other_name)
    return {"parallel_read_safe": True}
