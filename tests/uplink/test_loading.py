"""Loading uplink: not before it is needed, and whole for every thread, whoever begins.

Threads that import submodules of a package while another one imports the package meet CPython's deadlock avoidance, and
half a module or an error, whatever the package is. So no thread of gemel's may be one of the two: neither for those who
import uplink, nor for one who imports a submodule of it. Two threads that do so without gemel are on their own, until
gemel has begun to load it.

`GEMEL_RACES=200` makes the races longer: so many processes of each kind instead of two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

RACES = int(os.environ.get("GEMEL_RACES", "2"))

RACE = """
import importlib, json, random, sys, threading, time, traceback

seed, kind, span = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
chance = random.Random(f"{kind} {seed}")
SUBMODULES = ["uplink.clients.aiohttp_", "uplink.retry", "uplink.arguments", "uplink.clients", "uplink.converters.keys"]
found, faults = [], []


def bind():
    from gemel.kit.client import Client
    from gemel.kit.declare import get
    from gemel.kit.stubs.resource import Resource
    from gemel.kit.types import M

    class Things(Resource[M]):
        @get("things/{thing_id}")
        def one(self, thing_id: str, *, page: int = 1) -> None: ...

    with Client("http://h") as client:
        assert Things(client).one.request("a", page=2).url == "http://h/things/a?page=2"
    from gemel.kit.bind import definition, parameters

    return parameters.Parameter, definition.Definition


def adapt():
    from gemel.uplink import Adapter

    return (Adapter,)


def importing(name):
    return lambda: importlib.import_module(name) and ()


def look(kinds):
    import uplink
    import uplink.clients.aiohttp_
    from uplink import Consumer, get, returns
    from uplink.clients import interfaces

    assert uplink.AiohttpClient is uplink.clients.aiohttp_.AiohttpClient
    assert issubclass(uplink.AiohttpClient, interfaces.HttpClientAdapter)
    assert uplink.clients.aiohttp_.aiohttp is not None and uplink.MarshmallowConverter.marshmallow is not None

    class Service(Consumer):
        @returns.json
        @get("x")
        def x(self, q: uplink.Query): ...

    assert callable(Service(base_url="http://h").x)
    bases = (uplink.arguments.ArgumentAnnotation, uplink.commands.RequestDefinition, interfaces.HttpClientAdapter)
    assert all(issubclass(kind, bases) for kind in kinds), kinds
    missing = [name for name in (*uplink.__all__, "arguments", "auth", "hooks", "session") if not hasattr(uplink, name)]
    assert not missing, missing
    parts = (uplink, uplink.Query, uplink.AiohttpClient, uplink.retry, uplink.arguments, uplink.arguments.Query)
    found.append([*map(id, parts), id(uplink.decorators.MethodAnnotation), id(sys.modules["uplink.interfaces"])])


def work(number, begin):
    try:
        begin.wait()
        time.sleep(delays[number])
        look(works[number]())
    except BaseException:
        faults.append(traceback.format_exc())


works = {
    "the package": [bind, adapt, bind, *[importing("uplink")] * 5],
    "a submodule": [bind, adapt, bind, importing(chance.choice(SUBMODULES))],
    "all, once gemel has begun": [importing(chance.choice(["uplink", *SUBMODULES])) for _ in range(8)],
}[kind]
delays = [chance.choice([0, chance.random() * span]) for _ in works]
threads = []
if "begun" in kind:
    threads.append(threading.Thread(target=bind))
    threads[0].start()
    while "uplink" not in sys.modules:
        time.sleep(0.0001)
begin = threading.Barrier(len(works))
for number in range(len(works)):
    threads.append(threading.Thread(target=work, args=(number, begin)))
    threads[-1].start()
for thread in threads:
    thread.join(60)
alive = sum(thread.is_alive() for thread in threads)
identities = len({tuple(each) for each in found})
print(json.dumps({"whole": len(found) == len(works), "identities": identities, "faults": faults, "alive": alive}))
"""


def child(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def span() -> str:
    """How long it takes here to load uplink and what binds by it, in seconds: over so long the threads are spread."""
    code = "import time; t = time.perf_counter(); import gemel.uplink; print(time.perf_counter() - t)"
    return child(code).strip()


@pytest.mark.parametrize("kind", ["the package", "a submodule", "all, once gemel has begun"])
def test_every_thread_gets_the_whole_of_it(span: str, kind: str) -> None:
    def race(seed: int) -> Any:
        return json.loads(child(RACE, str(seed), kind, span))

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(race, range(RACES)))
    assert ends == [{"whole": True, "identities": 1, "faults": [], "alive": 0}] * RACES


def test_a_thread_that_has_begun_is_left_to_finish() -> None:
    """One that holds the lock of a submodule and waits for that of the package, which gemel holds: gemel gives way."""
    assert child(BEGUN) == "gemel tried 2 times, [] went wrong, uplink is whole\n"


BEGUN = """
import importlib, threading, time, traceback

bootstrap = importlib._bootstrap
Manager = bootstrap._ModuleLockManager
begun, tries, faults = threading.Event(), [], []


class Slow(Manager):
    def __init__(self, name):
        super().__init__(name)
        self.of = name

    def __enter__(self):
        super().__enter__()
        if self.of == "uplink" and threading.current_thread() is loading and not tries.append(1) and not begun.is_set():
            begun.set()
            while not bootstrap._blocking_on.get(other.ident):
                time.sleep(0.001)


def load():
    try:
        import gemel.kit.bind.uplink_import
    except BaseException:
        faults.append(traceback.format_exc())


def retry():
    try:
        begun.wait(60)
        import uplink.retry
    except BaseException:
        faults.append(traceback.format_exc())


bootstrap._ModuleLockManager = Slow
loading, other = threading.Thread(target=load), threading.Thread(target=retry)
for thread in (other, loading):
    thread.start()
for thread in (other, loading):
    thread.join(60)
import uplink
whole = all(hasattr(uplink, name) for name in ("arguments", "hooks", "AiohttpClient", "retry"))
print(f"gemel tried {min(len(tries), 2)} times, {faults} went wrong, uplink is {'whole' if whole else 'half'}")
"""


LOADED = "import sys; print(sorted(name for name in sys.modules if name.partition('.')[0] == 'uplink'))"
CLASS = """
from typing import Annotated
from gemel.kit.declare import Query, get
from gemel.kit.client import Client
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M
class Things(Resource[M]):
    @get("things/{thing_id}")
    def one(self, thing_id: str, *, page: Annotated[int, Query("p")] = 1) -> None: ...
class Sub(Things[M]): ...
"""
WITHOUT = {
    "gemel": "import gemel",
    "infisical": "import gemel.infisical",
    "julep": "import gemel.julep",
    "a class": CLASS,
    "a resource": CLASS + "client = Client('http://h'); things = Sub(client); client.close()",
    "a client": "from gemel.infisical import InfisicalClient as C; C(token='t', endpoint='http://h').secrets",
}
WITH = {
    "a first binding": CLASS + "Sub(Client('http://h')).one",
    "the adapter": "import gemel.uplink",
}


@pytest.mark.parametrize("code", WITHOUT.values(), ids=WITHOUT)
def test_uplink_is_not_loaded_before_it_is_needed(code: str) -> None:
    assert child(f"{code}\n{LOADED}") == "[]\n"


@pytest.mark.parametrize("code", WITH.values(), ids=WITH)
def test_uplink_is_loaded_whole_with_the_first_binding(code: str) -> None:
    loaded = child(f"{code}\n{LOADED}")
    whole = ("uplink", "uplink.builder", "uplink.clients.aiohttp_", "uplink.retry", "uplink.hooks")
    assert all(f"'{name}'" in loaded for name in whole)


def test_loading_goes_on_where_there_are_no_such_locks() -> None:
    """Another Python may not have CPython's; the import then is a plain one."""
    code = (
        "import importlib, types\n"
        "importlib._bootstrap = types.SimpleNamespace(_gcd_import=importlib._bootstrap._gcd_import)\n"
        "import gemel.kit.bind.uplink_import as loaded\n"
        "print(loaded.keys.__name__)"
    )
    assert child(code) == "uplink.converters.keys\n"
