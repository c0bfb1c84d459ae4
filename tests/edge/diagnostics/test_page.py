"""--check: the live page, its port and its certificate."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.network import free_port
from tests.support.processes import command, run
from tests.support.tls import Authority, openssl
from tests.support.waiting import wait_until

from fer_edge.cameras.browser import BROWSER
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.diagnostics.finding import Finding
from fer_edge.diagnostics.page import RENEWAL_PERIOD, check_page
from fer_edge.errors import MissingExtraError, UsageError
from fer_edge.web.server import WebServerError

TOKEN = {"FER_EDGE_WEB_TOKEN": "a long token"}
DAY = 86_400


def check(listen: tuple[str, int], environment: dict[str, str] | None = None, **files: Path) -> Finding:
    return check_page(Config(camera="", broker=None, web=WebOptions(listen, **files)), environment or {})


def test_a_page_that_can_be_served_is_reported_and_its_port_is_free_again() -> None:
    port = free_port()
    assert check(("127.0.0.1", port)) == Finding("ok", f"http://127.0.0.1:{port}/, without a token")
    assert check(("127.0.0.1", port), TOKEN) == Finding("ok", f"http://127.0.0.1:{port}/, with a token")


def test_no_page_is_ok_unless_the_camera_is_a_browser() -> None:
    assert check_page(Config(camera="0", broker=None), {}) == Finding("ok", "not configured")
    with pytest.raises(UsageError, match=r"browser: needs the live page: add --web or web\.listen"):
        check_page(Config(camera=BROWSER, broker=None), {})


def test_a_missing_web_server_is_an_error_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fer_edge.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtraError, match=r"--web needs aiohttp, .*: pip install 'fer-edge\[web\]'"):
        check(("127.0.0.1", free_port()))


def test_a_page_open_to_the_network_is_reported_by_the_place_of_its_setting(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"open to the whole network: set a token \(--web-token-file or web.token_file"
    ):
        check(("0.0.0.0", free_port()))  # noqa: S104  it is refused
    (tmp_path / "config.toml").write_text(f'[web]\nlisten = "0.0.0.0:{free_port()}"\n')
    done = run("fer_edge", "--check", "--config", tmp_path / "config.toml", "--mqtt", "none")
    assert f"FAIL page          {tmp_path / 'config.toml'}: web.listen 0.0.0.0:" in done.out
    assert "set a token (--web-token-file or web.token_file)" in done.out


def test_a_short_token_and_a_missing_token_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a token of at least 8 characters"):
        check(("127.0.0.1", free_port()), {"FER_EDGE_WEB_TOKEN": "short"})
    with pytest.raises(UsageError, match=r".*none: no such file"):
        check(("127.0.0.1", free_port()), token_file=tmp_path / "none")


def test_a_token_file_that_every_user_can_read_is_a_warning(tmp_path: Path) -> None:
    token, port = tmp_path / "token", free_port()
    token.write_text("a long token\n")
    token.chmod(0o644)
    url = f"http://127.0.0.1:{port}/, with a token"
    warning = f"{token}: every user of this machine can read the secret in it: chmod 600 {token}"
    assert check(("127.0.0.1", port), token_file=token) == Finding("warn", f"{url}; {warning}")
    token.chmod(0o640)
    assert check(("127.0.0.1", port), token_file=token) == Finding("ok", url)


def test_a_page_without_tls_on_the_network_is_a_warning() -> None:
    finding = check(("0.0.0.0", free_port()), TOKEN)  # noqa: S104  for a moment
    assert finding.level == "warn"
    assert "pictures and token cross the network unencrypted" in finding.text


def test_a_port_in_use_is_an_error_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WebServerError) as refusal:
            check(("127.0.0.1", port))
    assert refusal.value.setting == "web.listen"
    assert str(refusal.value).startswith(f"127.0.0.1:{port}: address already in use: another program has it; if it is ")


def test_an_address_of_another_machine_is_an_error_with_the_cure() -> None:
    with pytest.raises(WebServerError, match="cannot assign requested address: expected an address of this machine"):
        check(("192.0.2.1", free_port()), TOKEN)


def test_a_port_below_1024_is_an_error_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(WebServerError, match=r"127\.0\.0\.1:80: permission denied: take a port from 1024 on"):
        check(("127.0.0.1", 80))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("page") / "ours")


@pytest.mark.parametrize(
    ("days", "level", "text"),
    [
        (RENEWAL_PERIOD // DAY + 2, "ok", "page.pem is valid until {day}"),
        (RENEWAL_PERIOD // DAY - 2, "warn", "page.pem expires soon, on {day}: make or order a new one"),
        (-1, "FAIL", "page.pem: browsers would refuse it: certificate has expired: make or order a new one"),
    ],
)
def test_a_certificate_that_expires_soon_is_a_warning_and_an_expired_one_fails(
    authority: Authority, days: int, level: str, text: str
) -> None:
    certificate, key = authority.certify("page", "IP:127.0.0.1", days)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * DAY))
    port = free_port()
    finding = check(("127.0.0.1", port), certificate=certificate, key=key)
    assert finding.level == level
    assert finding.text.startswith(f"https://127.0.0.1:{port}/, without a token; ")
    assert finding.text.endswith(text.format(day=day))


def test_a_self_signed_certificate_is_checked_too(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=porch", "-days", 90),
        *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"),
    )
    both.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "certificate.pem").read_text())
    finding = check(("127.0.0.1", free_port()), certificate=both)
    assert finding.level == "ok"
    assert "both.pem is valid until" in finding.text


def test_a_running_page_is_not_disturbed(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    flags = ("--camera", BROWSER, "--mqtt", "none", "--web", port)
    with log.open("w") as stderr:
        daemon = subprocess.Popen(command("fer_edge", *flags), stderr=stderr)
    try:
        wait_until(lambda: "page at" in log.read_text(), 30)
        done = run("fer_edge", "--check", *flags)
        assert done.code == 1
        assert "address already in use: another program has it; if it is fer-edge itself" in done.out
        assert daemon.poll() is None
    finally:
        daemon.terminate()
        assert daemon.wait(20) == 0
