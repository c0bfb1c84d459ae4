"""What the wheels hold, what is installed, and the message when an extra is missing."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.support.processes import run

from fer_edge import __version__

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, BUILD = PYPROJECT["project"], PYPROJECT["build-system"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return next(out.glob("*.whl"))


def test_the_wheel_holds_packages_model_and_schema_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "fer_edge/cli.py",
        "fer_edge/models/base.tflite",
        "fer_edge/models/nano.tflite",
        "fer_edge/models/small.tflite",
        "fer_train/report/page.html",
        "fer_edge/models/README.md",
        "fer_edge/schema/event.json",
        "fer_edge/py.typed",
        "fer_train/cli.py",
        "fer_convert/cli.py",
    } <= names
    assert not [name for name in names if "test" in name or name.endswith((".mp4", ".jpg"))]


def test_the_wheel_of_the_device_holds_no_host_code(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip"]
    (tmp_path / "pip").write_text(f'#!/bin/sh\nexec {" ".join(pip)} "$@"\n')
    (tmp_path / "pip").chmod(0o755)
    command = [ROOT / "systemd" / "build_wheel.sh", tmp_path, tmp_path / "pip"]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"fer_edge", wheel_info(wheel)}
        entry_points = archive.read(f"{wheel_info(wheel)}/entry_points.txt").decode()
        assert "fer_edge/models/base.tflite" in archive.namelist()
        assert "fer_edge/web/static/index.html" in archive.namelist()
    assert re.findall(r"^fer-\w+", entry_points, re.MULTILINE) == ["fer-edge"]


def wheel_info(wheel: Path) -> str:
    return f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("fer_train", "fit --data {0}/faces.csv --out {0}/run", "train"),
        ("fer_convert", "quantize m.keras --data {0}/faces.csv --out {0}/x.tflite", "convert"),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(
    tmp_path: Path, module: str, arguments: str, extra: str
) -> None:
    (tmp_path / "faces.csv").write_text(f"emotion,pixels,Usage\n3,{' '.join(['7'] * 2304)},Training\n")
    (tmp_path / "keras.py").write_text("raise ModuleNotFoundError('not installed', name='keras')")
    done = run(module, *arguments.format(tmp_path).split(), env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"needs keras, which is not installed: pip install 'fer-edge[{extra}]'" in done.err


def test_the_pi_gets_nothing_heavy() -> None:
    names = {re.split(r"[^a-z0-9-]", dependency)[0] for dependency in PROJECT["dependencies"]}
    assert names == {"msgspec", "paho-mqtt", "numpy", "opencv-python-headless", "tflite-runtime", "ai-edge-litert"}


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize(
    ("part", "needed"),
    [("", PROJECT["dependencies"] + BUILD["requires"]), ("-web", PROJECT["optional-dependencies"]["web"])],
)
def test_a_lock_file_pins_all_that_the_pi_needs_by_hashes_and_no_host(
    python: str, part: str, needed: list[str]
) -> None:
    text = (ROOT / "systemd" / f"requirements-{python}{part}.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==(\S+) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
    assert len(pins) == text.count("==")
    pinned = {canonicalize_name(name): version for name, version, _ in pins}
    wanted = [Requirement(text) for text in needed]
    wanted = [need for need in wanted if not need.marker or need.marker.evaluate({"python_version": python})]
    assert all(need.specifier.contains(pinned[canonicalize_name(need.name)]) for need in wanted)
    assert "://" not in text


@pytest.mark.parametrize("module", ["fer_edge", "fer_train", "fer_convert"])
def test_each_command_tells_its_version_and_help(module: str) -> None:
    assert run(module, "--version").out.strip() == f"{module.replace('_', '-')} {__version__}"
    assert run(module, "--help").out.startswith("usage:")


def test_readme_and_changelog_know_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
