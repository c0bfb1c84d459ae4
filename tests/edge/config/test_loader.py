"""Settings: by default, in the file, in the environment and by flags."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import MEDIA, run

from fer_edge.command_line import OneLineParser
from fer_edge.config.loader import gather, make_config
from fer_edge.config.model import Config
from fer_edge.config.schema import SETTINGS, Setting, add_flags
from fer_edge.config.toml import as_toml, example
from fer_edge.errors import ConfigError, UsageError

ROOT = Path(__file__).parents[3]

# Of each setting three values, each other than the default: in the file, in the environment, by flag.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "camera.source": ("1", "/dev/video1", "clip.mp4"),
    "camera.size": ("320x240", "640x480", "1280x720"),
    "camera.fps": (5, 10, 15),
    "camera.rotate": (90, 180, 270),
    "camera.flip": ("h", "v", "h"),
    "camera.allow_snapshots": (True, False, True),
    "mqtt.url": ("mqtt://anna@file", "mqtt://anna@environment", "mqtt://anna@flag"),
    "mqtt.password_file": ("/file", "/environment", "/flag"),
    "mqtt.ca": ("/file", "/environment", "/flag"),
    "mqtt.certificate": ("/file", "/environment", "/flag"),
    "mqtt.key": ("/file", "/environment", "/flag"),
    "mqtt.device": ("file", "environment", "flag"),
    "mqtt.discovery": ("file", "environment", "none"),
    "mqtt.outbox": ("/file", "/environment", "memory"),
    "model.file": ("small", "/environment.tflite", "nano"),
    "model.accelerator": ("cpu", "edgetpu", "edgetpu:usb:0"),
    "model.threads": (7, 8, 9),
    "faces.min_face": (0.2, 0.3, 0.4),
    "faces.rate": (5.0, 6.0, 7.0),
    "faces.min_score": (0.2, 0.3, 0.4),
    "web.listen": ("8080", "[::1]:8081", "127.0.0.1:8082"),
    "web.token_file": ("/file", "/environment", "/flag"),
    "web.certificate": ("/file", "/environment", "/flag"),
    "web.key": ("/file", "/environment", "/flag"),
    "web.names": ("file.example", "environment.example", "a.example,b.example"),
    "output.print": (True, False, True),
}
CERTIFICATES = (
    "broker.ca",
    "broker.certificate",
    "broker.key",
    "web.certificate",
    "web.key",
)  # must be real: see below
every = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)


def as_file(path: Path, values: dict[str, Any]) -> Path:
    """A file that sets `values`, by key."""
    lines = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        text = str(value).lower() if isinstance(value, bool) else repr(value)
        lines.setdefault(f"[{section}]", []).append(f"{name} = {text}")
    path.write_text("\n".join("\n".join([section, *names]) for section, names in lines.items()))
    return path


def as_flag(setting: Setting, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [setting.flag if value else setting.flag.replace("--", "--no-", 1)]
    return [setting.flag, str(value)]


def flags(*arguments: str) -> dict[str, Any]:
    parser = OneLineParser(prog="fer-edge")
    add_flags(parser)
    return vars(parser.parse_args(arguments))


def value(setting: Setting, given_flags: dict[str, Any], environment: dict[str, str], file: Path | None) -> Any:
    return next(each.value for each in gather(given_flags, environment, file) if each.setting is setting)


@every
def test_flags_win_over_the_environment_that_over_the_file_and_that_over_the_default(
    setting: Setting, tmp_path: Path
) -> None:
    in_file, in_environment, by_flag = VALUES[setting.key]
    file = as_file(tmp_path / "config.toml", {setting.key: in_file})
    environment = {setting.variable: str(in_environment)}
    given_flags = flags(*as_flag(setting, by_flag))
    assert value(setting, {}, {}, None) == setting.default_in({})
    assert value(setting, {}, {}, None) != in_file
    assert value(setting, {}, {}, file) == in_file
    assert value(setting, {}, environment, file) == in_environment
    assert value(setting, given_flags, environment, file) == by_flag
    assert value(setting, flags(*as_flag(setting, in_file)), environment, file) == in_file


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.field not in CERTIFICATES], ids=lambda one: one.key)
def test_a_setting_reaches_the_configuration(setting: Setting, tmp_path: Path) -> None:
    needed = {"broker.password_file": {"mqtt.url": "mqtt://anna@broker"}}
    other = needed.get(setting.field, {"web.listen": "8000"} if setting.section == "web" else {})
    file = as_file(tmp_path / "config.toml", {**other, setting.key: VALUES[setting.key][0]})
    config = make_config(gather({}, {}, file))
    part, _, name = setting.field.partition(".")
    assert getattr(config, part) != getattr(make_config(gather({}, {})), part)
    if name and name != "url":
        assert getattr(getattr(config, part), name) == setting.read(VALUES[setting.key][0])


def test_what_nobody_sets_is_the_default_of_the_configuration() -> None:
    made = make_config(gather({}, {}))
    assert made == Config(camera="", broker=made.broker)
    assert str(made.broker) == "mqtt://127.0.0.1:1883"


def test_under_systemd_events_wait_in_its_state_directory() -> None:
    assert make_config(gather({}, {"STATE_DIRECTORY": "/var/lib/fer-edge"})).outbox == Path(
        "/var/lib/fer-edge/outbox.sqlite"
    )


def test_an_empty_variable_sets_nothing_and_names_of_others_are_let_be() -> None:
    others = ("MQTT_PASSWORD", "EDGETPU_LIBRARY", "FLAGS", "SOAK", "ARM_ROOT", "PICAMERA2_ROOT", "HOMEASSISTANT")
    environment = {"FER_EDGE_CAMERA": "", "MIN_FACE": "9", **{f"FER_EDGE_{name}": "x" for name in others}}
    assert gather({}, environment) == gather({}, {})


WRONG = [
    ("camera.size", "640", "'640' must be WIDTHxHEIGHT"),
    ("camera.fps", 0, "must be a whole number from 1 to 240"),
    ("camera.rotate", 45, "must be 0, 90, 180 or 270"),
    ("camera.flip", "x", "'x' must be h or v"),
    ("camera.allow_snapshots", "perhaps", "'perhaps' must be true or false"),
    ("mqtt.url", "http://h", "http://h: expected mqtt://"),
    ("mqtt.device", "a/b", "'a/b': only the letters"),
    ("mqtt.discovery", "a b", "'a b': expected"),
    ("model.accelerator", "gpu", "'gpu': expected auto"),
    ("model.threads", 0, "must be a whole number of at least 1"),
    ("faces.min_face", 1, "must be a number between 0 and 1"),
    ("faces.min_face", float("nan"), "must be a number between 0 and 1"),
    ("faces.rate", 0, "must be a number above 0 and up to 1000"),
    ("web.listen", "localhost", "'localhost': expected PORT, HOST:PORT (0.0.0.0:8080"),
    ("web.listen", "70000", "'70000': expected PORT"),
    ("web.names", "https://faces.example", "'https://faces.example': expected names of hosts, without a port"),
    ("faces.min_score", 1, "must be 0 or a number between 0 and 1"),
]


@pytest.mark.parametrize(("key", "wrong", "complaint"), WRONG)
def test_a_wrong_value_is_named_with_its_place_and_what_is_right(
    tmp_path: Path, key: str, wrong: Any, complaint: str
) -> None:
    setting = next(setting for setting in SETTINGS if setting.key == key)
    file = as_file(tmp_path / "config.toml", {key: wrong})
    with pytest.raises(ConfigError) as by_file:
        gather({}, {}, file)
    assert str(by_file.value).startswith(f"{file}: {key}: ")
    with pytest.raises(ConfigError) as by_variable:
        gather({}, {setting.variable: str(wrong)})
    assert str(by_variable.value).startswith(f"{setting.variable}: ")
    with pytest.raises(UsageError) as by_flag:
        gather({key: str(wrong)}, {})
    assert str(by_flag.value).startswith(f"{setting.flag}: ")
    for refusal in (by_file, by_variable, by_flag):
        assert complaint in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('fps = "15"', "camera.fps: '15' must be a whole number from 1 to 240"),
        ("fps = 15.0", "camera.fps: 15.0 must be"),
        ("fps = true", "camera.fps: True must be"),
        ("source = 0", "camera.source: 0 must be a text, in quotes"),
        ('allow_snapshots = "true"', "camera.allow_snapshots: 'true' must be true or false"),
        ("flip = ['h']", r"camera.flip: \['h'\] must be"),
        ("source = ['rtsp://me:secret@h']", r"must be a text"),
    ],
)
def test_the_file_has_types_of_its_own(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "config.toml").write_text(f"[camera]\n{line}\n")
    with pytest.raises(ConfigError, match=complaint) as refusal:
        gather({}, {}, tmp_path / "config.toml")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[camera]\nfsp = 3", "camera.fsp is unknown; did you mean camera.fps?"),
        ("[camra]\nsize = '320x240'", "camra.size is unknown; did you mean camera.size?"),
        ("fps = 3", "fps is unknown; did you mean camera.fps?"),
        ("[camera]\nthreads = 3", "camera.threads is unknown; did you mean model.threads?"),
        ("[mqtt]\npassword = 'secret'", "mqtt.password is unknown; did you mean mqtt.password_file?"),
        ("[x]\nqqqqqq = 1", "x.qqqqqq is unknown; known: camera.source, camera.size"),
        ("[[camera]]\nfps = 3", "camera is unknown"),
        ("[camera", "no TOML: "),
        ("a = 1\na = 2", "no TOML: "),
        ("a = " + "[" * 5000, "no TOML: "),
    ],
)
def test_what_the_file_should_not_say_is_named_with_the_nearest_right_name(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        gather({}, {}, file)
    assert str(refusal.value).startswith(f"{file}: {complaint}")
    assert "secret" not in str(refusal.value)


def test_a_misspelt_variable_is_named_with_the_nearest_right_name() -> None:
    with pytest.raises(ConfigError, match=r"FER_EDGE_CAMRA is unknown; did you mean FER_EDGE_CAMERA\?"):
        gather({}, {"FER_EDGE_CAMRA": "0"})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--config .*none\.toml: no such file"):
        gather({}, {}, tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="is a directory"):
        gather({}, {}, tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no TOML"):
        gather({}, {}, tmp_path / "binary")


def test_settings_that_do_not_go_together_are_the_fault_of_who_said_them(tmp_path: Path) -> None:
    file = as_file(tmp_path / "config.toml", {"mqtt.key": "/key.pem"})
    with pytest.raises(ConfigError, match=f"{file}: mqtt.key needs a certificate: add --mqtt-cert"):
        make_config(gather({}, {}, file))
    with pytest.raises(UsageError, match="--mqtt-key needs a certificate: add --mqtt-cert"):
        make_config(gather({"mqtt.key": "/key.pem"}, {}))
    with pytest.raises(UsageError, match="--web-key needs a certificate: add --web-cert"):
        make_config(gather({"web.key": "/key.pem", "web.listen": "8080"}, {}))


def test_certificates_of_the_file_are_looked_at(tmp_path: Path) -> None:
    file = as_file(tmp_path / "config.toml", {"mqtt.url": "mqtts://h", "mqtt.ca": str(tmp_path / "ca.pem")})
    with pytest.raises(ConfigError, match=r"ca\.pem: no such file"):
        make_config(gather({}, {}, file))
    file = as_file(tmp_path / "config.toml", {"web.listen": "8080", "web.certificate": str(tmp_path / "web.pem")})
    with pytest.raises(ConfigError, match=r"web\.certificate .*web\.pem: no such file"):
        make_config(gather({}, {}, file))


def test_the_example_is_made_from_the_settings() -> None:
    assert (ROOT / "systemd" / "config.toml").read_text() == example(), "make it: python -m fer_edge.config.toml"
    assert gather({}, {}, ROOT / "systemd" / "config.toml") == gather({}, {})


def test_every_line_of_the_example_may_be_taken_as_it_stands_and_is_the_default(tmp_path: Path) -> None:
    bare = [line.removeprefix("#") for line in example().splitlines() if not line.startswith("# ")]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(bare))
    resolved = gather({}, {}, file)
    assert len(resolved) == len([each for each in resolved if each.origin])
    assert not [
        each.setting.key for each in resolved if not each.setting.unset and each.value != each.setting.default_in({})
    ]


def test_what_holds_is_printed_with_its_origins_and_without_secrets(tmp_path: Path) -> None:
    file = as_file(tmp_path / "config.toml", {"camera.source": "rtsp://me:hunter2@cam/live?key=topsecret"})
    environment = {"FER_EDGE_MQTT_PASSWORD": "hunter3", "FER_EDGE_MIN_FACE": "0.25"}
    done = run("fer_edge", "--print-config", "--config", file, "--rotate", "90", env=environment)
    assert done.code == 0, done.err
    assert f'source = "rtsp://me:***@cam/live?***"  # {file}\n' in done.out
    assert "min_face = 0.25  # FER_EDGE_MIN_FACE\n" in done.out
    assert "rotate = 90  # --rotate\n" in done.out
    assert 'file = "base"  # default\n' in done.out
    assert "# fps: its own rate (default)\n" in done.out
    assert not [secret for secret in ("hunter2", "hunter3", "topsecret") if secret in done.out + done.err]


@given(st.text(st.characters(codec="utf-8"), min_size=1))
@settings(max_examples=200, deadline=None)
def test_what_is_printed_says_the_same_when_it_is_read(text: str) -> None:
    resolved = gather({"camera.source": text.replace("//", "").replace("?", "")}, {})
    printed = tomllib.loads(as_toml(resolved))
    for each in resolved:
        section, _, name = each.setting.key.partition(".")
        assert printed[section].get(name) == each.value


@pytest.mark.parametrize(
    ("text", "arguments", "code", "complaint"),
    [
        ("[camera]\nfsp = 3", [], 78, "config.toml: camera.fsp is unknown; did you mean camera.fps?"),
        ("[camera]\nfps = 3", ["--rotate", "7"], 2, "--rotate: '7' must be"),
        ("", [], 2, "--camera is missing"),
        (
            "[camera]\nsource = '/no.mp4'",
            ["--mqtt", "none"],
            78,
            "config.toml: camera.source /no.mp4: no such file: give",
        ),
        ("", ["--camera", "/no.mp4"], 2, "fer-edge: --camera /no.mp4: no such file: give"),
        ("[camera]\nsource = '/no.mp4'", ["--mqtt-key", "k"], 2, "--mqtt-key needs a certificate"),
    ],
)
def test_the_exit_code_tells_whose_fault_it_is(
    tmp_path: Path, text: str, arguments: list[str], code: int, complaint: str
) -> None:
    (tmp_path / "config.toml").write_text(text)
    done = run("fer_edge", "--config", tmp_path / "config.toml", *arguments)
    assert (done.code, done.out) == (code, "")
    (line,) = (line for line in done.err.splitlines() if not line.startswith("INFO: "))  # of the runtime
    assert complaint in line


def test_a_run_that_is_set_by_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    picture = MEDIA / "faces" / "bryan.png"
    file.write_text(f'[camera]\nsource = "{picture}"\n[mqtt]\nurl = "none"\ndevice = "cam"\n[output]\nprint = true\n')
    done = run("fer_edge", "--config", file)
    assert done.code == 0, done.err
    assert [(event["type"], event["device"]) for event in done.events] == [("start", "cam"), ("end", "cam")]
    assert run("fer_edge", "--config", file, "--no-print").out == ""
