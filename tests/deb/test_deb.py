"""The Debian packages that `make deb` builds: their contents, and their life in Debian 12 and 13: `make test-deb`.

The tests of a Debian share its systems and depend on their order.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from packaging.utils import canonicalize_name
from tests.support.media import MEDIA
from tests.support.waiting import wait_until
from tests.systemd.container import Container

from fer_edge import __version__

ROOT = Path(__file__).parents[2]
DEBS = Path(os.environ.get("FER_EDGE_DEBS", "")).absolute()
ROOTS = Path(os.environ.get("FER_EDGE_DEB_ROOTS", "")).absolute()
PYTHON = {"bookworm": "python3.11", "trixie": "python3.13"}
ELF_MACHINE = {"amd64": b"\x3e\x00", "arm64": b"\xb7\x00"}  # e_machine: EM_X86_64, EM_AARCH64
HOST = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
PICTURE, CLIP = MEDIA / "faces" / "happy-baby.jpeg", MEDIA / "intel_walking_and_pause.mp4"
NEXT = "99.0"  # a later version
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
FLAGS = "--camera http://127.0.0.1:8080/ --device {}"
CAMERA = """
import signal
from pathlib import Path
from mjpeg import MjpegCamera
face = Path("/srv/face.jpg").read_bytes()
MjpegCamera(8080, lambda number: face, 10)
signal.pause()
"""
PICAMERA2 = """
class Picamera2:
    @staticmethod
    def global_camera_info():
        return []
"""

pytestmark = [
    pytest.mark.skipif(
        "FER_EDGE_DEBS" not in os.environ or os.geteuid() != 0, reason="NOT TESTED: run make test-deb as root"
    ),
    pytest.mark.timeout(900),
]


def package(architecture: str = HOST, folder: Path = DEBS) -> Path:
    (found,) = folder.glob(f"fer-edge_*_{architecture}.deb")
    return found


@pytest.fixture(scope="module", params=["amd64", "arm64"])
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """An architecture, and a folder with the contents of its package."""
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run(["dpkg-deb", "--raw-extract", package(request.param), folder], check=True)
    return request.param, folder


@pytest.fixture(scope="module")
def next_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a later version, whose example of the settings has one line more."""
    root, out = tmp_path_factory.mktemp("next"), tmp_path_factory.mktemp("debs")
    subprocess.run(["dpkg-deb", "--raw-extract", package(), root], check=True)
    for file, old in (
        ("DEBIAN/control", "Version: .*"),
        ("usr/lib/fer-edge/lib/common/fer_edge/__init__.py", "__version__ = .*"),
    ):
        new = f"Version: {NEXT}" if "control" in file else f'__version__ = "{NEXT}"'
        (root / file).write_text(re.sub(rf"^{old}", new, (root / file).read_text(), flags=re.MULTILINE))
    with (root / "etc/fer-edge/config.toml").open("a") as settings:
        settings.write("# a new setting\n")
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", "-z1", root, out], check=True)
    return package(folder=out)


# --- what is in it


def test_every_library_is_for_the_architecture(unpacked: tuple[str, Path]) -> None:
    architecture, folder = unpacked
    starts = [file.read_bytes()[:20] for file in folder.rglob("*") if file.is_file()]
    machines = [start[18:] for start in starts if start.startswith(b"\x7fELF")]
    assert len(machines) > 50
    assert set(machines) == {ELF_MACHINE[architecture]}


def test_it_has_the_pinned_dependencies_for_both_pythons_with_their_licences(unpacked: tuple[str, Path]) -> None:
    _, folder = unpacked
    notice = (folder / "usr/share/doc/fer-edge/copyright").read_text()
    for version in ("3.11", "3.13"):
        lock = (ROOT / "systemd" / f"requirements-{version}-web.txt").read_text()
        pins = {
            canonicalize_name(name): number for name, number in re.findall(r"^([\w.-]+)==(\S+) ", lock, re.MULTILINE)
        }
        del pins["setuptools"]
        site = folder / f"usr/lib/fer-edge/lib/python{version}/site-packages"
        found = dict(path.name.removesuffix(".dist-info").split("-") for path in site.glob("*.dist-info"))
        assert {canonicalize_name(name): number for name, number in found.items()} == pins
        assert [name for name in found if f"/{name}*" not in notice] == []


def test_it_has_no_build_tools_tests_or_host_code(unpacked: tuple[str, Path]) -> None:
    _, folder = unpacked
    paths = {path for path in folder.rglob("*") if "DEBIAN" not in path.parts}
    names = {path.name for path in paths}
    assert not names & {
        "fer_train",
        "fer_convert",
        "fer_data",
        "pip",
        "setuptools",
        "wheel",
        "tests",
        "distutils",
        "f2py",
    }
    assert not {path.suffix for path in paths} & {".h", ".c", ".pyx", ".pyc", ".a", ".exe"}
    assert {path.name for path in folder.glob("usr/bin/*")} == {"fer-edge"}


def test_only_the_owner_may_read_the_settings_that_contain_secrets(unpacked: tuple[str, Path]) -> None:
    _, folder = unpacked
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.glob("etc/fer-edge/*")}
    assert modes == {"config.toml": "0o644", "fer-edge.env": "0o600"}
    assert re.findall(r"^source = .*", (folder / "etc/fer-edge/config.toml").read_text(), re.MULTILINE) == [
        'source = "0"'
    ]


def test_the_unit_is_that_of_the_installer_but_for_its_program(unpacked: tuple[str, Path]) -> None:
    _, folder = unpacked
    expected = (
        (ROOT / "systemd/fer-edge.service").read_text().replace("/opt/fer-edge/bin/fer-edge", "/usr/bin/fer-edge")
    )
    for unit in ("fer-edge.service", "fer-edge@.service"):
        assert (folder / "usr/lib/systemd/system" / unit).read_text() == expected


# --- in a bare Debian


class Bare:
    """A copy of a system without an init, in which commands run with the network of this machine."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.suite, self.root = suite, folder / "root"
        subprocess.run(["cp", "--archive", ROOTS / suite / "bare", self.root], check=True)

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        nspawn = (
            "systemd-nspawn --quiet --as-pid2 --register=no --keep-unit --console=pipe --private-users=no --chdir=/root"
        )
        flags = os.environ.get("NSPAWN_FLAGS", "").split()
        return subprocess.run(
            [*nspawn.split(), *flags, "--directory", self.root, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )

    def check_output(self, *command: object) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=PYTHON)
def bare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """A bare Debian in which the package was installed with apt, as the README describes."""
    system = Bare(request.param, tmp_path_factory.mktemp("bare"))
    for file in (package(), PICTURE, CLIP):
        shutil.copy(file, system.root / "root")
    system.check_output(*APT, "update")
    print(system.check_output(*APT, "install", f"./{package().name}")[-500:])
    yield system
    shutil.rmtree(system.root)


def test_the_command_runs_where_nothing_else_was_installed(bare: Bare) -> None:
    assert bare.check_output("fer-edge", "--version") == f"fer-edge {__version__}\n"
    check = bare.check_output("fer-edge", "--check", "--camera", PICTURE.name, "--mqtt", "none")
    assert "FAIL" not in check
    (start, end) = map(json.loads, bare.check_output("fer-edge", "--camera", PICTURE.name, "--print").splitlines())
    assert (start["type"], start["emotion"], end["type"]) == ("start", "happy", "end")
    clip = bare.check_output("fer-edge", "--camera", CLIP.name, "--print").splitlines()
    assert len({json.loads(line)["track"] for line in clip}) == 3
    assert "<svg" in bare.check_output("fer-edge", "--notice", "en", "--notice-contact", "anna@example.org")


def test_bytecode_is_compiled_for_the_python_that_is_here_also_when_it_changes(bare: Bare) -> None:
    def suffixes() -> set[str]:
        return {path.suffixes[0] for path in (bare.root / "usr/lib/fer-edge").rglob("*.pyc")}

    expected = {f".cpython-{PYTHON[bare.suite].removeprefix('python').replace('.', '')}"}
    assert suffixes() == expected
    bare.check_output("find", "/usr/lib/fer-edge", "-name", "*.pyc", "-delete")
    bare.check_output("sh", "-c", "dpkg-trigger --no-await /usr/bin/python3 && dpkg --triggers-only --pending")
    assert suffixes() == expected


def test_picamera2_comes_from_the_system_and_numpy_from_the_package(bare: Bare) -> None:
    system = bare.root / "usr/lib/python3/dist-packages"
    (system / "picamera2.py").write_text(PICAMERA2)
    (system / "numpy.py").touch()
    files = "import picamera2, numpy; print(picamera2.__file__, numpy.__file__)"
    environment = "/usr/lib/fer-edge"
    picamera2, numpy = bare.check_output(f"{environment}/bin/python3", "-P", "-c", files).split()
    assert picamera2 == "/usr/lib/python3/dist-packages/picamera2.py"
    assert numpy == f"{environment}/lib/{PYTHON[bare.suite]}/site-packages/numpy/__init__.py"
    assert "cpu (" in bare.check_output("fer-edge", "--check", "--camera", PICTURE.name, "--mqtt", "none")
    for module in ("picamera2.py", "numpy.py"):
        (system / module).unlink()


def test_another_python_is_named_on_one_line(bare: Bare) -> None:
    python = bare.root / "usr/bin/python3"
    proper = python.readlink()
    python.unlink()
    python.symlink_to("python3.12")
    done = bare.run("fer-edge", "--version")
    (line,) = [line for line in done.stderr.splitlines() if "nspawn" not in line]
    assert (done.returncode, done.stdout) == (1, "")
    assert "this package is for Python 3.11 or 3.13, and /usr/bin/python3 is python3.12" in line
    python.unlink()
    python.symlink_to(proper)


def test_purge_in_a_bare_system_leaves_nothing(bare: Bare) -> None:
    bare.check_output(*APT, "purge", "fer-edge")
    left = bare.check_output("find", "/etc", "/usr", "/var/lib", "-name", "*fer-edge*")
    assert left == ""


# --- as a service


@pytest.fixture(scope="module", params=PYTHON)
def container(request: pytest.FixtureRequest, next_package: Path) -> Iterator[Container]:
    """A booted Debian with a broker, a network camera that shows a face, and both versions of the package."""
    container = Container(ROOTS / request.param / "booted")
    for file in (ROOT / "tests/support/mjpeg.py", package(), next_package):
        container.copy(file, f"/srv/{file.name}")
    face = cv2.resize(cv2.imread(str(MEDIA / "faces" / "luciano.png")), (480, 480))
    container.path("/srv/face.jpg").write_bytes(cv2.imencode(".jpg", face)[1].tobytes())
    container.write("/srv/camera.py", CAMERA)
    container.check_output("systemd-run", "python3", "/srv/camera.py")
    subscribe = ["mosquitto_sub", "-h", "127.0.0.1", "-v", "-t", "fer/#"]
    container.check_output("systemd-run", "--property=StandardOutput=file:/srv/messages.txt", *subscribe)
    yield container
    container.close()


@pytest.fixture(scope="module")
def before(container: Container) -> set[str]:
    """The files of the system before the installation."""
    return files(container)


def files(container: Container) -> set[str]:
    found = container.check_output(
        "find", "/etc", "/opt", "/usr", "/var/lib", "-xdev", "-not", "-path", "*/__pycache__*"
    )
    ours = ("/var/lib/systemd/", "/var/lib/apt/", "/var/lib/dpkg/", "/var/lib/mosquitto")
    return {file for file in found.splitlines() if not file.startswith(ours)}


def install(container: Container, file: Path) -> str:
    return container.check_output(*APT, "--allow-downgrades", "install", f"/srv/{file.name}")


def property_of(container: Container, name: str, unit: str = "fer-edge") -> str:
    return container.output("systemctl", "show", "--value", "--property", name, unit)


def messages(container: Container, topic: str) -> list[str]:
    lines = container.path("/srv/messages.txt").read_text().splitlines()
    return [line.removeprefix(f"fer/{topic} ") for line in lines if line.startswith(f"fer/{topic} ")]


@contextmanager
def new_events(container: Container, *devices: str) -> Iterator[None]:
    """Wait at the end for an event of each device that is newer than the beginning."""
    counts = {device: len(messages(container, f"{device}/event")) for device in devices}
    yield
    for device, count in counts.items():
        wait_until(lambda device=device, count=count: len(messages(container, f"{device}/event")) > count, 60)


def test_the_service_runs_from_the_installation_on_and_waits_for_a_camera(
    container: Container, before: set[str]
) -> None:
    assert before
    install(container, package())
    assert container.output("systemctl", "is-enabled", "fer-edge") == "enabled"
    assert property_of(container, "ActiveState") == "active"
    wait_until(lambda: property_of(container, "StatusText").startswith("camera "), 30)
    owner = container.path(f"/proc/{property_of(container, 'MainPID')}").stat().st_uid
    assert 61184 <= owner <= 65519  # the range of DynamicUser=
    assert container.output("journalctl", "--output=cat", "--grep=Unknown (key|section)|newer.conf") == ""
    security = container.output("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/fer-edge.service")
    assert security == ""
    steps = property_of(container, "RestartSteps")
    assert steps == ("8" if int(container.output("systemctl", "--version").split()[1]) >= 254 else "")


def test_faces_become_events_at_the_broker_and_an_instance_has_a_camera_of_its_own(container: Container) -> None:
    for name, device in (("fer-edge", "main"), ("fer-edge@front", "front")):
        container.write(f"/etc/fer-edge/{name}.env", f'FER_EDGE_FLAGS="{FLAGS.format(device)}"\n', 0o600)
    with new_events(container, "main", "front"):
        container.check_output("systemctl", "restart", "fer-edge")
        container.check_output("systemctl", "enable", "--now", "fer-edge@front")
    process = property_of(container, "MainPID")
    with new_events(container, "main"):
        container.check_output("systemctl", "reload", "fer-edge")
    assert property_of(container, "MainPID") == process


def test_an_upgrade_restarts_what_runs_and_keeps_the_settings(container: Container, next_package: Path) -> None:
    units = ("fer-edge", "fer-edge@front")
    processes = [property_of(container, "MainPID", unit) for unit in units]
    with new_events(container, "main", "front"):
        install(container, next_package)
    assert container.output("fer-edge", "--version") == f"fer-edge {NEXT}"
    for unit, process in zip(units, processes, strict=True):
        assert property_of(container, "ActiveState", unit) == "active"
        assert property_of(container, "MainPID", unit) != process
    assert FLAGS.format("main") in container.path("/etc/fer-edge/fer-edge.env").read_text()
    assert "# a new setting" in container.path("/etc/fer-edge/config.toml").read_text()  # its owner had not changed it


def test_remove_keeps_settings_and_events_and_a_new_installation_continues(container: Container) -> None:
    with container.path("/etc/fer-edge/config.toml").open("a") as settings:
        settings.write("# by the owner\n")
    container.write("/etc/fer-edge/mqtt-password", "secret\n", 0o600)
    container.check_output(*APT, "remove", "fer-edge")
    assert container.output("systemctl", "list-units", "--plain", "--no-legend", "--state=active", "fer-edge*") == ""
    assert container.path("/var/lib/private/fer-edge/outbox.sqlite").exists()
    assert not container.path("/usr/lib/fer-edge").exists()
    # Both the owner and the package have changed config.toml: an empty line, Enter, keeps that of the owner.
    command = f"echo | apt-get --yes install /srv/{package().name}"
    with new_events(container, "main", "front"):
        container.check_output("sh", "-c", command)
    assert "# by the owner" in container.path("/etc/fer-edge/config.toml").read_text()


def test_a_stopped_service_is_started_by_an_upgrade_only_if_it_is_enabled(
    container: Container, next_package: Path
) -> None:
    container.check_output("systemctl", "disable", "--now", "fer-edge")
    container.check_output("sh", "-c", f"echo | apt-get --yes install /srv/{next_package.name}")
    assert container.output("systemctl", "is-enabled", "fer-edge") == "disabled"
    assert property_of(container, "ActiveState") == "inactive"
    assert property_of(container, "ActiveState", "fer-edge@front") == "active"


def test_purge_leaves_nothing(container: Container, before: set[str]) -> None:
    container.write("/etc/systemd/system/fer-edge@front.service.d/override.conf", "[Service]\nNice=5\n")
    container.check_output(*APT, "purge", "fer-edge")
    new = files(container) - before
    assert new <= {"/var/lib/private"}  # the system's own


def test_the_installation_of_the_script_is_not_touched(container: Container) -> None:
    container.write("/opt/fer-edge/bin/fer-edge", "#!/bin/sh\n")
    done = container.run(*APT, "install", f"/srv/{package().name}")
    assert done.returncode != 0
    assert "remove it, which keeps the settings: sudo systemd/install.sh --uninstall" in done.stdout + done.stderr
    assert not container.path("/usr/bin/fer-edge").exists()
