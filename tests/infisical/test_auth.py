"""Logging in and staying so: when a login is sent, what becomes of tokens, and what a refusal does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gemel.infisical import AccessToken
from gemel.kit.errors import AuthenticationError, CredentialsError, PermissionDeniedError
from gemel.sandbox import Identity, Sandbox

from .modes import Mode
from .sent import LOGIN, last, lines

LIST = "GET /api/v1/projects"
POST_LOGIN = f"POST {LOGIN}"


def as_machine(mode: Mode, sandbox: Sandbox, identity: Identity | Sandbox | None = None, **settings: Any) -> Any:
    """A client that logs in itself."""
    known = identity or sandbox
    credentials = {"client_id": known.client_id, "client_secret": known.client_secret}
    return mode.client(endpoint=sandbox.url, **{**credentials, **settings})


def test_making_a_client_sends_nothing(mode: Mode, sandbox: Sandbox) -> None:
    as_machine(mode, sandbox)
    assert lines(sandbox) == []


def test_the_first_call_logs_in(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    mode.run(client.projects.list())
    mode.run(client.projects.list())
    assert lines(sandbox) == [POST_LOGIN, LIST, LIST]
    login = sandbox.requests[0]
    assert login.header("authorization") is None
    assert sandbox.client_id.encode() in login.body


def test_calls_at_once_share_one_login(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    outcomes = mode.together(lambda: client.projects.list(), 12)
    assert outcomes == [[]] * 12
    assert lines(sandbox) == [POST_LOGIN] + [LIST] * 12


def test_an_expired_token_is_replaced_and_the_call_repeated(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    made = mode.run(client.projects.create("Demo"))
    sandbox.expire_tokens()
    sandbox.requests.clear()
    assert mode.run(client.projects.list()) == [made]
    assert lines(sandbox) == [LIST, POST_LOGIN, LIST]


def test_a_write_is_repeated_too_because_it_was_refused(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    mode.run(client.projects.list())
    sandbox.expire_tokens()
    mode.run(client.projects.create("Demo"))
    assert [project.name for project in mode.run(client.projects.list())] == ["Demo"]


def test_a_revoked_token_is_replaced(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    mode.run(client.projects.list())
    sandbox.revoke_tokens()
    sandbox.requests.clear()
    assert mode.run(client.projects.list()) == []
    assert lines(sandbox) == [LIST, POST_LOGIN, LIST]


def test_closing_revokes_the_token_if_asked(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox, revoke_on_close=True)
    mode.run(client.projects.list())
    token = sandbox.requests[-1].header("authorization").removeprefix("Bearer ")
    mode.run(client.close())
    assert lines(sandbox) == [POST_LOGIN, LIST, "POST /api/v1/auth/token/revoke"]
    again = mode.client(endpoint=sandbox.url, token=token)
    with pytest.raises(AuthenticationError):
        mode.run(again.projects.list())


@pytest.mark.parametrize("asked", [True, False])
def test_a_given_token_stays_valid(mode: Mode, sandbox: Sandbox, asked: bool) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, revoke_on_close=asked)
    mode.run(client.projects.list())
    mode.run(client.close())
    again = mode.client(endpoint=sandbox.url, token=sandbox.token)
    assert mode.run(again.projects.list()) == []
    assert lines(sandbox) == [LIST, LIST]


def test_expiry_under_many_calls_costs_one_login(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    mode.run(client.projects.list())
    sandbox.expire_tokens()
    sandbox.requests.clear()
    assert mode.together(lambda: client.projects.list(), 12) == [[]] * 12
    assert lines(sandbox).count(POST_LOGIN) == 1


def test_a_token_is_renewed_ahead_of_its_end(mode: Mode, sandbox: Sandbox) -> None:
    """After 80 % of its life; the server refuses nothing."""
    brief = sandbox.add_identity("brief", role="member", access_token_ttl=2)
    client = as_machine(mode, sandbox, brief)
    mode.run(client.projects.list())
    time.sleep(1.65)
    mode.run(client.projects.list())
    assert lines(sandbox) == [POST_LOGIN, LIST, POST_LOGIN, LIST]


def test_a_second_refusal_is_final(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    sandbox.faults.status(401, times=None, path="/api/v1/projects")
    with pytest.raises(AuthenticationError):
        mode.run(client.projects.list())
    assert lines(sandbox) == [POST_LOGIN, LIST, POST_LOGIN, LIST]


def test_a_missing_right_is_no_reason_to_log_in_again(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox, sandbox.add_identity("nobody"))
    with pytest.raises(PermissionDeniedError):
        mode.run(client.projects.create("Demo"))
    assert lines(sandbox) == [POST_LOGIN, "POST /api/v1/projects"]


def test_a_failed_login_is_not_repeated(mode: Mode, sandbox: Sandbox) -> None:
    """Three failures lock an identity for five minutes: one bad call must cost one, with retries on too."""
    client = as_machine(mode, sandbox, client_secret="wrong", retries=3)
    with pytest.raises(AuthenticationError, match="Invalid credentials"):
        mode.run(client.projects.list())
    assert lines(sandbox) == [POST_LOGIN]
    with pytest.raises(AuthenticationError):
        mode.run(client.projects.list())
    assert mode.run(as_machine(mode, sandbox).projects.list()) == []


def test_a_failed_login_is_shared_by_the_calls_that_wait_for_it(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox, client_secret="wrong")
    sandbox.faults.delay(0.3, path=LOGIN)
    outcomes = mode.together(lambda: client.projects.list(), 10)
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert len({id(outcome) for outcome in outcomes}) == 10
    assert lines(sandbox) == [POST_LOGIN]


def test_a_login_that_failed_can_be_tried_again(mode: Mode, sandbox: Sandbox) -> None:
    client = as_machine(mode, sandbox)
    sandbox.faults.status(500, path=LOGIN)
    with pytest.raises(Exception, match=r"UniversalAuth\.login: 500"):
        mode.run(client.projects.list())
    assert mode.run(client.projects.list()) == []


def test_a_given_token_is_sent_and_a_refusal_is_final(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    mode.run(client.projects.list())
    assert sandbox.requests[-1].header("authorization") == f"Bearer {sandbox.token}"
    sandbox.expire_tokens()
    sandbox.requests.clear()
    with pytest.raises(PermissionDeniedError, match=r"TokenError Your token has expired.*client_id") as caught:
        mode.run(client.projects.list())
    assert (caught.value.status, caught.value.code) == (403, "TokenError")
    assert lines(sandbox) == [LIST]
    sandbox.revoke_tokens()
    with pytest.raises(AuthenticationError):
        mode.run(client.projects.list())


@pytest.mark.parametrize("tail", ["\n", " ", "\r\nX-Evil: 1", "\x00", "ä", "☃"])
def test_a_token_that_fits_no_header_is_refused_unseen(mode: Mode, tail: str) -> None:
    with pytest.raises(CredentialsError, match="cannot be sent") as caught:
        mode.client(endpoint="http://127.0.0.1:9", token=f"deep-secret{tail}")
    assert "deep" not in str(caught.value)


def test_logging_in_by_hand(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    made = mode.run(client.universal_auth.login(client_id=sandbox.client_id, client_secret=sandbox.client_secret))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (POST_LOGIN, {})
    assert sent.body == {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret}
    assert sandbox.requests[-1].header("authorization") is None
    assert type(made) is AccessToken
    assert (made.expires_in, made.access_token_max_ttl, made.token_type) == (2592000, 2592000, "Bearer")
    assert made.access_token not in repr(made)
    assert mode.run(mode.client(endpoint=sandbox.url, token=made.access_token).projects.list()) == []


def test_logging_in_to_an_organization(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    credentials = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    mode.run(client.universal_auth.login(organization_slug="team", **credentials))
    assert last(sandbox).body["organizationSlug"] == "team"


def test_renewing_gives_another_token(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    lasting = sandbox.add_identity("lasting", role="member", access_token_ttl=60, access_token_max_ttl=3600)
    old = sandbox.issue_token(lasting.identity_id)
    made = mode.run(client.access_tokens.renew(old))
    sent = last(sandbox)
    assert (sent.line, sent.body) == ("POST /api/v1/auth/token/renew", {"accessToken": old})
    assert sandbox.requests[-1].header("authorization") is None
    assert type(made) is AccessToken and made.access_token != old
    assert (made.expires_in, made.access_token_max_ttl) == (60, 3600)


def test_renewing_past_the_maximal_life_is_refused(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    with pytest.raises(AuthenticationError, match="past its Max TTL"):
        mode.run(client.access_tokens.renew(sandbox.issue_token()))


def test_revoking_ends_a_token(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    other = mode.client(endpoint=sandbox.url, token=sandbox.issue_token())
    token = sandbox.issue_token()
    doomed = mode.client(endpoint=sandbox.url, token=token)
    done = mode.run(client.access_tokens.revoke(token))
    sent = last(sandbox)
    assert (sent.line, sent.body) == ("POST /api/v1/auth/token/revoke", {"accessToken": token})
    assert done.message == "Successfully revoked access token"
    with pytest.raises(AuthenticationError) as caught:
        mode.run(doomed.projects.list())
    assert token not in str(caught.value)
    assert mode.run(other.projects.list()) == []
