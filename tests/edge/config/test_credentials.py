"""Secrets: where they are read from, how a bad file is reported, how they are hidden. Certificates: see test_broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.credentials import Secret, hide_password, hide_secrets
from fer_edge.errors import UsageError

SECRET = Secret("mqtt.password_file", "mqtt-password", "FER_EDGE_MQTT_PASSWORD")


def test_a_secret_is_read_from_the_file_then_from_systemd_then_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the file\n")
    (tmp_path / "mqtt-password").write_text("of systemd")
    environment = {"FER_EDGE_MQTT_PASSWORD": "in the environment"}
    everything = {**environment, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert SECRET.read(tmp_path / "file", everything) == "in the file"
    assert SECRET.read(None, everything) == "of systemd"
    assert SECRET.read(None, {**environment, "CREDENTIALS_DIRECTORY": "/nowhere"}) == "in the environment"
    (tmp_path / "mqtt-password").write_text("\n")
    assert SECRET.read(None, everything) == "in the environment"
    assert SECRET.read(None, {}) is None


def test_a_file_that_every_user_can_read_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    file.chmod(0o600)
    SECRET.read(file, {})
    assert caplog.messages == []
    file.chmod(0o604)
    SECRET.read(file, {})
    assert caplog.messages == [f"{file}: every user of this machine can read the secret in it: chmod 600 {file}"]


def test_an_unreadable_file_is_an_error_of_its_setting(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, expected in (("none", "no such file"), ("binary", "not UTF-8")):
        with pytest.raises(UsageError, match=f"{tmp_path / name}: {expected}") as refusal:
            SECRET.read(tmp_path / name, {})
        assert refusal.value.setting == "mqtt.password_file"


@pytest.mark.parametrize(
    ("text", "without_password", "without_secrets"),
    [
        ("rtsp://me:hunter2@cam/live", "rtsp://me:***@cam/live", "rtsp://me:***@cam/live"),
        ("rtsp://me:a@b@cam/live", "rtsp://me:***@cam/live", "rtsp://me:***@cam/live"),
        ("http://cam/live?key=topsecret", "http://cam/live?key=topsecret", "http://cam/live?***"),
        ("http://me:x@cam/?key=y", "http://me:***@cam/?key=y", "http://me:***@cam/?***"),
        ("mqtt://anna@broker", "mqtt://anna@broker", "mqtt://anna@broker"),
        ("is this a file?.mp4", "is this a file?.mp4", "is this a file?.mp4"),
    ],
)
def test_secrets_in_an_address_are_hidden(text: str, without_password: str, without_secrets: str) -> None:
    assert hide_password(text) == without_password
    assert hide_secrets(text) == without_secrets
