"""A client with a rotated secret, on a server that locks identities: it locks nobody out."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.infisical import AuthenticationError
from gemel.sandbox import Sandbox
from gemel.testing import FrozenClock

from .modes import Mode
from .sent import LOGIN

LOCKED = "temporarily locked"


class Desk:
    """A server with the lockout of the cloud, an identity whose secret was rotated, and a clock that both go by."""

    def __init__(self, mode: Mode, sandbox: Sandbox) -> None:
        self.mode, self.sandbox, self.clock = mode, sandbox, FrozenClock()
        self.identity = sandbox.add_identity("robot")
        sandbox.set_lockout(threshold=3, seconds=300, reset=30)
        sandbox.set_clock(self.clock)

    def client(self, secret: str) -> Any:
        return self.mode.client(
            endpoint=self.sandbox.url, client_id=self.identity.client_id, client_secret=secret, clock=self.clock
        )

    def healthy(self) -> Any:
        return self.client(self.identity.client_secret)

    def refused(self, client: Any) -> AuthenticationError:
        """The error of one read."""
        with pytest.raises(AuthenticationError) as caught:
            self.mode.run(client.projects.list())
        return caught.value

    @property
    def logins(self) -> int:
        return sum(request.path == LOGIN for request in self.sandbox.requests)


@pytest.fixture
def desk(mode: Mode, sandbox: Sandbox) -> Desk:
    return Desk(mode, sandbox)


def test_five_minutes_of_reads_are_four_logins_and_no_lock(desk: Desk, mode: Mode) -> None:
    rotated, healthy = desk.client("old"), desk.healthy()
    assert mode.run(healthy.projects.list()) == []
    desk.sandbox.requests.clear()
    for _ in range(300):
        assert LOCKED not in str(desk.refused(rotated))
        desk.clock.advance(1)
    assert desk.logins <= 4
    assert mode.run(healthy.projects.list()) == []
    assert mode.run(desk.healthy().projects.list()) == []  # a replica that starts now can log in


@pytest.mark.parametrize("every", [0.1, 1, 7, 29, 30, 31, 39, 41])
def test_a_replica_that_starts_at_any_time_can_log_in(desk: Desk, mode: Mode, every: float) -> None:
    rotated = desk.client("old")
    for _ in range(40):
        desk.refused(rotated)
        desk.clock.advance(every)
        assert mode.run(desk.healthy().projects.list()) == []


def test_a_healthy_client_notices_nothing_while_its_token_lives_and_when_it_is_renewed(desk: Desk, mode: Mode) -> None:
    rotated, healthy = desk.client("old"), desk.healthy()
    for minute in range(60):
        assert mode.run(healthy.projects.list()) == []
        desk.refused(rotated)
        desk.clock.advance(60 if minute % 2 else 3600)


def test_many_at_once_are_one_login(desk: Desk, mode: Mode) -> None:
    rotated = desk.client("old")
    errors = mode.together(rotated.projects.list, 50)
    assert {type(error) for error in errors} == {AuthenticationError}
    assert desk.logins == 1
    assert mode.run(desk.healthy().projects.list()) == []


def test_the_lock_is_there(desk: Desk, mode: Mode) -> None:
    """Three clients, each with its own try, do lock the identity; the lock ends by the same clock."""
    for _ in range(3):
        desk.refused(desk.client("old"))
    assert LOCKED in str(desk.refused(desk.healthy()))
    desk.clock.advance(299)
    assert LOCKED in str(desk.refused(desk.healthy()))
    desk.clock.advance(1)
    assert mode.run(desk.healthy().projects.list()) == []


def test_a_pause_forgets_the_count(desk: Desk, mode: Mode) -> None:
    for _ in range(9):
        desk.refused(desk.client("old"))
        desk.clock.advance(30)
    assert mode.run(desk.healthy().projects.list()) == []
