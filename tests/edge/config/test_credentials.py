"""Secrets: where they are read from, how a bad file is reported. Certificates: see test_broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.credentials import Secret
from fer_edge.errors import ConfigError, UsageError

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


def test_a_byte_order_mark_and_the_end_of_the_line_are_no_part_of_a_secret(tmp_path: Path) -> None:
    for name in ("file", "mqtt-password"):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbfas written by Notepad\r\n")
    assert SECRET.read(tmp_path / "file", {}) == "as written by Notepad"
    assert SECRET.read(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "as written by Notepad"


def test_an_unreadable_file_is_an_error_of_its_setting(tmp_path: Path) -> None:
    (tmp_path / "utf-16").write_text("hunter2", encoding="utf-16")
    (tmp_path / "latin-1").write_text("hünter2", encoding="latin-1")
    expected = {
        "none": "no such file",
        "utf-16": "UTF-16 text.*save it as UTF-8",
        "latin-1": "not UTF-8",
        "": "is a dir",
    }
    for name, text in expected.items():
        with pytest.raises(UsageError, match=f"{tmp_path / name}: {text}") as refusal:
            SECRET.read(tmp_path / name, {})
        assert refusal.value.setting == "mqtt.password_file"
        assert "nter2" not in str(refusal.value)


def test_a_file_that_exists_is_named_and_what_may_be_the_secret_itself_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(UsageError, match=r"^folder: is a directory$"):
        SECRET.read(Path("folder"), {})
    with pytest.raises(UsageError, match=r"^no such file or directory: expected a file, not the secret itself$"):
        SECRET.read(Path("hunter2"), {})


def test_a_secret_that_no_protocol_can_carry_is_refused_where_it_is_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x" * 65_536)
    for file in (tmp_path / "file", Path("/dev/zero")):
        with pytest.raises(UsageError, match=f"{file}: longer than 65535 bytes"):
            SECRET.read(file, {})
    for value, expected in (("x" * 65_536, "longer than"), ("not UTF-8\udcff", "not UTF-8 text")):
        with pytest.raises(ConfigError, match=f"^FER_EDGE_MQTT_PASSWORD: {expected}"):
            SECRET.read(None, {"FER_EDGE_MQTT_PASSWORD": value})


@pytest.mark.parametrize("secret", ["hunter2", "hunt/er2==", "hunter2" * 100])
def test_a_secret_that_is_given_in_place_of_its_file_is_not_repeated(secret: str) -> None:
    with pytest.raises(UsageError, match="expected a file, not the secret itself") as refusal:
        SECRET.read(Path(secret), {})
    assert "er2" not in str(refusal.value)
