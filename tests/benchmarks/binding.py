"""Binding alone: the arguments of one call, eight of them, become a request, by each way there is."""

from collections.abc import Callable
from functools import partial
from typing import Any

from measure import expect

NAME = "DB_URL"
ARGUMENTS: dict[str, Any] = {
    "project_id": "5b1f3f0e-9df7-4a05-8d3d-2a0c8f1d7e11",
    "environment": "prod",
    "secret_path": "/app/db",
    "version": 3,
    "type": "shared",
    "view_secret_value": True,
    "expand_secret_references": False,
}
ORIGIN = "http://127.0.0.1:9"


def binders() -> dict[str, Callable[[], Any]]:
    """What binds a call, by way; each gives the address of the request, so that all do the whole of the work."""
    found = {"gemel": gemel(), "no uplink": without_uplink(), "uplink": uplink_alone()}
    addresses = {name: sorted(bind().partition("?")[2].split("&")) for name, bind in found.items()}
    expect("the address without uplink", addresses["no uplink"], addresses["gemel"])
    expect("the address of uplink", addresses["uplink"], addresses["gemel"])
    return found


def gemel() -> Callable[[], Any]:
    """gemel as it is: uplink's definition lets each annotation put its argument in its place."""
    from gemel.infisical import InfisicalClient

    build = InfisicalClient(endpoint=ORIGIN, token="any").secrets.retrieve.request
    return lambda: build(NAME, **ARGUMENTS).url


def without_uplink() -> Callable[[], Any]:
    """The same checks and places in a plain loop: what uplink's share is measured by."""
    from gemel.infisical import InfisicalClient
    from gemel.infisical.api.secrets import Secrets
    from gemel.kit.bind.definition import Definition

    definition = Secrets.retrieve.declaration.definition
    signature = definition._argument_handler._given
    steps = definition._argument_handler._steps
    absent = object()

    class Plain(Definition):
        """The definition of gemel with its loop in the place of uplink's."""

        def __init__(self) -> None:
            self.describe(definition.spec, definition.label, definition.parameters, definition.returns, {})

        def define_request(self, builder: Any, args: Any, kwargs: Any) -> None:
            builder.method = self.spec.method
            given = signature(args, kwargs)
            for name, put, default in steps:
                value = given.get(name, absent)
                if value is absent:
                    default(builder)
                else:
                    put(builder, value)

    call = InfisicalClient(endpoint=ORIGIN, token="any").secrets.retrieve
    # All the rest of a call stays as it is, so that nothing but uplink's share makes the difference.
    call._define = partial(Plain().request, usual=call._define.keywords["usual"])
    build = call.request
    return lambda: build(NAME, **ARGUMENTS).url


def uplink_alone() -> Callable[[], Any]:
    """uplink as its manual has it: a Consumer, and a client that keeps what it is asked to send."""
    import uplink
    from uplink.clients import io
    from uplink.clients.interfaces import HttpClientAdapter

    class Kept(HttpClientAdapter):
        def io(self) -> Any:
            return io.BlockingStrategy()

        def send(self, request: Any) -> Any:
            _, address, extras = request
            return f"{address}?{'&'.join(f'{name}={text}' for name, text in extras['params'].items())}"

        def apply_callback(self, callback: Any, response: Any) -> Any:
            return callback(response)

    class Secrets(uplink.Consumer):
        @uplink.get("api/v4/secrets/{name}")
        def retrieve(
            self,
            name: uplink.Path,
            project_id: uplink.Query("projectId"),
            environment: uplink.Query,
            secret_path: uplink.Query("secretPath"),
            version: uplink.Query,
            type: uplink.Query,
            view_secret_value: uplink.Query("viewSecretValue"),
            expand_secret_references: uplink.Query("expandSecretReferences"),
            include_imports: uplink.Query("includeImports") = "true",
            also: uplink.Query("include_imports") = "true",
        ): ...

    retrieve = Secrets(base_url=f"{ORIGIN}/", client=Kept()).retrieve
    told = {name: {True: "true", False: "false"}.get(value, value) for name, value in ARGUMENTS.items()}
    told["secret_path"] = "%2Fapp%2Fdb"  # the client of uplink's would encode it
    return lambda: retrieve(NAME, **told)
