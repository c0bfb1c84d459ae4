"""Settings from defaults, file, environment and flags: which one wins, and how a wrong one is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.media import MEDIA
from tests.support.processes import run
from tests.support.refusals import assert_refused
from tests.support.settings import as_flag, parse_flags, write_config

from fer_edge.config.loader import make_config, name_setting, resolve
from fer_edge.config.model import Config
from fer_edge.config.schema import SETTINGS
from fer_edge.config.setting import Setting
from fer_edge.errors import ConfigError, FerError, UsageError

# For each setting three values that differ from its default: for the file, for the environment, for the flag.
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "camera.source": ("1", "/dev/video1", "clip.mp4"),
    "camera.size": ("320x240", "640x480", "1280x720"),
    "camera.fps": (5, 10, 15),
    "camera.rotate": (90, 180, 270),
    "camera.flip": ("h", "v", "h"),
    "camera.light": ("gpio:17", "none", "gpio:4"),
    "camera.allow_snapshots": (True, False, True),
    "mqtt.url": ("mqtt://anna@file", "mqtt://anna@environment", "mqtt://anna@flag"),
    "mqtt.password_file": ("/file", "/environment", "/flag"),
    "mqtt.ca": ("/file", "/environment", "/flag"),
    "mqtt.certificate": ("/file", "/environment", "/flag"),
    "mqtt.key": ("/file", "/environment", "/flag"),
    "mqtt.device": ("file", "environment", "flag"),
    "mqtt.discovery": ("file", "environment", "none"),
    "mqtt.minutes": (False, True, False),
    "mqtt.keep_settings": (True, False, True),
    "mqtt.outbox": ("/file", "/environment", "memory"),
    "model.file": ("small", "/environment.tflite", "nano"),
    "model.accelerator": ("cpu", "edgetpu", "edgetpu:usb:0"),
    "model.threads": (7, 8, 9),
    "faces.detector": ("haar", "network", "haar"),
    "faces.min_face": (0.2, 0.3, 0.4),
    "faces.rate": (5.0, 6.0, 7.0),
    "faces.min_score": (0.2, 0.3, 0.4),
    "web.listen": ("8080", "[::1]:8081", "127.0.0.1:8082"),
    "web.token_file": ("/file", "/environment", "/flag"),
    "web.certificate": ("/file", "/environment", "/flag"),
    "web.key": ("/file", "/environment", "/flag"),
    "web.names": ("file.example", "environment.example", "a.example,b.example"),
    "web.trusted_proxies": ("192.168.1.2", "10.0.0.0/8", "::1, fd00::/8"),
    "web.no_token_for": ("192.168.1.2", "10.0.0.0/8", "172.30.32.2"),
    "web.allow_edit": (True, False, True),
    "history.file": ("/file.csv", "/environment.sqlite", "flag.sqlite"),
    "history.days": (1, 30, 365),
    "output.print": (True, False, True),
}
CERTIFICATES = ("broker.ca", "broker.certificate", "broker.key", "web.certificate", "web.key")  # must be real files
each_setting = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)


def sample_values(setting: Setting) -> tuple[Any, Any, Any]:
    assert setting.key in VALUES, f"add three sample values for {setting.key} to VALUES in {Path(__file__).name}"
    return VALUES[setting.key]


def value_of(setting: Setting, flags: dict[str, Any], environment: dict[str, str], file: Path | None) -> Any:
    return next(each.value for each in resolve(flags, environment, file) if each.setting is setting)


@each_setting
def test_a_flag_overrides_the_environment_which_overrides_the_file_which_overrides_the_default(
    setting: Setting, tmp_path: Path
) -> None:
    in_file, in_environment, in_flag = sample_values(setting)
    file = write_config(tmp_path / "config.toml", {setting.key: in_file})
    environment = {setting.variable: str(in_environment)}
    flags = parse_flags(*as_flag(setting, in_flag))
    assert value_of(setting, {}, {}, None) == setting.default_in({})
    assert value_of(setting, {}, {}, None) != in_file
    assert value_of(setting, {}, {}, file) == in_file
    assert value_of(setting, {}, environment, file) == in_environment
    assert value_of(setting, flags, environment, file) == in_flag
    assert value_of(setting, parse_flags(*as_flag(setting, in_file)), environment, file) == in_file


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.field not in CERTIFICATES], ids=lambda one: one.key)
def test_every_setting_reaches_its_field_of_the_configuration(setting: Setting, tmp_path: Path) -> None:
    required = {"broker.password_file": {"mqtt.url": "mqtt://anna@broker"}}
    others = required.get(setting.field, {"web.listen": "8000"} if setting.section == "web" else {})
    sample = sample_values(setting)[0]
    file = write_config(tmp_path / "config.toml", {**others, setting.key: sample})
    config = make_config(resolve({}, {}, file))
    section, _, name = setting.field.partition(".")
    assert getattr(config, section) != getattr(make_config(resolve({}, {})), section)
    if name and name != "url":
        assert getattr(getattr(config, section), name) == setting.read(sample)


def test_without_any_setting_the_defaults_of_the_configuration_hold() -> None:
    config = make_config(resolve({}, {}))
    assert config == Config(camera="", broker=config.broker)
    assert str(config.broker) == "mqtt://127.0.0.1:1883"


def test_files_and_pictures_have_no_broker_unless_one_is_given(tmp_path: Path) -> None:
    clip, numbered = tmp_path / "walk.mp4", tmp_path / "0"
    clip.touch()
    numbered.touch()
    for source, given, broker in (
        (clip, {}, None),
        (tmp_path, {}, None),
        (clip, {"mqtt.url": "mqtt://h"}, "mqtt://h:1883"),
        ("/dev/null", {}, "mqtt://127.0.0.1:1883"),
        (tmp_path / "nosuch.mp4", {}, "mqtt://127.0.0.1:1883"),
        ("0", {}, "mqtt://127.0.0.1:1883"),
    ):
        config = make_config(resolve({"camera.source": str(source), **given}, {}))
        assert (config.broker and str(config.broker)) == broker
    environment = {"FER_EDGE_CAMERA": str(clip), "FER_EDGE_MQTT": "mqtt://h"}
    assert str(make_config(resolve({}, environment)).broker) == "mqtt://h:1883"


def test_under_systemd_the_outbox_is_in_its_state_directory() -> None:
    config = make_config(resolve({}, {"STATE_DIRECTORY": "/var/lib/fer-edge"}))
    assert config.outbox == Path("/var/lib/fer-edge/outbox.sqlite")


def test_an_empty_variable_sets_nothing_and_variables_of_other_programs_are_ignored() -> None:
    others = ("MQTT_PASSWORD", "EDGETPU_LIBRARY", "FLAGS", "SOAK", "ARM_ROOT", "PICAMERA2_ROOT", "HOMEASSISTANT")
    environment = {"FER_EDGE_CAMERA": "", "MIN_FACE": "9", **{f"FER_EDGE_{name}": "x" for name in others}}
    assert resolve({}, environment) == resolve({}, {})


@pytest.mark.parametrize(
    ("key", "wrong", "expected"),
    [
        ("camera.size", "640", "'640' must be WIDTHxHEIGHT"),
        ("camera.fps", 0, "must be a whole number from 1 to 240"),
        ("camera.rotate", 45, "must be 0, 90, 180 or 270"),
        ("camera.flip", "x", "'x' must be h or v"),
        ("camera.light", "17", "'17' must be gpio:N, with the number of a GPIO from 0 to 27, or none"),
        ("camera.light", "gpio:28", "'gpio:28' must be gpio:N"),
        ("camera.light", "gpio:-1", "'gpio:-1' must be gpio:N"),
        ("camera.light", "GPIO:\u0661", "must be gpio:N"),
        ("camera.allow_snapshots", "perhaps", "'perhaps' must be true or false"),
        ("mqtt.url", "http://h", "http://h: expected mqtt://"),
        ("mqtt.device", "a/b", "'a/b': only the letters"),
        ("mqtt.discovery", "a b", "'a b': expected"),
        ("model.accelerator", "a gpu", "'a gpu': expected auto"),
        ("model.accelerator", "https://me:secret@h", "'https://***@h': expected auto"),
        ("model.file", "https://me:secret@h/model.tflite", "https://***@h/model.tflite: expected a file"),
        ("faces.detector", "cascade", "'cascade' must be haar+network, haar or network"),
        ("model.threads", 0, "must be a whole number from 1 to 1024"),
        ("faces.min_face", 1, "must be a number between 0 and 1"),
        ("faces.min_face", float("nan"), "must be a number between 0 and 1"),
        ("faces.rate", 0, "must be a number above 0 and up to 1000"),
        ("faces.min_score", 1.5, "must be a number from 0 to 1"),
        ("web.listen", "localhost", "'localhost': expected PORT, HOST:PORT (0.0.0.0:8080"),
        ("web.listen", "70000", "'70000': expected PORT"),
        ("web.names", "https://faces.example", "'https://faces.example': expected host names, without ports"),
    ],
)
def test_a_wrong_value_is_reported_with_its_place_and_what_would_be_right(
    tmp_path: Path, key: str, wrong: Any, expected: str
) -> None:
    setting = next(setting for setting in SETTINGS if setting.key == key)
    file = write_config(tmp_path / "config.toml", {key: wrong})
    with pytest.raises(ConfigError) as from_file:
        resolve({}, {}, file)
    assert str(from_file.value).startswith(f"{file}: {key}: ")
    with pytest.raises(ConfigError) as from_variable:
        resolve({}, {setting.variable: str(wrong)})
    assert str(from_variable.value).startswith(f"{setting.variable}: ")
    with pytest.raises(UsageError) as from_flag:
        resolve({key: str(wrong)}, {})
    assert str(from_flag.value).startswith(f"{setting.flag}: ")
    for refusal in (from_file, from_variable, from_flag):
        assert expected in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "expected"),
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
def test_values_in_the_file_must_have_the_right_type(tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "config.toml").write_text(f"[camera]\n{line}\n")
    with pytest.raises(ConfigError, match=expected) as refusal:
        resolve({}, {}, tmp_path / "config.toml")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[camera]\nfsp = 3", "camera.fsp is unknown; did you mean camera.fps?"),
        ("[camra]\nsize = '320x240'", "camra.size is unknown; did you mean camera.size?"),
        ("fps = 3", "fps is unknown; did you mean camera.fps?"),
        ("[camera]\nthreads = 3", "camera.threads is unknown; did you mean model.threads?"),
        ("[mqtt]\npassword = 'secret'", "mqtt.password is unknown; did you mean mqtt.password_file?"),
        ("[x]\nqqqqqq = 1", "x.qqqqqq is unknown; known: camera.source, camera.size"),
        ("[camera]\n'rtsp://me:secret@h' = 1", "***@h is unknown"),
        ("[[camera]]\nfps = 3", "camera is unknown"),
        ("[camera", "not TOML: "),
        ("a = 1\na = 2", "not TOML: "),
        ("a = " + "[" * 5000, "not TOML: "),
    ],
)
def test_an_unknown_key_is_reported_with_the_closest_known_one_and_a_file_that_is_not_toml_as_such(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        resolve({}, {}, file)
    assert str(refusal.value).startswith(f"{file}: {expected}")
    assert "secret" not in str(refusal.value)


def test_a_misspelt_variable_is_reported_with_the_closest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"FER_EDGE_CAMRA is unknown; did you mean FER_EDGE_CAMERA\?"):
        resolve({}, {"FER_EDGE_CAMRA": "0"})


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--config .*none\.toml: no such file"):
        resolve({}, {}, tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"--config https:/\*\*\*@h: no such file"):
        resolve({}, {}, Path("https://me:secret@h"))
    with pytest.raises(ConfigError, match="is a directory"):
        resolve({}, {}, tmp_path)
    (tmp_path / "utf-16").write_text("[camera]", encoding="utf-16")
    with pytest.raises(ConfigError, match=r"utf-16: not TOML: UTF-16 text .*; save it as UTF-8"):
        resolve({}, {}, tmp_path / "utf-16")


def test_settings_that_contradict_each_other_are_reported_by_the_place_they_came_from(tmp_path: Path) -> None:
    file = write_config(tmp_path / "config.toml", {"mqtt.key": "/key.pem"})
    with pytest.raises(ConfigError, match=f"{file}: mqtt.key needs a certificate: add --mqtt-cert"):
        make_config(resolve({}, {}, file))
    with pytest.raises(ConfigError, match=r"FER_EDGE_MQTT_KEY: mqtt\.key needs a certificate: add --mqtt-cert"):
        make_config(resolve({}, {"FER_EDGE_MQTT_KEY": "/key.pem"}))
    with pytest.raises(UsageError, match="--mqtt-key needs a certificate: add --mqtt-cert"):
        make_config(resolve({"mqtt.key": "/key.pem"}, {}))
    with pytest.raises(UsageError, match="--web-key needs a certificate: add --web-cert"):
        make_config(resolve({"web.key": "/key.pem", "web.listen": "8080"}, {}))


def test_certificates_are_read_with_the_configuration(tmp_path: Path) -> None:
    file = write_config(tmp_path / "config.toml", {"mqtt.url": "mqtts://h", "mqtt.ca": str(tmp_path / "ca.pem")})
    with pytest.raises(ConfigError, match=r"mqtt\.ca .*ca\.pem: no such file"):
        make_config(resolve({}, {}, file))
    file = write_config(tmp_path / "config.toml", {"web.listen": "8080", "web.certificate": str(tmp_path / "web.pem")})
    with pytest.raises(ConfigError, match=r"web\.certificate .*web\.pem: no such file"):
        make_config(resolve({}, {}, file))


@pytest.mark.parametrize(
    ("flags", "environment", "kind", "text"),
    [
        ({"camera.source": "9"}, {}, UsageError, "--camera 9: away: plug it in"),
        ({}, {"FER_EDGE_CAMERA": "9"}, ConfigError, "FER_EDGE_CAMERA: camera.source 9: away: plug it in"),
        ({}, {}, UsageError, "--camera 9: away: plug it in"),
    ],
)
def test_an_error_is_named_by_the_place_that_its_setting_came_from(
    flags: dict[str, str], environment: dict[str, str], kind: type[FerError], text: str
) -> None:
    error = UsageError("9: away", setting="camera.source", cure="plug it in")
    named = name_setting(error, resolve(flags, environment))
    assert (type(named), str(named)) == (kind, text)
    fault = name_setting(FerError("9: away", setting="camera.source"), resolve({}, {"FER_EDGE_CAMERA": "9"}))
    assert (type(fault), str(fault)) == (FerError, "FER_EDGE_CAMERA: camera.source 9: away")


def test_an_error_without_a_setting_keeps_its_text() -> None:
    error = UsageError("--annotate out.mp4: is a folder")
    assert name_setting(error, resolve({}, {})) is error


@pytest.mark.parametrize(
    ("text", "arguments", "code", "expected"),
    [
        ("[camera]\nfsp = 3", [], 78, "config.toml: camera.fsp is unknown; did you mean camera.fps?"),
        ("[camera]\nfps = 3", ["--rotate", "7"], 2, "--rotate: '7' must be"),
        ("", [], 2, "--camera is missing"),
        ("[camera]\nsource = '/no.mp4'", ["--mqtt", "none"], 78, "config.toml: camera.source /no.mp4: no such file: "),
        ("", ["--camera", "/no.mp4"], 2, "fer-edge: --camera /no.mp4: no such file: "),
        ("[camera]\nsource = '/no.mp4'", ["--mqtt-key", "k"], 2, "--mqtt-key needs a certificate"),
    ],
)
def test_the_exit_code_distinguishes_flags_from_the_configuration(
    tmp_path: Path, text: str, arguments: list[str], code: int, expected: str
) -> None:
    (tmp_path / "config.toml").write_text(text)
    done = run("fer_edge", "--config", tmp_path / "config.toml", *arguments)
    assert_refused(done, "fer-edge: ", expected, code)


def test_a_run_can_be_configured_by_the_file_only(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    picture = MEDIA / "faces" / "bryan.png"
    text = f'[camera]\nsource = "{picture}"\n[mqtt]\nurl = "none"\ndevice = "cam"\n[output]\nprint = true\n'
    file.write_text(text, encoding="utf-8-sig", newline="\r\n")  # as Notepad writes it
    done = run("fer_edge", "--config", file)
    assert done.code == 0, done.err
    assert [(event["type"], event["device"]) for event in done.events] == [("start", "cam"), ("end", "cam")]
    assert run("fer_edge", "--config", file, "--no-print").out == ""
