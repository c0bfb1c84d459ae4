"""The packages that `make dist` builds, installed from nothing for each Python that is here: `make test-dist`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from tests.support.media import MEDIA

ROOT = Path(__file__).parents[2]
DIST = Path(os.environ.get("FER_EDGE_DIST", "")).absolute()
TOOLS = Path(os.environ.get("FER_EDGE_DIST_TOOLS", "")).absolute()
PICTURE = MEDIA / "faces" / "happy-baby.jpeg"
PYTHONS = ("3.11", "3.12", "3.13")

pytestmark = [
    pytest.mark.skipif("FER_EDGE_DIST" not in os.environ, reason="NOT TESTED: run make test-dist"),
    pytest.mark.timeout(600),
]


def output(*command: object, folder: Path, **variables: str) -> str:
    """What a command prints, run in another folder than this project's and without its code in the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wheel(extra: str = "") -> str:
    (found,) = DIST.glob("*.whl")
    return f"{found}[{extra}]" if extra else str(found)


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The interpreter of a new environment in which the wheel is installed with what the page and the demo need."""
    version: str = request.param
    found = subprocess.run([TOOLS / "uv", "python", "find", version], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"NOT TESTED: no Python {version} here")
    output(TOOLS / "uv", "venv", "--python", version, tmp_path / "venv", folder=tmp_path)
    interpreter = tmp_path / "venv" / "bin" / "python"
    output(TOOLS / "uv", "pip", "install", "--python", interpreter, wheel("web,demo"), folder=tmp_path)
    return interpreter


def test_the_wheel_runs_where_nothing_else_of_the_project_is(python: Path, tmp_path: Path) -> None:
    fer_edge = python.with_name("fer-edge")
    assert re.fullmatch(r"fer-edge \d+\.\d+\.\d+\n", output(fer_edge, "--version", folder=tmp_path))
    check = output(fer_edge, "--check", "--camera", PICTURE, "--mqtt", "none", folder=tmp_path)
    assert "FAIL" not in check
    (start, end) = map(json.loads, output(fer_edge, "--camera", PICTURE, "--print", folder=tmp_path).splitlines())
    assert (start["type"], start["emotion"], end["type"]) == ("start", "happy", "end")
    code = f"from fer_edge import FaceReader; print([face.emotion for face in FaceReader().read({str(PICTURE)!r})])"
    assert output(python, "-c", code, folder=tmp_path) == "['happy']\n"
    demo = output(python, ROOT / "tests" / "demo.py", folder=tmp_path)
    assert "3 faces" in demo
    shipped = {path.name for path in (python.parents[1] / "lib").glob("python*/site-packages/*")}
    assert not {"tensorflow", "scipy", "pandas", "torch", "keras", "matplotlib"} & shipped


@pytest.mark.parametrize("tool", ["pipx", "uv tool"])
def test_tools_that_install_programs_install_it(tool: str, tmp_path: Path) -> None:
    folders = {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "UV_TOOL_DIR": str(tmp_path / "uv"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
    }
    program, *words = tool.split()
    output(TOOLS / program, *words, "install", wheel(), folder=tmp_path, **folders)
    events = output(tmp_path / "bin" / "fer-edge", "--camera", PICTURE, "--print", folder=tmp_path)
    assert json.loads(events.splitlines()[0])["emotion"] == "happy"


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_the_list_of_components_is_what_the_service_installs_each_with_its_licence(version: str) -> None:
    file = DIST / f"fer-edge-python{version}.cdx.json"
    if not file.exists():
        pytest.skip(f"NOT TESTED: no Python {version} here")
    content = json.loads(file.read_text())
    assert content["metadata"]["component"]["name"] == "fer-edge"
    locks = [ROOT / "systemd" / f"requirements-{version}{part}.txt" for part in ("", "-web")]
    pins = dict(re.findall(r"^([\w.-]+)==(\S+) ", "".join(lock.read_text() for lock in locks), re.MULTILINE))
    assert {canonicalize_name(one["name"]): one["version"] for one in content["components"]} == pins
    assert [one["name"] for one in content["components"] if not one.get("licenses")] == []


def test_the_sdist_builds_the_same_wheel(tmp_path: Path) -> None:
    (sdist,) = DIST.glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path)
    (source,) = tmp_path.glob("fer_edge-*")
    output(TOOLS / "python", "-m", "build", "--wheel", "--outdir", tmp_path / "again", source, folder=tmp_path)
    (again,) = (tmp_path / "again").glob("*.whl")
    list_files = (
        "import sys, zipfile; print(sorted((f.filename, f.CRC) for f in zipfile.ZipFile(sys.argv[1]).infolist()))"
    )
    listed = [output(TOOLS / "python", "-c", list_files, file, folder=tmp_path) for file in (again, wheel())]
    assert listed[0] == listed[1]
