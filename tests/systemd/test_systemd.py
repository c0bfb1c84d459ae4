"""The service under a real systemd, from installation to removal.

`make test-systemd` prepares what these tests need and runs them twice: in a copy of this machine, and in Debian 13.

The tests share one container and depend on their order: each leaves the service running, until it is removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from tests.support.media import MEDIA
from tests.support.waiting import wait_until
from tests.systemd.container import Container
from tests.systemd.drawing_zones import TOKEN, configure_page, read_recipe, zones_of_page

HERE = Path(__file__).parent
WHEELS = os.environ.get("FER_EDGE_WHEELS")
ROOT = Path(os.environ.get("FER_EDGE_CONTAINER_ROOT", "/"))
INSTALL = ["env", "PYTHON=/usr/bin/python3", "/srv/systemd/install.sh"]
CLONE = ["systemd", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "edge", "convert", "train"]
OFFLINE = ["PIP_NO_INDEX=1", "PIP_FIND_LINKS=/srv/wheels"]  # instead of the package index
CAMERA = """
import signal, sys
sys.path.insert(0, "/srv")
from pathlib import Path
from mjpeg import MjpegCamera
face = Path("/srv/face.jpg").read_bytes()
MjpegCamera(8080, lambda number: face, 10)
signal.pause()
"""
BROKER = """
listener 1883 127.0.0.1
password_file /srv/passwords
"""
ENVIRONMENT, SETTINGS = "/etc/fer-edge/fer-edge.env", "/etc/fer-edge/config.toml"
CAMERA_URL = "http://127.0.0.1:8080/"
FLAGS = f"--camera {CAMERA_URL} --mqtt mqtt://anna@127.0.0.1 --device {{}}"
MANUAL_UNIT = """
[Service]
Type=exec
EnvironmentFile=/etc/fer-edge/fer-edge.env
ExecStart=/opt/fer-edge/bin/fer-edge $FER_EDGE_FLAGS
DynamicUser=yes
"""
PASSWORD = "a word that nobody may see"  # noqa: S105  used in these tests only
SHORT_TIMEOUTS = "[Service]\nTimeoutStopSec=5\nRestartSec=1\n"  # a slower stop is killed, with the result `timeout`

if not WHEELS or os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
    pytest.skip(
        "NOT TESTED: needs root, systemd-nspawn and a folder of wheels: make test-systemd, as root",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    container = Container(ROOT)
    prepare(container)
    yield container
    container.close()


def prepare(container: Container) -> None:
    """Set up a broker with a password, a camera that shows a face, a subscriber, and the files to install from."""
    for part in CLONE:
        container.copy(HERE.parents[1] / part, f"/srv/{part}")
    container.copy(Path(WHEELS), "/srv/wheels")
    for file in (HERE / "hanging_daemon.py", HERE / "sandbox_probe.py", HERE.parent / "support" / "mjpeg.py"):
        container.copy(file, f"/srv/{file.name}")
    face = cv2.resize(cv2.imread(str(MEDIA / "faces" / "luciano.png")), (480, 480))
    container.path("/srv/face.jpg").write_bytes(cv2.imencode(".jpg", face)[1].tobytes())
    container.check_output("mosquitto_passwd", "-b", "-c", "/srv/passwords", "anna", PASSWORD)
    container.check_output("chown", "mosquitto", "/srv/passwords")
    container.write("/etc/mosquitto/conf.d/test.conf", BROKER)
    container.check_output("systemctl", "restart", "mosquitto")
    container.check_output("systemd-run", "--unit=camera", "python3", "-c", CAMERA)
    login = ["-h", "127.0.0.1", "-u", "anna", "-P", PASSWORD]
    subscribe = ["mosquitto_sub", *login, "-v", "-t", "fer/#"]
    container.check_output(
        "systemd-run", "--unit=subscriber", "--property=StandardOutput=file:/srv/messages.txt", *subscribe
    )
    container.write("/etc/fer-edge/mqtt-password", f"{PASSWORD}\n", 0o600)
    container.write("/etc/fer-edge/fer-edge.env", f'FER_EDGE_FLAGS="{FLAGS.format("main")}"\n', 0o600)
    container.write("/run/systemd/system/fer-edge.service.d/test.conf", SHORT_TIMEOUTS)


@pytest.fixture(scope="module")
def before(container: Container) -> set[str]:
    """The files of the system before the installation."""
    return files(container)


def files(container: Container) -> set[str]:
    places = ["/etc", "/opt", "/usr", "/var/lib"]
    kept = {"/var/lib/systemd", "/var/lib/apt", "/var/lib/mosquitto", "/etc/mosquitto", "/etc/fer-edge"}
    found = container.output("find", *places, "-xdev", "-not", "-path", "*/__pycache__*").splitlines()
    return {file for file in found if not any(file.startswith(folder) for folder in kept)}


@pytest.fixture(scope="module")
def installed(container: Container, before: set[str]) -> Container:
    assert before
    print(container.check_output(*INSTALL, "--wheel", wheel(container)))
    return container


def wheel(container: Container) -> str:
    return str(container.check_output("sh", "-c", "echo /srv/wheels/fer_edge-*.whl")).strip()


def property_of(container: Container, name: str, unit: str = "fer-edge") -> str:
    return container.output("systemctl", "show", "--value", "--property", name, unit)


def version(container: Container) -> int:
    return int(container.output("systemctl", "--version").split()[1])


def messages(container: Container, topic: str) -> list[str]:
    lines = container.path("/srv/messages.txt").read_text().splitlines()
    return [line.removeprefix(f"fer/{topic} ") for line in lines if line.startswith(f"fer/{topic} ")]


def journal(container: Container, unit: str = "fer-edge") -> str:
    return container.output("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")


def create_instance(container: Container, name: str, flags: str, *lines: str) -> str:
    """Create another unit with these flags and these lines in [Service], and return its name."""
    unit = f"fer-edge@{name}"
    container.write(f"/etc/fer-edge/{unit}.env", f'FER_EDGE_FLAGS="{flags}"\n')
    container.write(f"/run/systemd/system/{unit}.service.d/test.conf", "\n".join(["[Service]", *lines, ""]))
    container.check_output("systemctl", "daemon-reload")
    return unit


def test_the_installed_service_is_enabled_and_ready_and_reports_its_status(installed: Container) -> None:
    assert property_of(installed, "ActiveState") == "active"
    assert installed.output("systemctl", "is-enabled", "fer-edge") == "enabled"
    status = wait_until(lambda: re.search(r"[1-9]\d* fps; faces: 1; .*", property_of(installed, "StatusText")), 30)
    assert re.search(r"; cpu \(.*\); events waiting: 0$", status[0])
    wait_until(lambda: messages(installed, "main/event"))
    assert messages(installed, "main/status")[-1] == "online"
    assert (property_of(installed, "NRestarts"), property_of(installed, "Type")) == ("0", "notify")
    memory = installed.path(f"/proc/{property_of(installed, 'MainPID')}/status").read_text()
    print(f"status: {status[0]}; {re.findall('VmRSS.*', memory)}")


def test_systemd_accepts_the_units_and_rates_them_as_hardened(installed: Container) -> None:
    verify = ["systemd-analyze", "verify", "--man=no"]
    done = installed.run(*verify, *(f"/etc/systemd/system/{unit}.service" for unit in ("fer-edge", "fer-edge@")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    security = installed.output("systemd-analyze", "security", "--no-pager", "fer-edge")
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", security)
    assert exposure
    print(f"systemd {version(installed)}: {exposure[0]}")
    assert float(exposure[1]) <= 2.0


def test_the_password_does_not_leak(installed: Container) -> None:
    process = installed.path(f"/proc/{property_of(installed, 'MainPID')}")
    assert b"--camera" in (process / "cmdline").read_bytes()
    for place in ((process / "cmdline").read_bytes(), (process / "environ").read_bytes()):
        assert PASSWORD.encode() not in place
    assert PASSWORD not in journal(installed)
    assert PASSWORD not in installed.output("systemctl", "show", "fer-edge")
    assert (process / "limits").read_text().split("Max core file size")[1].split()[:2] == ["0", "0"]


def test_a_missing_password_file_does_not_stop_the_service(installed: Container) -> None:
    installed.check_output("mv", "/etc/fer-edge/mqtt-password", "/srv/away")
    installed.check_output("systemctl", "restart", "fer-edge")
    wait_until(lambda: "(broker " in property_of(installed, "StatusText"), 30)
    assert property_of(installed, "ActiveState") == "active"
    installed.check_output("mv", "/srv/away", "/etc/fer-edge/mqtt-password")
    installed.check_output("systemctl", "restart", "fer-edge")
    wait_until(lambda: messages(installed, "main/status")[-1] == "online")


def test_a_killed_daemon_is_restarted(installed: Container) -> None:
    process = property_of(installed, "MainPID")
    installed.check_output("kill", "-KILL", process)
    wait_until(lambda: property_of(installed, "NRestarts") == "1", 30)
    wait_until(lambda: property_of(installed, "ActiveState") == "active", 30)
    assert property_of(installed, "MainPID") != process
    wait_until(lambda: messages(installed, "main/status")[-2:] == ["offline", "online"])


def test_a_hanging_frame_loop_is_killed_with_stacks_in_the_journal_and_restarted(installed: Container) -> None:
    start = ["ExecStart=", "ExecStart=/opt/fer-edge/bin/python /srv/hanging_daemon.py $FER_EDGE_FLAGS"]
    unit = create_instance(installed, "hangs", FLAGS.format("hangs"), *start, "WatchdogSec=4", "RestartSec=1")
    installed.check_output("systemctl", "start", unit)
    wait_until(lambda: messages(installed, "hangs/status") == ["online"])
    installed.write("/srv/hang", "")
    wait_until(lambda: property_of(installed, "NRestarts", unit) == "1", 30)
    installed.check_output("rm", "/srv/hang")
    wait_until(lambda: property_of(installed, "ActiveState", unit) == "active", 60)
    assert "watchdog" in journal(installed, unit).lower()
    assert '"/srv/hanging_daemon.py", line ' in journal(installed, unit)
    assert messages(installed, "hangs/status")[:2] == ["online", "offline"]
    installed.check_output("systemctl", "stop", unit)


def test_a_frozen_process_is_killed_and_restarted(installed: Container) -> None:
    unit = create_instance(
        installed, "frozen", FLAGS.format("frozen"), "WatchdogSec=4", "RestartSec=1", "TimeoutAbortSec=1"
    )
    installed.check_output("systemctl", "start", unit)
    process = property_of(installed, "MainPID", unit)
    installed.check_output("kill", "-STOP", process)
    wait_until(lambda: property_of(installed, "MainPID", unit) not in {process, "0"}, 30)
    wait_until(lambda: property_of(installed, "ActiveState", unit) == "active", 60)
    installed.check_output("systemctl", "stop", unit)


def test_a_reload_starts_a_new_run_in_the_same_process(installed: Container) -> None:
    process, published = property_of(installed, "MainPID"), len(messages(installed, "main/status"))
    installed.check_output("systemctl", "reload", "fer-edge")
    wait_until(lambda: messages(installed, "main/status")[published:] == ["offline", "online"], 30)
    wait_until(lambda: property_of(installed, "ActiveState") == "active", 30)
    assert property_of(installed, "MainPID") == process


def test_a_stop_is_in_time_and_publishes_offline(installed: Container) -> None:
    installed.check_output("systemctl", "stop", "fer-edge")
    assert (property_of(installed, "Result"), property_of(installed, "ActiveState")) == ("success", "inactive")
    assert messages(installed, "main/status")[-1] == "offline"
    installed.check_output("systemctl", "start", "fer-edge")


def test_a_stop_is_in_time_even_with_a_frozen_broker(installed: Container) -> None:
    wait_until(lambda: messages(installed, "main/status")[-1] == "online")
    installed.check_output("systemctl", "kill", "--signal=STOP", "mosquitto")
    installed.check_output("systemctl", "stop", "fer-edge")
    assert property_of(installed, "Result") in {"success", "exit-code"}
    installed.check_output("systemctl", "kill", "--signal=CONT", "mosquitto")
    installed.check_output("systemctl", "start", "fer-edge")


def test_the_service_becomes_ready_without_its_camera(installed: Container) -> None:
    unit = create_instance(installed, "dark", "--camera http://127.0.0.1:9/ --mqtt none --device dark")
    installed.check_output("systemctl", "start", unit)
    wait_until(lambda: property_of(installed, "StatusText", unit).startswith("camera "), 30)
    assert (property_of(installed, "ActiveState", unit), property_of(installed, "NRestarts", unit)) == ("active", "0")
    installed.check_output("systemctl", "stop", unit)


@pytest.mark.parametrize(("flags", "code"), [("--camera", "2"), ("--camera 0 --model /etc/hostname", "78")])
def test_a_configuration_error_is_not_retried(installed: Container, flags: str, code: str) -> None:
    unit = create_instance(installed, f"wrong{code}", flags, "RestartSec=0")
    assert installed.run("systemctl", "start", unit).returncode == 1
    assert (property_of(installed, "ExecMainStatus", unit), property_of(installed, "ActiveState", unit)) == (
        code,
        "failed",
    )
    assert property_of(installed, "NRestarts", unit) == "0"


def test_a_service_that_keeps_failing_is_restarted_at_growing_intervals(installed: Container) -> None:
    if version(installed) < 254:
        pytest.skip("this systemd has no RestartSteps=; the next one has")
    unit = create_instance(installed, "fails", "", "ExecStart=", "ExecStart=/bin/false", "RestartSec=1")
    installed.run("systemctl", "start", unit)
    wait_until(lambda: int(property_of(installed, "NRestarts", unit)) >= 2, 60)
    assert property_of(installed, "RestartSteps", unit) == "8"
    assert property_of(installed, "RestartUSecNext", unit) != property_of(installed, "RestartUSec", unit) == "1s"
    installed.check_output("systemctl", "stop", unit)


def test_a_second_camera_has_a_unit_of_its_own(installed: Container) -> None:
    unit = create_instance(installed, "front", FLAGS.format("front"))
    installed.check_output("systemctl", "enable", "--now", unit)
    wait_until(lambda: messages(installed, "front/event"))
    assert installed.path("/var/lib/private/fer-edge@front/outbox.sqlite").exists()
    assert property_of(installed, "ActiveState") == "active"


def test_the_sandbox_holds(installed: Container) -> None:
    # Permissions would allow these; only the sandbox forbids them.
    installed.check_output("mkdir", "--mode=777", "/srv/everybody")
    installed.check_output("chmod", "666", "/dev/net/tun")
    for allowed in ("touch /srv/everybody/x", "exec 3<>/dev/net/tun"):
        installed.check_output("setpriv", "--reuid=nobody", "sh", "-c", allowed)
    start = ["Type=oneshot", "ExecStart=", "ExecStart=/opt/fer-edge/bin/python /srv/sandbox_probe.py"]
    unit = create_instance(installed, "probe", "", *start, "Restart=no")
    installed.write("/etc/fer-edge/web-token", "a token\n", 0o600)
    installed.check_output("systemctl", "start", unit)
    found = json.loads(next(line for line in journal(installed, unit).splitlines() if line.startswith("{")))
    print(found)
    assert [found.pop(name) for name in ("read_clock", "netlink", "listen", "state", "tmp")] == ["done"] * 5
    assert not installed.path("/tmp/probe").exists()  # noqa: S108  PrivateTmp=
    assert found.pop("credentials") == {"mqtt-password": len(PASSWORD) + 1, "web-token": len("a token\n")}
    assert (found.pop("tunnel"), found.pop("packets")) == ("EPERM", "EAFNOSUPPORT")
    assert found.pop("written") == found.pop("processes") == []
    assert found.pop("user") is True
    assert found.pop("no_new_privileges") == "1"
    assert set(found.pop("capabilities")) == {"0000000000000000"}
    assert set(found.values()) <= {"EPERM", "EACCES"}


def test_an_upgrade_keeps_the_settings_and_restarts_running_services(installed: Container) -> None:
    old = installed.output("readlink", "/opt/fer-edge")
    processes = {property_of(installed, "MainPID", unit) for unit in ("fer-edge", "fer-edge@front")}
    installed.check_output(*INSTALL, "--wheel", wheel(installed))
    now = installed.output("readlink", "/opt/fer-edge")
    assert {old, now} == {"/opt/fer-edge.a", "/opt/fer-edge.b"}
    assert not installed.path(old).exists()
    assert not processes & {property_of(installed, "MainPID", unit) for unit in ("fer-edge", "fer-edge@front")}
    assert "--device main" in installed.path("/etc/fer-edge/fer-edge.env").read_text()
    assert property_of(installed, "ActiveState") == property_of(installed, "ActiveState", "fer-edge@front") == "active"


def test_an_upgrade_from_the_clone_leaves_no_files_in_it(installed: Container) -> None:
    clone = installed.output("find", *(f"/srv/{part}" for part in CLONE))
    process = property_of(installed, "MainPID")
    installed.check_output("env", *OFFLINE, *INSTALL)
    assert property_of(installed, "MainPID") != process
    assert property_of(installed, "ActiveState") == property_of(installed, "ActiveState", "fer-edge@front") == "active"
    assert installed.output("find", *(f"/srv/{part}" for part in CLONE)) == clone


def test_web_installs_the_live_page_and_an_upgrade_keeps_it(installed: Container) -> None:
    page = ["/opt/fer-edge/bin/python", "-c", "import aiohttp, prometheus_client"]
    assert installed.run(*page).returncode == 1
    installed.check_output("env", *OFFLINE, *INSTALL, "--web")
    installed.check_output(*page)
    installed.check_output(*INSTALL, "--wheel", wheel(installed))
    installed.check_output(*page)
    assert property_of(installed, "ActiveState") == "active"


def test_the_recipe_for_saving_zones_works_and_survives_a_restart_and_an_upgrade(installed: Container) -> None:
    originals = {path: installed.path(path).read_text() for path in (ENVIRONMENT, SETTINGS)}
    installed.write(SETTINGS, configure_page(originals[SETTINGS], CAMERA_URL))
    installed.write("/etc/fer-edge/web-token", f"{TOKEN}\n", 0o600)
    commands, line = read_recipe()
    for command in commands:
        installed.check_output("sh", "-c", command)
    installed.write(ENVIRONMENT, f"{line}\n", 0o600)
    installed.check_output("systemctl", "restart", "fer-edge")
    assert zones_of_page(installed) == ["poster"]

    file = installed.path("/var/lib/private/fer-edge/config.toml")
    comments, status = comments_of(file), file.stat()
    assert zones_of_page(installed, {"name": "door", "box": [0, 0, 1, 1]}) == ["door"]
    assert comments_of(file) == comments
    saved, now = file.read_text(), file.stat()
    assert tomllib.loads(saved)["zones"] == [{"name": "door", "box": [0, 0, 1, 1]}]
    assert (now.st_uid, now.st_gid, now.st_mode) == (status.st_uid, status.st_gid, status.st_mode)
    assert now.st_uid == file.parent.stat().st_uid != 0

    reported = len(messages(installed, "main/event"))
    for command in (["systemctl", "restart", "fer-edge"], [*INSTALL, "--wheel", wheel(installed)]):
        installed.check_output(*command)
        assert zones_of_page(installed) == ["door"]
        assert file.read_text() == saved
    wait_until(lambda: '"zone":"door"' in "".join(messages(installed, "main/event")[reported:]), 30)
    installed.check_output("systemctl", "stop", "fer-edge")
    flags = [*line.partition("=")[2].split(), "--mqtt-password-file", "/etc/fer-edge/mqtt-password"]
    checked = installed.check_output("/opt/fer-edge/bin/fer-edge", "--check", *flags)
    assert re.search(r"^ok +configuration +/var/lib/fer-edge/config.toml, .*; zones: door$", checked, re.MULTILINE)
    assert re.search(r"^ok +page ", checked, re.MULTILINE)
    for path, text in originals.items():
        installed.path(path).write_text(text)
    installed.check_output("systemctl", "start", "fer-edge")


def comments_of(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line.startswith("#")]


def test_an_upgrade_that_does_not_become_ready_is_rolled_back(installed: Container) -> None:
    old = installed.output("readlink", "/opt/fer-edge")
    good = installed.path(wheel(installed))
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(installed.path("/srv/wheels") / "bad.zip", "w") as bad:
        for name in source.namelist():
            broken = b"raise OSError('this one is broken')\n" if name == "fer_edge/daemon.py" else b""
            bad.writestr(name, source.read(name) + broken)
    installed.check_output("mkdir", "/srv/bad")
    installed.check_output("mv", "/srv/wheels/bad.zip", f"/srv/bad/{good.name}")
    others = ["-name", "*.whl", "-not", "-name", good.name]
    installed.check_output("find", "/srv/wheels", *others, "-exec", "ln", "-s", "-t", "/srv/bad", "{}", "+")
    installed.path("/srv/systemd/fer-edge.service").open("a").write("# of the broken version\n")
    done = installed.run(*INSTALL, "--wheel", f"/srv/bad/{good.name}")
    assert done.returncode == 1
    assert "this one is broken" in done.stderr
    assert done.stderr.splitlines()[-1] == "fer-edge: rolled back; the old version is running"
    assert installed.output("readlink", "/opt/fer-edge") == old
    assert installed.output("sh", "-c", "ls -d /opt/fer-edge*").splitlines() == ["/opt/fer-edge", old]
    assert "broken" not in installed.output("systemctl", "cat", "fer-edge")
    assert property_of(installed, "ActiveState") == property_of(installed, "ActiveState", "fer-edge@front") == "active"


def test_a_wheel_that_cannot_be_installed_changes_nothing(installed: Container) -> None:
    old, process = installed.output("readlink", "/opt/fer-edge"), property_of(installed, "MainPID")
    installed.write("/srv/bad/fer_edge-9-py3-none-any.whl", "no wheel")
    assert installed.run(*INSTALL, "--wheel", "/srv/bad/fer_edge-9-py3-none-any.whl").returncode != 0
    assert installed.output("sh", "-c", "ls -d /opt/fer-edge*").splitlines() == ["/opt/fer-edge", old]
    assert property_of(installed, "MainPID") == process


def test_uninstall_keeps_the_settings_and_purge_removes_everything(installed: Container, before: set[str]) -> None:
    installed.check_output(*INSTALL, "--uninstall")
    assert installed.output("systemctl", "list-units", "--plain", "--no-legend", "fer-edge*") == ""
    assert installed.path("/etc/fer-edge/fer-edge.env").exists()
    assert installed.path("/var/lib/private/fer-edge/outbox.sqlite").exists()
    installed.check_output(*INSTALL, "--uninstall", "--purge")
    assert not installed.path("/etc/fer-edge").exists()
    new = {file for file in files(installed) - before if not Path(file).exists()}  # the overlay shows files of the host
    assert new <= {"/var/lib/private", "/etc/udev", "/etc/udev/rules.d"}  # the system's own


def test_a_manual_installation_is_adopted_and_restored_if_the_upgrade_fails(installed: Container) -> None:
    installed.check_output("python3", "-m", "venv", "--system-site-packages", "/opt/fer-edge")
    offline = ["--quiet", "--no-index", "--find-links", "/srv/wheels"]
    installed.check_output("/opt/fer-edge/bin/pip", "install", *offline, wheel(installed))
    installed.write("/etc/fer-edge/fer-edge.env", f'FER_EDGE_FLAGS="{FLAGS.format("hand")}"\n')
    installed.write("/etc/systemd/system/fer-edge.service", MANUAL_UNIT)
    installed.check_output("systemctl", "daemon-reload")
    warnings = journal(installed).count("retrying")
    installed.check_output("systemctl", "start", "fer-edge")
    wait_until(lambda: journal(installed).count("retrying") > warnings, 30)  # it runs, and has no password
    broken = installed.output("sh", "-c", "echo /srv/bad/fer_edge-[!9]*.whl")
    done = installed.run(*INSTALL, "--wheel", broken)
    assert done.stderr.splitlines()[-1] == "fer-edge: rolled back; the old version is running"
    assert "Type=exec" in installed.output("systemctl", "cat", "fer-edge")
    assert (property_of(installed, "ActiveState"), property_of(installed, "NRestarts")) == ("active", "0")
    installed.check_output(*INSTALL, "--wheel", wheel(installed))
    assert (property_of(installed, "ActiveState"), property_of(installed, "Type")) == ("active", "notify")
