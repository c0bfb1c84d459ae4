"""Tokens, cookies and the limit on wrong attempts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.clock import FakeClock

from fer_edge.web.auth import (
    ATTEMPT_WINDOW,
    COMPARISON_WINDOW,
    COOKIE_LIFETIME,
    MAX_ADDRESSES,
    MAX_ATTEMPTS,
    MAX_COMPARISONS,
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
    assert not authenticator.check_cookie("no UTF-8: \udcff.\udcff.\ud800")
    assert not authenticator.check_cookie("1700049601")


def test_a_cookie_is_void_after_the_logout_and_only_that_one() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    phone, tablet = authenticator.make_cookie(), authenticator.make_cookie()
    authenticator.revoke_cookie("1700049601.forged.signature")
    authenticator.revoke_cookie(phone)
    assert not authenticator.check_cookie(phone)
    assert authenticator.check_cookie(tablet)


def guess(authenticator: Authenticator, count: int, address: str = "10.0.0.1", *, in_link: bool = False) -> int:
    """Try different wrong tokens; returns how many were answered as blocked."""
    blocked = 0
    for number in range(count):
        try:
            assert not authenticator.check_token(f"wrong {number}", address, in_link=in_link)
        except TooManyAttemptsError:
            blocked += 1
    return blocked


def test_an_address_is_blocked_after_too_many_wrong_tokens_but_the_right_one_is_accepted() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    assert guess(authenticator, MAX_ATTEMPTS) == 0
    clock.advance(1)
    with pytest.raises(TooManyAttemptsError) as raised:
        authenticator.check_token("another", "10.0.0.1")
    assert 0 < raised.value.retry_after <= ATTEMPT_WINDOW
    assert authenticator.check_token("correct horse", "10.0.0.1")
    assert not authenticator.check_token("another", "10.0.0.2")
    clock.advance(ATTEMPT_WINDOW)
    assert not authenticator.check_token("yet another", "10.0.0.1")


def test_after_many_wrong_tokens_not_even_the_right_one_is_compared() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    guess(authenticator, MAX_COMPARISONS)
    with pytest.raises(TooManyAttemptsError) as raised:
        authenticator.check_token("correct horse", "10.0.0.1")
    assert ATTEMPT_WINDOW < raised.value.retry_after <= COMPARISON_WINDOW + 1
    clock.advance(raised.value.retry_after)
    assert authenticator.check_token("correct horse", "10.0.0.1")


def test_the_number_of_guesses_a_day_is_limited_however_they_are_spread() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    compared = 0
    for number in range(24 * 60):
        clock.advance(60)
        for attempt in range(3):
            try:
                authenticator.check_token(f"wrong {number}.{attempt}", "10.0.0.1")
                compared += 1
            except TooManyAttemptsError:
                pass
    assert compared <= 24 * MAX_COMPARISONS


def test_a_program_that_repeats_an_old_token_blocks_nobody() -> None:
    clock = FakeClock()
    authenticator = Authenticator("correct horse", clock)
    for _ in range(10 * MAX_COMPARISONS):
        clock.advance(10)
        assert not authenticator.check_token("last year's", "10.0.0.1")
    assert guess(authenticator, MAX_ATTEMPTS - 1) == 0


def test_wrong_tokens_in_links_block_neither_forms_nor_programs() -> None:
    authenticator = Authenticator("correct horse", FakeClock())
    guess(authenticator, 2 * MAX_COMPARISONS, in_link=True)
    with pytest.raises(TooManyAttemptsError):
        authenticator.check_token("correct horse", "10.0.0.1", in_link=True)
    assert guess(authenticator, MAX_ATTEMPTS) == 0
    assert authenticator.check_token("correct horse", "10.0.0.1")


def test_an_ipv6_network_has_the_attempts_of_one_address() -> None:
    authenticator = Authenticator("correct horse", FakeClock())
    for number in range(MAX_COMPARISONS):
        guess(authenticator, number + 1, f"2001:db8:0:1::{number}%eth0")
    with pytest.raises(TooManyAttemptsError):
        authenticator.check_token("correct horse", "2001:db8:0:1:ffff::1")
    assert authenticator.check_token("correct horse", "2001:db8:0:2::1")


def test_wrong_tokens_from_many_addresses_do_not_fill_the_memory() -> None:
    attempts = FailedAttempts(FakeClock())
    for number in range(3 * MAX_ADDRESSES):
        attempts.record(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", b"")
    assert len(attempts) == MAX_ADDRESSES


def test_without_a_token_authentication_is_not_required() -> None:
    assert not Authenticator(None, FakeClock()).required
    assert Authenticator("correct horse", FakeClock()).required
