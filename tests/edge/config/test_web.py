"""The options of the live page: address, host names, token, certificate."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fer_edge.config.web import (
    TOKEN,
    WebOptions,
    check_token,
    make_web_options,
    parse_listen,
    parse_names,
    parse_proxies,
)
from fer_edge.errors import UsageError


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
def test_without_a_host_the_page_is_for_this_machine_only(text: str, address: tuple[str, int] | None) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize("text", ["", ":8080", "::1:8080", "*:8080", "http://h:8080", "h:", "h:99999", "-1", "8080/x"])
def test_anything_but_an_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected PORT, HOST:PORT"):
        parse_listen(text)


def test_host_names_are_parsed_in_lower_case_and_addresses_may_be_names() -> None:
    assert parse_names("Faces.Example.org., porch") == ("faces.example.org", "porch")
    assert parse_names("192.168.1.5,[FD00::1],fd00::2") == ("192.168.1.5", "fd00::1", "fd00::2")
    with pytest.raises(UsageError, match="without ports"):
        parse_names("porch:8080")


def test_proxies_are_addresses_and_networks() -> None:
    proxies = parse_proxies("127.0.0.1, 192.168.1.7/24,[::1],fd00::/8,")
    assert list(map(str, proxies)) == ["127.0.0.1/32", "192.168.1.0/24", "::1/128", "fd00::/8"]
    for wrong in ("proxy", "127.0.0.1:80", "10.0.0.0/33", "10.0.0.0/8 10.0.0.1", "1"):
        with pytest.raises(UsageError, match=rf"'{wrong}': expected addresses and networks, without ports"):
            parse_proxies(wrong)
    for everyone in ("0.0.0.0/0", "::/0"):
        with pytest.raises(UsageError, match="everyone could pretend to be a proxy"):
            parse_proxies(everyone)


@pytest.mark.parametrize(
    ("host", "token", "expected"),
    [
        ("0.0.0.0", None, "open to the whole network: set a token .--web-token-file or web.token_file"),  # noqa: S104
        ("::", "", "open to the whole network"),
        ("192.168.1.7", None, "192.168.1.7:8080: the page would be open to the whole network"),
        ("porch", None, "give the port alone, 8080, to listen on this machine only"),
        ("127.0.0.1", "short", "at least 8 characters"),
    ],
)
def test_a_page_open_to_the_network_needs_a_token_that_cannot_be_guessed(
    host: str, token: str | None, expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        check_token(WebOptions((host, 8080)), token)


@pytest.mark.parametrize(("host", "token"), [("127.8.8.8", None), ("localhost", ""), ("::1", None), ("::", "12345678")])
def test_a_page_for_this_machine_needs_no_token(host: str, token: str | None) -> None:
    check_token(WebOptions((host, 8080)), token)


def test_a_token_file_without_a_token_is_refused_even_if_there_is_one_elsewhere(tmp_path: Path) -> None:
    empty = tmp_path / "token"
    empty.write_text("\n")
    options = WebOptions(("127.0.0.1", 0), token_file=empty)
    with pytest.raises(UsageError, match=f"{empty}: there is no token in it") as refusal:
        check_token(options, TOKEN.read(empty, {"FER_EDGE_WEB_TOKEN": "from elsewhere"}))
    assert refusal.value.setting == "web.token_file"


def test_without_an_address_there_is_no_page_and_its_files_are_not_read(tmp_path: Path) -> None:
    assert make_web_options(None, certificate=tmp_path / "none") is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"key": "text"}, "needs a certificate: add --web-cert or web.certificate"),
        ({"certificate": "none"}, "none: no such file"),
        ({"certificate": "fifo"}, "fifo: not a regular file"),
        ({"certificate": "text"}, "text: .*; expected a certificate and its key in PEM"),
    ],
)
def test_an_unusable_file_is_an_error_of_its_setting(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    (tmp_path / "text").write_text("no PEM")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match=expected) as refusal:
        make_web_options(("127.0.0.1", 8080), **{kind: tmp_path / name for kind, name in files.items()})
    assert refusal.value.setting == f"web.{next(iter(files))}"


@pytest.mark.parametrize(("host", "unencrypted"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True)])  # noqa: S104
def test_without_a_certificate_only_this_machine_is_served_safely(host: str, unencrypted: bool) -> None:
    assert WebOptions((host, 8080)).unencrypted is unencrypted
    assert not WebOptions((host, 8080), certificate=Path("web.pem")).unencrypted


def test_the_address_of_the_page_is_written_as_in_the_setting() -> None:
    assert WebOptions(("::1", 443)).address == "[::1]:443"
    assert WebOptions(("porch", 80)).address == "porch:80"
