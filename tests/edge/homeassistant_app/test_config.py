"""The files of the Home Assistant app, against the rules of the Supervisor and the settings of the daemon.

The rules: https://developers.home-assistant.io/docs/apps/configuration and /docs/apps/presentation, November 2026.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest
import yaml
from jsonschema import Draft202012Validator

from fer_edge import __version__
from fer_edge.config.broker import PASSWORD
from fer_edge.config.schema import SETTINGS

ROOT = Path(__file__).parents[3]
APP = ROOT / "edge" / "homeassistant-app"
LANGUAGES = ("en", "de", "fr", "es", "it")
NUMBER = r"-?\d*\.?\d+"
OPTION_TYPE = (
    r"^(bool|email|url|port|device(\(subsystem=[a-z]+\))?|(str|password)(\(\d*,\d*\))?|int(\((-?\d+)?,(-?\d+)?\))?|"
    rf"float(\(({NUMBER})?,({NUMBER})?\))?|match\(.*\)|list\(.+\))\??$"
)
SWITCHES = [
    "apparmor", "audio", "auth_api", "devicetree", "docker_api", "full_access", "gpio", "hassio_api",
    "homeassistant_api", "host_dbus", "host_ipc", "host_network", "host_pid", "host_uts", "ingress", "ingress_stream",
    "init", "journald", "kernel_modules", "legacy", "panel_admin", "realtime", "stdin", "tmpfs", "uart", "udev", "usb",
    "video",
]  # fmt: skip
TEXTS = ["backup_post", "backup_pre", "homeassistant", "image", "ingress_entry", "panel_title", "url"]
FOLDERS = "data|ssl|addons|backup|share|media|homeassistant_config|all_addon_configs|addon_config"
HOST = r"\[HOST\]:(\[PORT:\d+\]|\d+)"
CONFIG_RULES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "slug", "description", "arch"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
        "slug": {"type": "string", "pattern": "^[-_.A-Za-z0-9]+$"},
        "description": {"type": "string"},
        "arch": {"type": "array", "minItems": 1, "items": {"enum": ["aarch64", "amd64"]}},
        "startup": {"enum": ["initialize", "system", "services", "application", "once"]},
        "boot": {"enum": ["auto", "manual", "manual_only"]},
        "stage": {"enum": ["stable", "experimental", "deprecated"]},
        "backup": {"enum": ["hot", "cold"]},
        "services": {"type": "array", "items": {"pattern": "^(mqtt|mysql):(provide|want|need)$"}},
        "map": {"type": "array", "items": {"pattern": f"^({FOLDERS})(:(rw|ro))?$"}},
        "devices": {"type": "array", "items": {"type": "string", "pattern": "^/dev/[^:]+$"}},
        "ingress_port": {"type": "integer", "minimum": 0, "maximum": 65535},
        "panel_icon": {"type": "string", "pattern": "^mdi:[a-z0-9-]+$"},
        "watchdog": {"type": "string", "pattern": rf"^(https?|tcp)://{HOST}.*$"},
        "timeout": {"type": "integer", "minimum": 10, "maximum": 300},
        "options": {"type": "object"},
        "schema": {"type": "object", "additionalProperties": {"type": "string", "pattern": OPTION_TYPE}},
        **{name: {"type": "boolean"} for name in SWITCHES},
        **{name: {"type": "string"} for name in TEXTS},
    },
}
CONFIG = yaml.safe_load((APP / "config.yaml").read_text())
each_option = pytest.mark.parametrize("option", CONFIG["schema"])


def test_the_configuration_follows_the_rules_of_the_supervisor() -> None:
    Draft202012Validator(CONFIG_RULES).validate(CONFIG)
    assert CONFIG["version"] == __version__
    repository = yaml.safe_load((ROOT / "repository.yaml").read_text())
    assert set(repository) <= {"name", "url", "maintainer"}
    assert repository["name"]


def test_the_rules_refuse_what_the_supervisor_would_refuse() -> None:
    wrong = {"arch": ["armv7"], "services": ["mqtt"], "map": ["data:rx"], "schema": {"rate": "number"}, "gpu": True}
    for name, value in wrong.items():
        assert not Draft202012Validator(CONFIG_RULES).is_valid(CONFIG | {name: value})


def test_options_without_a_default_are_optional_and_the_others_are_not() -> None:
    required = {name for name, kind in CONFIG["schema"].items() if not kind.endswith("?")}
    assert set(CONFIG["options"]) == required


@each_option
def test_an_option_is_the_setting_of_its_name_with_values_that_it_accepts(option: str) -> None:
    variable, kind = f"FER_EDGE_{option.upper()}", CONFIG["schema"][option].rstrip("?")
    if variable == PASSWORD.variable:
        assert kind == "password"
        return
    (setting,) = [setting for setting in SETTINGS if setting.variable == variable]
    name, _, arguments = kind.partition("(")
    values = re.split(r"[|,]", arguments.rstrip(")")) if name in {"list", "int", "float"} else []
    for value in [*values, *([str(CONFIG["options"][option]).lower()] if option in CONFIG["options"] else [])]:
        setting.read(setting.value_type.check(value, strict=False))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_is_translated(language: str) -> None:
    translation = yaml.safe_load((APP / "translations" / f"{language}.yaml").read_text(encoding="utf-8"))
    assert list(translation) == ["configuration"]
    assert list(translation["configuration"]) == list(translation["configuration"] | CONFIG["schema"])
    assert set(translation["configuration"]) == set(CONFIG["schema"])
    for texts in translation["configuration"].values():
        assert list(texts) == ["name", "description"]
        assert all(isinstance(text, str) and text for text in texts.values())


@each_option
def test_every_option_is_documented(option: str) -> None:
    rows = [line for line in (APP / "DOCS.md").read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{option}`" in row.split("|")[1] for row in rows)


def test_the_pictures_have_the_sizes_that_are_recommended() -> None:
    for name, size in (("icon.png", (128, 128)), ("logo.png", (100, 250))):
        assert cv2.imread(str(APP / name)).shape[:2] == size


def test_the_page_is_where_the_ingress_and_the_watchdog_expect_it() -> None:
    (port,) = re.findall(r'^PAGE = "0\.0\.0\.0:(\d+)"', (APP / "start.py").read_text(), re.MULTILINE)
    assert int(port) == CONFIG["ingress_port"]
    assert CONFIG["watchdog"].endswith(f":{port}")


def test_the_image_and_the_profile_hold_what_the_start_needs() -> None:
    image = (APP / "Dockerfile").read_text()
    profile = (APP / "apparmor.txt").read_text()
    start = (APP / "start.py").read_text()
    (daemon,) = re.findall(r'^DAEMON = "(.+)"', start, re.MULTILINE)
    (user,) = re.findall(r'^USER = "(.+)"', start, re.MULTILINE)
    assert str(Path(daemon).parents[1]) in image
    assert re.search(rf"useradd .* {user}$", image, re.MULTILINE)
    assert f"profile {CONFIG['slug']} " in profile
    writable = set(re.findall(r"^  (/\w+)/\*\* rwk,", profile, re.MULTILINE))
    assert {"/data", "/config", "/tmp"} <= writable  # noqa: S108


@pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="NOT TESTED: apparmor is not installed")
def test_the_profile_is_understood_by_apparmor() -> None:
    done = subprocess.run(
        ["apparmor_parser", "--skip-kernel-load", "--skip-cache", APP / "apparmor.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
