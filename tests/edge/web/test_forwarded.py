"""Whose address a request counts for, if proxies passed it on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.config.web import parse_proxies
from fer_edge.web.forwarded import client_address

PROXIES = parse_proxies("127.0.0.1, 10.0.0.0/8, ::1, fd00::/8")
STRANGER = "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (STRANGER, ["192.0.2.1"], STRANGER),  # not a proxy: it may write what it likes
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [STRANGER], STRANGER),
        ("127.0.0.1", [f"192.0.2.1, {STRANGER}"], STRANGER),
        ("127.0.0.1", [f" {STRANGER} ,10.1.2.3,, 10.0.0.2 "], STRANGER),
        ("127.0.0.1", ["192.0.2.1", STRANGER, "10.0.0.2"], STRANGER),  # several headers
        ("127.0.0.1", [f"{STRANGER}:4711"], STRANGER),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
        ("::1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("::1", ['"[2001:DB8:0::1]"'], "2001:db8::1"),
        ("fd00::5%eth0", [f"::ffff:{STRANGER}"], STRANGER),
        ("::ffff:127.0.0.1", [STRANGER], STRANGER),
        ("127.0.0.1", ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),  # a client in the proxies' own network
        ("127.0.0.1", [f"{STRANGER}, unknown"], "127.0.0.1"),
        ("127.0.0.1", [f"{STRANGER}, _hidden, 10.0.0.2"], "10.0.0.2"),
        ("127.0.0.1", ["1.2.3.4.5", "", "[::1"], "::1"),
        ("", [STRANGER], ""),  # no address of its own, as with a Unix socket
    ],
)
def test_the_rightmost_address_that_is_no_proxys_counts(peer: str, forwarded: list[str], expected: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


@given(st.lists(st.text(max_size=40), max_size=4))
def test_what_a_client_invents_does_not_count(invented: list[str]) -> None:
    assert client_address("127.0.0.1", [*invented, f"{STRANGER}, 10.0.0.2"], PROXIES) == STRANGER
    assert client_address(STRANGER, invented, PROXIES) == STRANGER
