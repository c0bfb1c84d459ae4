"""fer-edge --check: each part well, and each part ill in the ways that owners meet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import MEDIA, Mosquitto, command, free_port, heard, run, wait_until
from tests.support.models import write_compiled
from tests.support.tls import Authority, TlsMosquitto

from fer_edge.cameras.base import Problem
from fer_edge.cameras.frame import Frame
from fer_edge.config.broker import Broker, parse_broker, with_files
from fer_edge.config.model import DEFAULT_MODEL, LIBRARY_VARIABLE, Config
from fer_edge.diagnostics.checks import (
    BROKER_CURES,
    check_accelerator,
    check_broker,
    check_camera,
    check_outbox,
)
from fer_edge.diagnostics.finding import Finding, with_cure
from fer_edge.diagnostics.machine import check_clock, check_permissions, check_temperature
from fer_edge.diagnostics.report import CHECKS
from fer_edge.errors import FerError, UsageError
from fer_edge.inference.backends.edgetpu import DeviceFiles
from fer_edge.inference.model_file import read_model
from fer_edge.monitoring.system import describe_throttling, read_throttling
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

FACE = MEDIA / "faces" / "bryan.png"
NOBODY = Config(camera="", broker=None)


def check(*flags: object, env: dict[str, str] | None = None) -> tuple[int, dict[str, Finding]]:
    """The exit code, and what was found, by parts."""
    done = run("fer_edge", "--check", *flags, env=env)
    parts = {}
    for line in done.out.splitlines():
        level, part, text = line.split(maxsplit=2)
        parts[part] = Finding(level, text)  # type: ignore[arg-type]
    return done.code, parts


def test_all_is_well_with_a_broker_a_model_and_a_picture(mosquitto: Mosquitto, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.sqlite"
    code, parts = check("--camera", FACE, "--mqtt", mosquitto.url, "--outbox", outbox)
    assert code == 0
    assert list(parts) == ["configuration", *CHECKS]
    assert not [part for part, finding in parts.items() if finding.level == "FAIL"]
    assert parts["configuration"].text == "--camera, --mqtt, --outbox"
    assert parts["model"].text == f"base, sha256 {read_model(DEFAULT_MODEL).sha256[:12]}: " + ", ".join(
        read_model(DEFAULT_MODEL).labels
    )
    assert parts["accelerator"].text.startswith("cpu (")
    assert parts["camera"].text == f"{FACE}: 115x115"
    assert parts["broker"].text == f"{mosquitto.url}: MQTT 5, without a user"
    assert "MB free" in parts["outbox"].text
    assert parts["page"].text == "none is asked for"
    assert not outbox.exists(), "made by whoever checks, it might belong to the wrong user"


def test_the_findings_as_json(tmp_path: Path) -> None:
    done = run("fer_edge", "--check", "--json", "--camera", tmp_path / "none.mp4", "--mqtt", "none")
    told = json.loads(done.out)
    assert (done.code, told["ok"]) == (1, False)
    assert list(told["parts"]) == ["configuration", *CHECKS]
    assert told["parts"]["camera"]["level"] == "fail"
    assert "no such file" in told["parts"]["camera"]["text"]
    assert told["parts"]["broker"] == {"level": "ok", "text": "none is asked for"}
    assert json.loads(run("fer_edge", "--check", "--json", "--camera", FACE, "--mqtt", "none").out)["ok"] is True


def test_json_without_check_is_refused() -> None:
    assert run("fer_edge", "--json").code == 2


def test_a_wrong_configuration_is_all_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[camera]\nfsp = 1\n")
    code, parts = check("--config", tmp_path / "config.toml")
    assert (code, list(parts)) == (1, ["configuration"])
    assert "camera.fsp is unknown; did you mean camera.fps?" in parts["configuration"].text


def test_a_damaged_model_is_told_and_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    content = bytearray(DEFAULT_MODEL.read_bytes())
    content[1000:1100] = bytes(100)
    (tmp_path / "damaged.tflite").write_bytes(content)
    code, parts = check("--model", tmp_path / "damaged.tflite", "--camera", FACE, "--mqtt", "none")
    assert code == 1
    assert [part for part, finding in parts.items() if finding.level == "FAIL"] == ["model", "accelerator"]
    assert "sha256 differs" in parts["model"].text
    assert parts["camera"].level == "ok"


def test_an_edge_tpu_that_does_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, "libnothere.so.1")
    plain = tmp_path / "fer.tflite"
    plain.write_bytes(DEFAULT_MODEL.read_bytes())
    write_compiled(tmp_path / "fer_edgetpu.tflite", read_model(DEFAULT_MODEL).labels)
    found = check_accelerator(Config(camera="", broker=None, model=plain))
    assert found.level == "warn"
    assert found.text.startswith("cpu (")
    assert "libnothere.so.1 cannot be loaded" in found.text
    with pytest.raises(FerError, match=r"libnothere\.so\.1 cannot be loaded"):
        check_accelerator(Config(camera="", broker=None, model=plain, accelerator="edgetpu"))


@pytest.mark.parametrize("camera", ["93", "/dev/video93"])
def test_no_camera_is_told_with_the_cure(camera: str) -> None:
    found = check_camera(Config(camera=camera, broker=None))
    assert found.level == "FAIL"
    assert found.text.startswith(f"{camera}: ")
    assert "plug it in, or name another" in found.text
    with pytest.raises(UsageError, match="none is named"):
        check_camera(NOBODY)


def test_a_browser_as_camera_is_not_waited_for() -> None:
    found = check_camera(Config(camera="browser", broker=None))
    assert found.level == "ok"
    assert found.text == "browser: there is nothing to look at until somebody opens the page"


class Shutter:
    """A camera that gives pictures of these brightnesses, and then no more. None: no picture."""

    live, dropped, name = True, 0, "shutter"
    problem = Problem("permission denied", "join the group video")

    def __init__(self, *lights: int | None) -> None:
        self.lights = lights
        self.now = 0.0
        self.closed = False

    def __iter__(self) -> Iterator[Frame | None]:
        for number, light in enumerate([*self.lights, *[self.lights[-1]] * 1000]):
            self.now += 0.5
            yield None if light is None else Frame(np.full((48, 64), light, np.uint8), self.now, number)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("lights", "level", "text"),
    [
        ((None, 200), "ok", "shutter: 64x48"),
        ((0, 0, 200), "ok", "shutter: 64x48"),
        ((0,), "warn", "shutter: 64x48, all dark: is the lens covered, or is it night?"),
        ((None,), "FAIL", "shutter: permission denied: join the group video"),
    ],
)
def test_a_camera_may_need_a_moment_for_its_first_picture_and_for_its_light(
    monkeypatch: pytest.MonkeyPatch, lights: tuple[int | None, ...], level: str, text: str
) -> None:
    camera = Shutter(*lights)
    monkeypatch.setattr("fer_edge.diagnostics.checks.open_source", lambda spec, options: camera)
    found = check_camera(Config(camera="0", broker=None), clock=lambda: camera.now)
    assert found.level == level
    assert found.text.startswith(text)
    assert camera.closed
    assert camera.now < 10


def test_a_dark_picture_is_told(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "night.png"), np.zeros((48, 64), np.uint8))
    assert check_camera(Config(camera=str(tmp_path / "night.png"), broker=None)).level == "warn"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that knows anna, whose password is `right`, and lets her write only what is of the device cam."""
    passwords, rules = tmp_path / "passwords", tmp_path / "acl"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "right"], check=True)
    rules.write_text("user anna\ntopic readwrite fer/cam/#\n")
    broker = Mosquitto(tmp_path)
    broker.start(f"allow_anonymous false\npassword_file {passwords}\nacl_file {rules}")
    yield broker
    broker.close()


@pytest.mark.parametrize(
    ("password", "device", "level", "text"),
    [
        ("right", "cam", "ok", "MQTT 5, user anna"),
        ("wrong", "cam", "FAIL", "refused: Not authorized: look at the user in mqtt.url and at the password"),
        ("right", "other", "FAIL", "fer/other/check: Not authorized: look at the broker's access list"),
    ],
)
def test_a_password_and_an_access_list(guarded: Mosquitto, password: str, device: str, level: str, text: str) -> None:
    url = guarded.url.replace("//", "//anna@")
    environment = {"FER_EDGE_MQTT_PASSWORD": password}
    code, parts = check("--camera", FACE, "--mqtt", url, "--device", device, env=environment)
    assert (code, parts["broker"].level) == (int(level == "FAIL"), level)
    assert text in parts["broker"].text
    assert password not in parts["broker"].text


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, parts = check("--mqtt", "mqtt://anna@127.0.0.1", "--mqtt-password-file", tmp_path / "none", "--camera", FACE)
    assert code == 1
    assert parts["broker"].text == f"--mqtt-password-file {tmp_path / 'none'}: no such file or directory"


def broker_found(broker: Broker | None) -> Finding:
    return check_broker(Config(camera="", broker=broker, device="cam"), {})


def test_a_broker_that_is_away_is_told() -> None:
    found = broker_found(parse_broker(f"mqtt://127.0.0.1:{free_port()}"))
    assert found.level == "FAIL"
    assert "connection refused: start the broker there" in found.text
    found = broker_found(parse_broker("mqtt://nowhere.invalid"))
    assert found.level == "FAIL"
    assert "nowhere.invalid" in found.text


def test_a_certificate_that_must_not_be_trusted_is_told(tmp_path: Path) -> None:
    encrypted = TlsMosquitto(tmp_path, Authority(tmp_path / "ours"))
    encrypted.serve()
    try:
        address = parse_broker(f"mqtts://127.0.0.1:{encrypted.tls_port}")
        found = broker_found(with_files(address, ca=Authority(tmp_path / "strange").ca))
        assert found.level == "FAIL"
        assert "its certificate is refused" in found.text
        assert "mqtt.ca must hold who signed it" in found.text
        assert broker_found(with_files(address, ca=tmp_path / "ours" / "ca.pem")).level == "ok"
        found = broker_found(with_files(parse_broker(f"mqtts://127.0.0.1:{encrypted.port}"), ca=None))
        assert "8883 as a rule" in found.text
    finally:
        encrypted.close()


@pytest.mark.parametrize(
    ("problem", "cures", "cure"),
    [
        ("its certificate is refused: CA cert does not include key usage extension", BROKER_CURES, "keyCertSign"),
        ("its certificate is refused: Missing Authority Key Identifier", BROKER_CURES, "authorityKeyIdentifier=keyid"),
        ("its certificate is refused: certificate has expired", BROKER_CURES, "mqtt.ca must hold"),
        ("it refuses messages to fer/cam/check: Not authorized", BROKER_CURES, "access list"),
    ],
)
def test_the_cure_is_that_of_the_trouble(problem: str, cures: dict[str, str], cure: str) -> None:
    assert with_cure(problem, cures).startswith(f"{problem}: ")
    assert cure in with_cure(problem, cures)
    assert with_cure("something else", cures) == "something else"


def test_a_device_that_runs_is_not_disturbed(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("fer/cam/#")
    address = parse_broker(mosquitto.url)
    assert address
    running = Publisher(address, None, "cam", Outbox())
    wait_until(lambda: running.connected)
    assert broker_found(address).level == "ok"
    wait_until(lambda: any(topic == "fer/cam/check" for topic, _ in heard(file)))
    assert running.connected
    assert [text for topic, text in heard(file) if topic == "fer/cam/status"] == ["online"]
    running.close()


def in_outbox(path: Path | None) -> Finding:
    return check_outbox(Config(camera="", broker=parse_broker("mqtt://h"), outbox=path))


def test_an_outbox_tells_what_waits_and_who_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox(path)
    outbox.put("event")
    outbox.commit(now=True)
    assert in_outbox(path).text.endswith("in use, by fer-edge most likely")
    outbox.close()
    assert in_outbox(path).level == "ok"
    assert in_outbox(path).text.endswith("1 events wait")
    path.write_bytes(b"rubbish" * 1000)
    assert in_outbox(path).level == "warn"
    assert "set aside" in in_outbox(path).text
    assert path.read_bytes() == b"rubbish" * 1000
    assert in_outbox(None).level == "warn"
    assert check_outbox(NOBODY).level == "ok"
    assert in_outbox(tmp_path / "no" / "folder").text == f"{tmp_path / 'no'}: no such file or directory"


ON_A_DISK = """
set -e
mount -t tmpfs -o size=64k,nr_inodes=100 none "$1"
case $2 in
full) head -c 64k /dev/zero > "$1/rubbish" ;;
read-only) mount -o remount,ro none "$1" ;;
esac
shift 2
exec "$@"
"""
LOOK = """
import sys
from pathlib import Path
from fer_edge.config.broker import parse_broker
from fer_edge.diagnostics.checks import check_outbox
from fer_edge.config.model import Config
print(check_outbox(Config(camera="", broker=parse_broker("mqtt://h"), outbox=Path(sys.argv[1]))))
"""


@pytest.mark.parametrize(
    ("disk", "level", "text"),
    [
        ("full", "FAIL", "no space left on device: make room"),
        ("read-only", "FAIL", "read-only file system: the disk may be failing"),
        ("small", "warn", "0 MB free, and a full outbox takes 128: make room"),
    ],
)
def test_a_disk_that_is_full_read_only_or_small_is_told(tmp_path: Path, disk: str, level: str, text: str) -> None:
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: no disk may be mounted here (unshare -Urm)")
    arguments = ["unshare", "-Urm", "sh", "-c", ON_A_DISK, "sh", tmp_path, disk]
    arguments += [sys.executable, "-c", LOOK, tmp_path / "outbox.sqlite"]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=True, timeout=60)
    assert f"level='{level}'" in done.stdout
    assert text in done.stdout


def test_device_nodes_that_are_refused_are_told(tmp_path: Path) -> None:
    (tmp_path / "dma_heap").mkdir()
    for name in ("video0", "media1", "dma_heap/system", "apex_0"):
        (tmp_path / name).touch()
    config = Config(camera="0", broker=None)
    found = check_permissions(config, DeviceFiles(tmp_path, tmp_path, may_write=lambda node: node.name != "video0"))
    assert found.level == "FAIL"
    assert found.text.startswith(f"no permission for {tmp_path}/video0: sudo usermod -aG ")
    found = check_permissions(config, DeviceFiles(tmp_path, tmp_path, may_write=lambda node: True))
    assert found.level == "ok"
    assert all(name in found.text for name in ("video0", "media1", "dma_heap/system", "apex_0"))
    no_coral = DeviceFiles(tmp_path, tmp_path, may_write=lambda node: node.name != "apex_0")
    assert check_permissions(config, no_coral).level == "FAIL"
    assert check_permissions(Config(camera="0", broker=None, accelerator="cpu"), no_coral).level == "ok"
    nothing = DeviceFiles(tmp_path, tmp_path, may_write=lambda node: False)
    assert check_permissions(Config(camera="clip.mp4", broker=None, accelerator="cpu"), nothing).level == "ok"


def test_a_clock_that_nobody_has_set_is_told() -> None:
    assert check_clock(lambda: True).level == "ok"
    assert "timedatectl" in check_clock(lambda: False).text


@pytest.mark.parametrize(
    ("degrees", "bits", "level", "text"),
    [
        (None, None, "ok", "not told by this machine"),
        (52000, None, "ok", "52.0 °C"),
        (52000, 0, "ok", "52.0 °C, never throttled"),
        (83000, None, "warn", "83.0 °C: a Pi slows down at 80"),
        (52000, 0x50005, "warn", "52.0 °C, now slowed down: give it air, or a heat sink; now too little voltage: use"),
        (52000, 0x10000, "warn", "52.0 °C, since boot too little voltage: use the Pi's own power supply"),
    ],
)
def test_heat_and_a_weak_power_supply_are_told(
    tmp_path: Path, degrees: int | None, bits: int | None, level: str, text: str
) -> None:
    if degrees is not None:
        zone = tmp_path / "sys/class/thermal/thermal_zone0"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(f"{degrees}\n")
    found = check_temperature(tmp_path, lambda system: bits)
    assert found.level == level
    assert found.text.startswith(text)


def test_the_firmware_is_asked_through_sysfs_or_vcgencmd(tmp_path: Path) -> None:
    assert read_throttling(tmp_path) is None
    tool = tmp_path / "usr" / "bin" / "vcgencmd"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50000\n')
    tool.chmod(0o755)
    assert read_throttling(tmp_path) == 0x50000
    tool.write_text("#!/bin/sh\necho VCHI initialization failed; exit 255\n")
    assert read_throttling(tmp_path) is None
    node = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    node.parent.mkdir(parents=True)
    node.write_text("50005\n")
    assert read_throttling(tmp_path) == 0x50005


def test_nothing_is_said_of_a_machine_that_was_never_throttled() -> None:
    assert describe_throttling(0) == ""
    assert describe_throttling(0x40000) == "since boot slowed down: give it air, or a heat sink"


def test_the_check_says_on_stderr_nothing_that_the_findings_say() -> None:
    arguments = command("fer_edge", "--check", "--camera", "93", "--mqtt", f"mqtt://127.0.0.1:{free_port()}")
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in done.stderr.splitlines() if not line.startswith("INFO: ")] == []
