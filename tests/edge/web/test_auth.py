"""Tokens, cookies and the limit on wrong attempts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.clock import FakeClock

from fer_edge.web.auth import (
    ATTEMPT_WINDOW,
    COOKIE_LIFETIME,
    MAX_ADDRESSES,
    MAX_ATTEMPTS,
    Authenticator,
    FailedAttempts,
    TooManyAttemptsError,
)


def test_a_cookie_survives_a_restart_and_expires_with_its_time_or_the_token() -> None:
    clock = FakeClock()
    cookie = Authenticator("correct horse", clock).make_cookie()
    assert Authenticator("correct horse", clock).check_cookie(cookie)
    assert not Authenticator("correct horsf", clock).check_cookie(cookie)
    clock.advance(COOKIE_LIFETIME - 1)
    assert Authenticator("correct horse", clock).check_cookie(cookie)
    clock.advance(2)
    assert not Authenticator("correct horse", clock).check_cookie(cookie)


@pytest.mark.parametrize("change", [lambda c: "9" + c, lambda c: c[:-1] + ("0" if c[-1] != "0" else "1"), lambda c: ""])
def test_a_forged_cookie_is_rejected(change: Callable[[str], str]) -> None:
    authenticator = Authenticator("correct horse", FakeClock())
    assert not authenticator.check_cookie(change(authenticator.make_cookie()))
    assert not authenticator.check_cookie("ünsinn.ünsinn")
    assert not authenticator.check_cookie("1700049601")


def test_an_address_has_to_wait_after_too_many_wrong_tokens() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    assert authenticator.check_token("correct horse", "10.0.0.1")
    for _ in range(MAX_ATTEMPTS):
        clock.advance(1)
        assert not authenticator.check_token("wrong", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError) as raised:
        authenticator.check_token("correct horse", "10.0.0.1")
    assert 0 < raised.value.retry_after <= ATTEMPT_WINDOW
    assert authenticator.check_token("correct horse", "10.0.0.2")
    clock.advance(raised.value.retry_after)
    assert authenticator.check_token("correct horse", "10.0.0.1")


def test_an_ipv6_network_has_the_attempts_of_one_address() -> None:
    authenticator = Authenticator("correct horse", FakeClock())
    for number in range(MAX_ATTEMPTS):
        assert not authenticator.check_token("wrong", f"2001:db8:0:1::{number}%eth0")
    with pytest.raises(TooManyAttemptsError):
        authenticator.check_token("correct horse", "2001:db8:0:1:ffff::1")
    assert authenticator.check_token("correct horse", "2001:db8:0:2::1")


def test_wrong_tokens_from_many_addresses_do_not_fill_the_memory() -> None:
    attempts = FailedAttempts(FakeClock())
    for number in range(3 * MAX_ADDRESSES):
        attempts.record(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts) == MAX_ADDRESSES


def test_without_a_token_authentication_is_not_required() -> None:
    assert not Authenticator(None, FakeClock()).required
    assert Authenticator("correct horse", FakeClock()).required
