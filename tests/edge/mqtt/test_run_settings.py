"""The settings that commands change, and the file that keeps them."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.support.commands import CommandBench
from tests.support.daemon_process import DaemonProcess
from tests.support.mosquitto import Mosquitto
from tests.support.processes import run
from tests.support.small_disk import run_on_disk
from tests.support.waiting import wait_until

from fer_edge.config.broker import parse_broker
from fer_edge.config.model import Config, PipelineOptions, find_settings_file
from fer_edge.errors import UsageError
from fer_edge.mqtt.run_settings import OPTIONS, SettingsFile, describe_range


def bench(path: Path) -> CommandBench:
    return CommandBench(settings_file=SettingsFile(path))


def test_what_was_set_is_kept_until_it_is_reset(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "settings.json"
    first = bench(path)
    first.request("set", {"rate": 5})
    first.request("set", {"min_score": 0.5, "state_every": 60})
    first.request("set", {"min_score": 0.6, "rate": 0})  # refused
    second = bench(path)
    assert second.pipeline.options == PipelineOptions(rate=5, min_score=0.5)
    assert second.context.settings.state_interval == 60
    assert f"{path}: set before the restart: rate 5, min_score 0.5, state_every 60" in caplog.messages
    second.request("set", {"min_face": 0.2})
    assert json.loads(path.read_text()) == {"rate": 5, "min_score": 0.5, "state_every": 60, "min_face": 0.2}
    second.request("reset")
    assert second.pipeline.options == bench(path).pipeline.options == PipelineOptions()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(64),
        b"\xff\xfe{",
        b"[5]",
        b"null",
        b"{",
        b"[" * 4000,
        b'{"rate": 0}',
        b'{"rate": NaN}',
        b'{"min_score": 1e999}',
        b'{"rate": 5, "min_face": "0.2"}',
        b'{"rate": 5, "min_face": null}',
        b'{"rate": true}',
        b'{"rate": 5, "zones": []}',
        b'{"state_every": 0}',
        b'{"rate": 5}' + b" " * 5000,
    ],
)
def test_a_damaged_file_is_one_warning_and_the_configured_settings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    damaged = bench(path)
    assert damaged.pipeline.options == PipelineOptions()
    (warning,) = caplog.messages
    assert warning.startswith(f"{path}: damaged (")
    assert warning.endswith("; the configured settings are used")
    damaged.request("set", {"rate": 7})
    assert bench(path).pipeline.options == PipelineOptions(rate=7)


def test_a_file_that_cannot_be_read_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").mkdir()
    assert bench(tmp_path / "settings.json").pipeline.options == PipelineOptions()
    (warning,) = caplog.messages
    assert warning == f"{tmp_path / 'settings.json'}: is a directory; the configured settings are used"


CHANGE = """
import logging, sys
from pathlib import Path
from tests.support.commands import CommandBench
from fer_edge.mqtt.run_settings import SettingsFile
logging.basicConfig(stream=sys.stdout, format="%(message)s")
bench = CommandBench(settings_file=SettingsFile(Path(sys.argv[1])))
print(bench.request("set", {"rate": 5})["rate"])
"""


@pytest.mark.parametrize(("kind", "reason"), [("read-only", "read-only file system"), ("full", "no space left")])
def test_a_setting_that_cannot_be_kept_is_used_and_the_log_has_it(tmp_path: Path, kind: str, reason: str) -> None:
    warning, rate = run_on_disk(tmp_path, kind, CHANGE).splitlines()
    assert reason in warning
    assert warning.endswith("; a restart does not keep what was set")
    assert float(rate) == 5


NUMBERS = some.floats() | some.integers() | some.booleans() | some.none() | some.text(max_size=4)


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.dictionaries(some.sampled_from([*OPTIONS, "state_every", "zones"]), NUMBERS))
def test_whatever_is_sent_is_one_reply_and_only_valid_settings_are_used_and_kept(
    tmp_path: Path, request_: dict[str, object]
) -> None:
    sent = bench(tmp_path / "settings.json")
    before = sent.context.settings.values()
    reply = sent.request("set", json.dumps(request_).encode())
    after = sent.context.settings.values()
    assert len(sent.publisher.sent) == 0
    assert after == (before | request_ if reply["ok"] else before)
    assert bench(tmp_path / "settings.json").context.settings.values() == after


def test_the_range_of_a_number_excludes_bounds_by_one_step() -> None:
    ranges = {name: describe_range(OPTIONS[name], 0.1) for name in ("min_score", "min_face", "rate")}
    assert ranges == {"min_score": (0, 1), "min_face": (0.1, 0.9), "rate": (0.1, 1000)}


def test_the_file_is_in_the_state_directory_or_beside_the_outbox_and_needs_one_of_them() -> None:
    config = Config("0", parse_broker("mqtt://broker"), outbox=Path("/data/outbox.sqlite"), keep_settings=True)
    assert find_settings_file(config, {"STATE_DIRECTORY": "/state"}) == Path("/state/settings.json")
    assert find_settings_file(config, {}) == Path("/data/outbox.sqlite.settings.json")
    assert find_settings_file(Config("0", config.broker, outbox=config.outbox), {}) is None
    assert find_settings_file(Config("0", None, outbox=config.outbox, keep_settings=True), {}) is None
    with pytest.raises(UsageError, match=r"^needs a file: set mqtt\.outbox \(--outbox FILE\), too$"):
        find_settings_file(Config("0", config.broker, keep_settings=True), {})
    done = run("fer_edge", "--camera", "0", "--mqtt", "mqtt://127.0.0.1:1", "--keep-settings")
    assert (done.code, done.err) == (
        2,
        "fer-edge: --keep-settings needs a file: set mqtt.outbox (--outbox FILE), too\n",
    )


def test_a_daemon_publishes_its_settings_and_keeps_them_when_it_is_killed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    daemon = DaemonProcess(mosquitto, "--outbox", str(tmp_path / "outbox.sqlite"), "--keep-settings")
    try:
        wait_until(lambda: daemon.published("settings"), 30)
        configured = {"min_face": 0.08, "min_score": 0.4, "rate": 10.0, "state_every": 1.0}
        assert daemon.published("settings") == [configured]
        daemon.send_command("set", '{"min_score": 0.9, "rate": 4}')
        changed = {**configured, "min_score": 0.9, "rate": 4}
        wait_until(lambda: daemon.published("settings")[-1] == changed)
        daemon.kill_and_start()
        wait_until(lambda: len(daemon.published("settings")) == 3)
        assert daemon.published("settings")[-1] == changed
    finally:
        daemon.close()
