"""`fer-edge --check` as a whole: its order, its lines, its JSON. The findings of a part: see the test of its module."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.support.checks import run_check
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.processes import command, run

from fer_edge.config.loader import resolve
from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.diagnostics.finding import fail, ok, warn
from fer_edge.diagnostics.report import CHECKS, as_json, format_line, run_checks
from fer_edge.errors import ConfigError
from fer_edge.inference.model_file import read_model

FACE = MEDIA / "faces" / "bryan.png"


def test_everything_passes_with_a_broker_a_model_and_a_picture(mosquitto: Mosquitto, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.sqlite"
    code, parts = run_check("--camera", FACE, "--mqtt", mosquitto.url, "--outbox", outbox)
    assert code == 0
    assert list(parts) == ["configuration", *CHECKS]
    assert not [part for part, finding in parts.items() if finding.level == "FAIL"]
    assert parts["configuration"].text == "--camera, --mqtt, --outbox"
    labels = ", ".join(read_model(DEFAULT_MODEL).labels)
    assert parts["model"].text == f"base, sha256 {read_model(DEFAULT_MODEL).sha256[:12]}: {labels}"
    assert parts["accelerator"].text.startswith("cpu (")
    assert parts["detector"] == ok("haar+network")
    assert parts["camera"].text == f"{FACE}: 115x115"
    assert parts["broker"].text == f"{mosquitto.url}: MQTT 5, without a user"
    assert "MB free" in parts["outbox"].text
    assert parts["page"].text == "not configured"
    assert not outbox.exists(), "made by the user who runs the check, it might belong to the wrong one"


def test_a_finding_is_one_line_with_level_part_and_text() -> None:
    assert format_line("broker", fail("refused:\n  check the password")) == (
        "FAIL broker        refused: check the password"
    )
    assert format_line("clock", ok("synchronised")) == "ok   clock         synchronised"


def test_the_findings_as_json(tmp_path: Path) -> None:
    done = run("fer_edge", "--check", "--json", "--camera", tmp_path / "none.mp4", "--mqtt", "none")
    report = json.loads(done.out)
    assert (done.code, report["ok"]) == (1, False)
    assert list(report["parts"]) == ["configuration", *CHECKS]
    assert report["parts"]["camera"]["level"] == "fail"
    assert "no such file" in report["parts"]["camera"]["text"]
    assert report["parts"]["broker"] == {"level": "ok", "text": "not configured"}


def test_warnings_alone_do_not_fail_the_report() -> None:
    assert json.loads(as_json([("clock", warn("not synchronised"))])) == {
        "ok": True,
        "parts": {"clock": {"level": "warn", "text": "not synchronised"}},
    }


def test_a_wrong_configuration_is_the_only_finding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[camera]\nfsp = 1\n")
    code, parts = run_check("--config", tmp_path / "config.toml")
    assert (code, list(parts)) == (1, ["configuration"])
    assert "camera.fsp is unknown; did you mean camera.fps?" in parts["configuration"].text


def test_contradicting_settings_are_the_only_finding_too() -> None:
    (finding,) = run_checks(lambda: resolve({"mqtt.key": "/key.pem"}, {}))
    assert finding == ("configuration", fail("--mqtt-key needs a certificate: add --mqtt-cert or mqtt.certificate"))


def test_the_zones_are_listed(tmp_path: Path) -> None:
    zones = (
        '[[zones]]\nname = "sofa"\nbox = [0, 0, 0.5, 1]\n[[zones]]\nname = "tv"\nbox = [0.5, 0, 0.5, 1]\nignore = true'
    )
    (tmp_path / "config.toml").write_text(zones)
    (_, finding), *_ = run_checks(lambda: resolve({}, {}, tmp_path / "config.toml"))
    assert finding == ok(f"{tmp_path / 'config.toml'}; zones: sofa, tv (ignored)")


def test_an_unreadable_file_is_reported_and_not_raised() -> None:
    def refuse() -> list[object]:
        raise ConfigError("/etc/fer-edge/config.toml: permission denied")

    (finding,) = run_checks(refuse)  # type: ignore[arg-type]
    assert finding == ("configuration", fail("/etc/fer-edge/config.toml: permission denied"))


def test_after_a_failed_part_the_others_are_still_checked(tmp_path: Path) -> None:
    content = bytearray(DEFAULT_MODEL.read_bytes())
    content[1000:1100] = bytes(100)
    (tmp_path / "damaged.tflite").write_bytes(content)
    code, parts = run_check("--model", tmp_path / "damaged.tflite", "--camera", FACE, "--mqtt", "none")
    assert code == 1
    assert [part for part, finding in parts.items() if finding.level == "FAIL"] == ["model", "accelerator"]
    assert "sha256 differs" in parts["model"].text
    assert parts["camera"].level == "ok"


def test_nothing_is_logged_that_the_findings_report() -> None:
    arguments = command("fer_edge", "--check", "--camera", "93", "--mqtt", f"mqtt://127.0.0.1:{free_port()}")
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in done.stderr.splitlines() if not line.startswith("INFO: ")] == []
