"""Who may come in: options, token, cookie, guesses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import run

from fer_edge.config.web import TOKEN, WebOptions, check_token, parse_listen, parse_names
from fer_edge.errors import UsageError
from fer_edge.web.auth import ADDRESSES, GUESSES, LASTS, WINDOW, Authenticator, TooManyAttemptsError
from fer_edge.web.server import WebServer

NOON = 1_700_049_600.0


class Hand:
    """A clock that is moved by hand."""

    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8080", ("127.0.0.1", 8080)),
        ("0", ("127.0.0.1", 0)),
        ("0.0.0.0:8080", ("0.0.0.0", 8080)),  # noqa: S104
        ("[::1]:443", ("::1", 443)),
        ("porch.local:80", ("porch.local", 80)),
        ("none", None),
    ],
)
def test_a_page_is_on_this_machine_alone_unless_an_address_is_given(text: str, address: tuple[str, int] | None) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize("text", ["", ":8080", "::1:8080", "*:8080", "http://h:8080", "h:", "h:99999", "-1", "8080/x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected PORT, HOST:PORT"):
        parse_listen(text)


def test_names_are_lower_case_and_of_hosts() -> None:
    assert parse_names("Faces.Example.org, porch") == ("faces.example.org", "porch")
    with pytest.raises(UsageError, match="without a port"):
        parse_names("porch:8080")


@pytest.mark.parametrize(
    ("host", "token", "complaint"),
    [
        ("0.0.0.0", None, "open to the whole network: set a token .--web-token-file or web.token_file"),  # noqa: S104
        ("::", "", "open to the whole network"),
        ("192.168.1.7", None, "192.168.1.7:8080: the page would be open to the whole network"),
        ("porch", None, "listen on this machine only .8080"),
        ("127.0.0.1", "short", "at least 8 characters"),
    ],
)
def test_no_door_stands_open(host: str, token: str | None, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        check_token(WebOptions((host, 8080)), token)


@pytest.mark.parametrize(("host", "token"), [("127.8.8.8", None), ("localhost", ""), ("::1", None), ("::", "12345678")])
def test_this_machine_needs_no_token_and_the_network_one(host: str, token: str | None) -> None:
    check_token(WebOptions((host, 8080)), token)


def test_a_token_file_without_a_token_opens_no_door_and_an_empty_variable_is_none(tmp_path: Path) -> None:
    empty = tmp_path / "token"
    empty.write_text("\n")
    options = WebOptions(("127.0.0.1", 0), token_file=empty)
    with pytest.raises(UsageError, match=f"{empty}: there is no token in it"):
        check_token(options, TOKEN.read(empty, {"FER_EDGE_WEB_TOKEN": "from elsewhere"}))
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
