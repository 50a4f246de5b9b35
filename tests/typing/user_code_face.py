# mypy: disable-error-code="empty-body"
"""User code on the faces: names are there, are the same everywhere, and what is behind them is not offered."""

from typing_extensions import assert_type, reveal_type

import gemel
import gemel.infisical
import gemel.julep
from gemel import (
    Async,
    BaseClient,
    Client,
    Fault,
    M,
    Resource,
    Response,
    Sync,
    get,
    read_fault,
)
from gemel.infisical import (
    InfisicalAsyncClient,
    InfisicalClient,
    NotFoundError,
)


def upper(name: str) -> str:
    """Return a name as an API writes it."""
    return name.upper()


class Readings(Resource[M]):
    """A resource with a case of its own."""

    _wire_name = staticmethod(upper)

    @get("readings")
    def latest(self, *, station_id: int) -> list[float]:
        """Return the latest readings."""
        ...


class Weather(BaseClient[M]):
    """An API with ways of its own."""

    readings: Readings[M]

    def _read_fault(self, response: Response) -> Fault:
        return Fault("no such station", "E7") if response.body else read_fault(response)

    def _token_refused(self, response: Response) -> bool:
        return response.status == 403

    def _explain(self, response: Response) -> str:
        return "it sleeps"


class WeatherClient(Weather[Sync], Client):
    """The blocking client."""


class Odd(BaseClient[M]):
    """Overrides that do not fit."""

    def _read_fault(self, response: Response) -> str:  # E1 an error body is read as a Fault
        return ""

    def _token_refused(self, response: Response) -> str:  # E2 yes or no
        return ""

    def _explain(self, response: int) -> str:  # E3 it is given the reply
        return ""


def sync_user(client: WeatherClient, infisical: InfisicalClient) -> None:
    """What a blocking client and a resource by itself return."""
    reveal_type(client.readings.latest(station_id=1))  # R: list[float]
    reveal_type(Readings[Sync](infisical))  # R: Readings[Sync]
    assert_type(Readings[Sync](infisical).latest(station_id=1), list[float])
    prod: gemel.infisical.InEnvironment = {"project_id": "p", "environment": "prod"}
    assert_type(infisical.secrets.retrieve("DB", **prod), gemel.infisical.Secret)
    assert_type(infisical.secrets.list(**prod, recursive=True), gemel.infisical.SecretList)
    try:
        infisical.projects.list()
    except NotFoundError as error:
        reveal_type(error)  # R: NotFoundError
        same: gemel.NotFoundError = error
        assert_type(same.status, int)


async def async_user(infisical: InfisicalAsyncClient) -> None:
    """The same, awaited."""
    assert_type(await Readings[Async](infisical).latest(station_id=1), list[float])


def by_module() -> None:
    """The faces as modules."""
    reveal_type(gemel.Retry(limit=2))  # R: Retry
    reveal_type(gemel.infisical.Retry(limit=2))  # R: Retry
    reveal_type(gemel.julep.Timeout(total=2))  # R: Timeout
    assert_type(gemel.__version__, str)
    with gemel.julep.Client(api_key="k", retries=gemel.julep.Retry(limit=1)) as client:
        reveal_type(client)  # R: Client


def wrong_imports() -> None:
    """Names that a face has not."""
    from gemel import Modle  # E4 misspelt

    assert Modle
    from gemel.infisical import Model  # E5 for authors: it is on the kit's own face

    assert Model
    from gemel.julep import retrieve  # E6 nothing

    assert retrieve
    from gemel.testing import Dice  # E7 it is called Random

    assert Dice


def mistakes(client: WeatherClient, infisical: InfisicalClient) -> None:
    """Each line is a mistake that a checker must catch."""
    gemel.Modle  # E8 misspelt
    gemel.infisical.Client  # E9 it is called InfisicalClient
    client.caller  # E10 no user calls it
    client.cache.close()  # E11 it is closed with the client
    Readings[Sync]("http://h")  # E12 an address is no client
    gemel.Client("http://h", sesion=None)  # E13 misspelt
    gemel.Client("http://h", session=object())  # E14 no session of requests
    gemel.AsyncClient("http://h", session=object())  # E15 no session of aiohttp
    number: int = Readings[Sync](infisical).latest(station_id=1)  # E16 wrong result type
