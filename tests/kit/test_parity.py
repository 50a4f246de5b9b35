"""The two modes are one surface: each class of the one has its twin, with the same public calls and parameters."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import gemel.kit
import gemel.kit.stubs.resource
from gemel.kit.calls.call import Call
from gemel.kit.calls.flows import FlowCall
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.types import Async, Sync

from .chat import AsyncTalkClient, TalkClient
from .shop import AsyncShopClient, ShopClient

AWAITED = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__"}
"""What a protocol of the language calls in each mode."""

ONLY_AWAITED = {
    "Client": {"aclose"},  # the second name of close, as asyncio's own resources have it
    "Pager": {"ahead", "__await__"},  # one page ahead needs a task; a pager that is awaited gives its first page
}
"""What is meant to have no twin, by the blocking class."""


def blocking_name(name: str) -> str:
    """The name of the blocking twin: Pager for AsyncPager, SyncCall for AsyncCall."""
    plain = name.removeprefix("Async")
    return f"Sync{plain}" if plain.endswith("Call") else plain


def twins() -> dict[str, tuple[type[Any], type[Any]]]:
    """Every pair of public classes of the kit, by the blocking one's name."""
    found: dict[str, tuple[type[Any], type[Any]]] = {}
    for info in pkgutil.walk_packages(gemel.kit.__path__, "gemel.kit."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            own = isinstance(value, type) and value.__module__ == info.name
            if info.name == "gemel.kit.bind.consumer_reply":
                continue  # one is what users of requests know, the other what users of aiohttp do
            if own and name.startswith("Async") and value is not Async:
                twin = blocking_name(name)
                assert hasattr(module, twin), f"{info.name}.{name} has no twin {twin}"
                found[twin] = getattr(module, twin), value
    return found


TWINS = {**twins(), "ShopClient": (ShopClient, AsyncShopClient), "TalkClient": (TalkClient, AsyncTalkClient)}


def surface(kind: type[Any]) -> dict[str, Any]:
    """The public members of a class, and what the language calls: by the blocking name."""
    mine = [name for each in kind.__mro__ if each.__module__.startswith(("gemel", "kit.")) for name in vars(each)]
    public = {name for name in mine if not name.startswith("_") or name in AWAITED or name in AWAITED.values()}
    public |= {name for name in ("__call__", "__init__", "__await__") if name in mine}
    return {AWAITED.get(name, name): inspect.getattr_static(kind, name) for name in public}


def parameters(member: Any) -> Any:
    """The parameters of a method without their annotations, which name the mode; what a value is for anything else."""
    method = getattr(member, "__func__", member)
    if not inspect.isfunction(method):
        return type(member)
    return [(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]


def test_the_walk_finds_the_twins() -> None:
    assert {"Client", "SyncCall", "SyncPagedCall", "SyncStreamCall", "SyncDownloadCall", "SyncFlowCall"} <= set(TWINS)
    assert {"Pager", "Stream", "Download", "Performer", "Reader"} <= set(TWINS)


@pytest.mark.parametrize("name", TWINS)
def test_each_has_the_public_members_of_the_other(name: str) -> None:
    one, other = (set(surface(kind)) for kind in TWINS[name])
    meant = {extra for kind, extras in ONLY_AWAITED.items() if name.endswith(kind) for extra in extras}
    assert one - other == set()
    assert other - one == meant


@pytest.mark.parametrize("name", TWINS)
def test_each_takes_the_arguments_of_the_other(name: str) -> None:
    one, other = (surface(kind) for kind in TWINS[name])
    differing = {"__init__"} if name == "Pager" else set[str]()  # the async one is told whether to look ahead
    for member in one.keys() & other.keys() - differing:
        assert parameters(one[member]) == parameters(other[member]), member


def test_only_what_takes_time_is_awaited() -> None:
    """A call that only builds, as `options` and `with_options`, is the same function in both."""
    one, other = surface(Client), surface(AsyncClient)
    awaited = {name for name in one if inspect.iscoroutinefunction(other[name])}
    assert awaited == {"request", "run", "close", "__enter__", "__exit__"}
    assert not any(inspect.iscoroutinefunction(member) for member in one.values())


@pytest.mark.parametrize("pair", [(ShopClient, AsyncShopClient), (TalkClient, AsyncTalkClient)], ids=str)
def test_every_call_of_a_resource_is_on_both(pair: tuple[type[BaseClient[Sync]], type[BaseClient[Async]]]) -> None:
    one, other = (kind("http://127.0.0.1:1") for kind in pair)  # nothing is opened before a first call
    ones, others = calls(one), calls(other)
    assert ones and ones == others
    assert pair[0].endpoints() == pair[1].endpoints()
    one.close()  # type: ignore[attr-defined]


def calls(owner: Any, path: str = "") -> dict[str, inspect.Signature]:
    """Every bound call of a client, nested ones too, with its signature."""
    found: dict[str, inspect.Signature] = {}
    for name in [name for name in dir(owner) if not name.startswith("_") and name != "caller"]:
        value = getattr(owner, name)
        if isinstance(value, Call | FlowCall):
            found[path + name] = inspect.signature(value)
        elif isinstance(value, gemel.kit.stubs.resource.Resource):
            found |= calls(value, f"{path}{name}.")
    return found
