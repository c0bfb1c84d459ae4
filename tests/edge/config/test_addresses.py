"""Addresses: which are valid, and that no secret in one of them is repeated anywhere."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.config.addresses import Address, hide_secrets, parse_address, parse_file, quote
from fer_edge.errors import UsageError

FORM = "scheme://host"
CANARY = "CaNaRy"
PUNCTUATION = st.text(st.sampled_from("/?#[]@:%=&;.\\ '\"\t\n\0ä℀\udcff12ab"), max_size=6)
SECRETS = st.tuples(PUNCTUATION, PUNCTUATION).map(CANARY.join)
USERS = st.text(st.sampled_from("abc.1%-/?#[]@"), max_size=4)
HOSTS = st.sampled_from(["127.0.0.1", "cam.lan", "[::1]", "cam", "[::1", "", "h:99999", "h:x", "localhost:80"])
REST = st.sampled_from(["", "/", "/s", "/x?mail=a@b", "#x"])


def test_the_parts_of_an_address() -> None:
    assert parse_address("RTSP://me%40home:%2F@[::1]:554/live?x=1#y", FORM) == Address(
        "rtsp", "::1", 554, "me%40home", "%2F", path="/live", query="x=1", fragment="y"
    )
    assert parse_address("mqtt://h", FORM) == Address("mqtt", "h", None, None, None, "", "", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:secret@cam.example:554/stream", "rtsp://cam.example:554/stream"),
        ("http://cam.example/video?user=a&password=secret", "http://cam.example/video"),
        ("rtsp://cam/live/user=a&password=secret&channel=1.sdp", "rtsp://cam/live/***"),
        ("https://[::1]:8443/#secret", "https://[::1]:8443/"),
        # an @ that belongs to no password
        ("http://cam/snapshot?mail=a@b", "http://cam/snapshot"),
        ("http://192.168.1.5:8080/a@b/snapshot", "http://192.168.1.5:8080/***"),
        ("http://me:secret@[fe80::1]/snapshot?mail=a@b", "http://[fe80::1]/snapshot"),
    ],
)
def test_a_valid_address_is_shown_without_its_secrets(text: str, shown: str) -> None:
    assert str(parse_address(text, FORM)) == shown


@pytest.mark.parametrize("character", "/?#[]@")
def test_a_reserved_character_in_a_user_or_password_is_refused_with_its_encoding(character: str) -> None:
    for login in (f"me:sec{character}ret", f"sec{character}ret:x", f"sec{character}ret", f"12{character}ret:12/secret"):
        for host in ("127.0.0.1:8554/s", "cam", "[::1]/x?mail=a@b"):
            with pytest.raises(UsageError, match=f"%{ord(character):X}") as refusal:
                parse_address(f"rtsp://{login}@{host}", FORM)
            assert "sec" not in str(refusal.value)
            assert "ret" not in str(refusal.value)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "secret@",
        "secret@h:99999/",
        "secret@h:x/",
        "h:0/",
        "[::1/",
        "[secret]/",
        "::1/",
        "ho st/",
        "h/\nx",
        "h/\udcff",
        "me:secret",
        "127.0.0.1@me:secret",
        "secret@h:/x\0",
    ],
)
def test_a_malformed_address_is_one_line_with_what_is_expected(rest: str) -> None:
    with pytest.raises(UsageError, match=r"(?s)^http://.*: expected scheme://host$") as refusal:
        parse_address(f"http://{rest}", FORM)
    assert "secret" not in str(refusal.value)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["rtsp://", "mqtt://", "WSS://"]), USERS, SECRETS, HOSTS, REST)
def test_no_part_of_a_password_is_shown(scheme: str, user: str, password: str, host: str, rest: str) -> None:
    text = f"{scheme}{user}:{password}@{host}{rest}"
    try:
        shown = str(parse_address(text, FORM))
    except UsageError as refusal:
        shown = str(refusal)
    assert CANARY not in shown + hide_secrets(text) + quote(text)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["rtsp:/", "rtsp:", "rtsp//", "http;//", "//"]), USERS, SECRETS, HOSTS, REST)
def test_no_part_of_a_password_is_shown_of_what_is_not_quite_an_address(
    start: str, user: str, password: str, host: str, rest: str
) -> None:
    text = f"{start}{user}:{password}@{host}{rest}"
    assert CANARY not in hide_secrets(text) + quote(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://me:hunter2@cam/live", "rtsp://***@cam/live"),
        ("http://me:x@cam/?key=y", "http://***@cam/?***"),
        ("192.168.1.5/video.cgi?user=me&pwd=x", "192.168.1.5/video.cgi?***"),
        ("http://cam/me:x/key=y", "http://cam/me:x/***"),
        ("http://cam/password=x/channel=1", "http://cam/***"),
        ("http://cam//password=x/channel=1?now", "http://cam//***"),
        ("http://cam/live/0aB3kZ-81hGq2xYw/stream.jpg", "http://cam/live/***"),
        ("rtsps://cam:7441/550e8400-e29b-41d4-a716-446655440000", "rtsps://cam:7441/***"),
        ("http://cam/axis-cgi/mjpg/video.cgi", "http://cam/axis-cgi/mjpg/video.cgi"),
        ("rtsp://cam/h264Preview_01_main", "rtsp://cam/h264Preview_01_main"),
        ("mqtt://token@broker", "mqtt://***@broker"),
        ("is this a file?.mp4", "is this a file?.mp4"),
        ("clip@2x.mp4", "clip@2x.mp4"),
        ("https://[::1]:8443/live", "https://[::1]:8443/live"),
    ],
)
def test_what_may_be_secret_is_hidden_and_the_rest_is_kept(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown
    assert quote(text) == repr(shown)


@pytest.mark.parametrize("unit", ["a:/", "a:/b/", "a://[", "?", "a@", "a:/b=", "a:/0-"])
def test_a_long_hostile_text_is_searched_in_a_moment(unit: str) -> None:
    began = time.process_time()
    for length in (4000, 100_000):
        text = (unit * length)[:length]
        hide_secrets(f"{text} rtsp://me:hunter2@cam")
        with contextlib.suppress(UsageError):
            str(parse_address(f"http://cam/{text}", FORM))
    assert time.process_time() - began < 4
    assert "hunter2" not in hide_secrets(f"{text} rtsp://me:hunter2@cam")


def test_a_long_value_is_quoted_briefly() -> None:
    assert len(quote("x" * 1000)) == 80


def test_an_address_is_no_file() -> None:
    assert str(parse_file("/a/b@c")) == "/a/b@c"
    with pytest.raises(UsageError, match=r"^https://\*\*\*@h/model.tflite: expected a file"):
        parse_file("https://me:hunter2@h/model.tflite")
