"""The cookies of users who have logged out, and the file that keeps them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.clock import FakeClock

from fer_edge.web.auth import COOKIE_LIFETIME, Authenticator
from fer_edge.web.logouts import Logouts


def test_a_restart_does_not_accept_the_cookie_again(tmp_path: Path) -> None:
    clock, file = FakeClock(), tmp_path / "logouts"
    first = Authenticator("correct horse", clock, Logouts(file, clock.wall))
    phone, tablet = first.make_cookie(), first.make_cookie()
    first.revoke_cookie(phone)
    assert phone not in file.read_text()
    restarted = Authenticator("correct horse", clock, Logouts(file, clock.wall))
    assert not restarted.check_cookie(phone)
    assert restarted.check_cookie(tablet)


def test_expired_cookies_are_dropped_from_the_file(tmp_path: Path) -> None:
    clock, file = FakeClock(), tmp_path / "logouts"
    authenticator = Authenticator("correct horse", clock, Logouts(file, clock.wall))
    for _ in range(3):
        authenticator.revoke_cookie(authenticator.make_cookie())
        clock.advance(COOKIE_LIFETIME - 10)
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize("damage", [b"", b"\xff\x00" * 50, b"1 2\nx y\n", b"9" * 100_000])
def test_a_damaged_file_does_not_keep_the_page_from_starting(tmp_path: Path, damage: bytes) -> None:
    clock, file = FakeClock(), tmp_path / "logouts"
    file.write_bytes(damage)
    logouts = Logouts(file, clock.wall)
    assert "cookie" not in logouts
    logouts.add("cookie", int(clock.wall()) + 10)
    assert "cookie" in Logouts(file, clock.wall)


def test_a_logout_holds_until_the_end_of_the_run_even_if_it_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, file = FakeClock(), tmp_path / "missing" / "logouts"
    logouts = Logouts(file, clock.wall)
    logouts.add("cookie", int(clock.wall()) + 10)
    assert "cookie" in logouts
    assert caplog.messages == [f"page: {file}: no such file or directory; the next start will not know of this logout"]


def test_a_fifo_in_place_of_the_file_does_not_keep_the_page_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, file = FakeClock(), tmp_path / "logouts"
    os.mkfifo(file)
    logouts = Logouts(file, clock.wall)
    assert caplog.messages == [f"page: {file}: not a regular file; logouts before this start are not known"]
    logouts.add("cookie", int(clock.wall()) + 10)
    assert "cookie" in Logouts(file, clock.wall)
