"""Who may come in: options, token, cookie, guesses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support import run

from fer_edge.config.web import TOKEN, WebOptions
from fer_edge.web.auth import ADDRESSES, GUESSES, LASTS, WINDOW, Authenticator, TooManyAttemptsError
from fer_edge.web.server import WebServer

NOON = 1_700_049_600.0


class Hand:
    """A clock that is moved by hand."""

    now = NOON

    def __call__(self) -> float:
        return self.now


def test_an_empty_variable_is_no_token() -> None:
    page = WebServer(WebOptions(("127.0.0.1", 0)), TOKEN.read(None, {"FER_EDGE_WEB_TOKEN": ""}))
    page.close()
    assert page._token is None


def test_an_open_door_and_a_browser_camera_without_a_page_are_one_line_and_exit_2() -> None:
    done = run("fer_edge", "--camera", "browser", "--mqtt", "none", "--web", "0.0.0.0:0")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(
        "fer-edge: --web 0.0.0.0:0: the page would be open to the whole network: set "
    )
    done = run("fer_edge", "--camera", "browser", "--mqtt", "none")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "fer-edge: --camera browser: needs the live page: add --web or web.listen"


def test_a_cookie_outlives_a_restart_and_dies_with_its_time_or_the_token() -> None:
    clock = Hand()
    cookie = Authenticator("correct horse", clock, clock).cookie()
    assert Authenticator("correct horse", clock, clock).knows(cookie)
    assert not Authenticator("correct horsf", clock, clock).knows(cookie)
    clock.now += LASTS - 1
    assert Authenticator("correct horse", clock, clock).knows(cookie)
    clock.now += 2
    assert not Authenticator("correct horse", clock, clock).knows(cookie)


@pytest.mark.parametrize("change", [lambda c: "9" + c, lambda c: c[:-1] + ("0" if c[-1] != "0" else "1"), lambda c: ""])
def test_a_cookie_that_was_made_up_is_none(change: Callable[[str], str]) -> None:
    gate = Authenticator("correct horse", Hand(), Hand())
    assert not gate.knows(change(gate.cookie()))
    assert not gate.knows("ünsinn.ünsinn")
    assert not gate.knows("1700049601")


def test_the_token_is_right_or_wrong_and_an_address_has_few_guesses() -> None:
    clock = Hand()
    gate = Authenticator("correct horse", clock, clock)
    assert gate.admits("correct horse", "10.0.0.1")
    for _ in range(GUESSES):
        clock.now += 1
        assert not gate.admits("wrong", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError) as refusal:
        gate.admits("correct horse", "10.0.0.1")
    assert 0 < refusal.value.wait <= WINDOW
    assert gate.admits("correct horse", "10.0.0.2")
    clock.now += refusal.value.wait
    assert gate.admits("correct horse", "10.0.0.1")


def test_a_network_of_ipv6_has_the_guesses_of_one() -> None:
    gate = Authenticator("correct horse", Hand(), Hand())
    for number in range(GUESSES):
        assert not gate.admits("wrong", f"2001:db8:0:1::{number}%eth0")
    with pytest.raises(TooManyAttemptsError):
        gate.admits("correct horse", "2001:db8:0:1:ffff::1")
    assert gate.admits("correct horse", "2001:db8:0:2::1")


def test_guesses_from_everywhere_do_not_fill_the_memory() -> None:
    gate = Authenticator("correct horse", Hand(), Hand())
    for number in range(3 * ADDRESSES):
        assert not gate.admits("wrong", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(gate._guesses._wrong) == ADDRESSES
