"""The service under a real systemd, from its installation to its removal.

`make test-systemd` makes what this needs, and runs it twice: in this machine's own Debian, and in the next one.

The tests share a machine and are a story: each leaves the service running until it is removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from tests.support import MEDIA, wait_until
from tests.systemd.box import Box

HERE = Path(__file__).parent
WHEELS = os.environ.get("FER_EDGE_WHEELS")
ROOT = Path(os.environ.get("FER_EDGE_BOX_ROOT", "/"))
INSTALL = ["env", "PYTHON=/usr/bin/python3", "/srv/systemd/install.sh"]
CLONE = ["systemd", "pyproject.toml", "README.md", "LICENSE", "edge", "convert", "train"]
OFFLINE = ["PIP_NO_INDEX=1", "PIP_FIND_LINKS=/srv/wheels"]  # in the place of the package index
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
FLAGS = "--camera http://127.0.0.1:8080/ --mqtt mqtt://anna@127.0.0.1 --device {}"
BY_HAND = """
[Service]
Type=exec
EnvironmentFile=/etc/fer-edge/fer-edge.env
ExecStart=/opt/fer-edge/bin/fer-edge $FER_EDGE_FLAGS
DynamicUser=yes
"""
SECRET = "a word that nobody may see"  # noqa: S105  it is that of the test
STOP_WITHIN = "[Service]\nTimeoutStopSec=5\nRestartSec=1\n"  # what takes longer is killed, and the result is `timeout`

if not WHEELS or os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
    pytest.skip(
        "NOT TESTED: needs root, systemd-nspawn and a folder of wheels: make test-systemd, as root",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    made = Box(ROOT)
    furnish(made)
    yield made
    made.close()


def furnish(box: Box) -> None:
    """A broker that asks for a password, a camera with a face before it, a subscriber, and what is to be installed."""
    for part in CLONE:
        box.copy(HERE.parents[1] / part, f"/srv/{part}")
    box.copy(Path(WHEELS), "/srv/wheels")
    for file in (HERE / "hang.py", HERE / "probe.py", HERE.parent / "support" / "mjpeg.py"):
        box.copy(file, f"/srv/{file.name}")
    face = cv2.resize(cv2.imread(str(MEDIA / "faces" / "luciano.png")), (480, 480))
    box.at("/srv/face.jpg").write_bytes(cv2.imencode(".jpg", face)[1].tobytes())
    box.do("mosquitto_passwd", "-b", "-c", "/srv/passwords", "anna", SECRET)
    box.do("chown", "mosquitto", "/srv/passwords")
    box.write("/etc/mosquitto/conf.d/box.conf", BROKER)
    box.do("systemctl", "restart", "mosquitto")
    box.do("systemd-run", "--unit=camera", "python3", "-c", CAMERA)
    login = ["-h", "127.0.0.1", "-u", "anna", "-P", SECRET]
    ear = ["mosquitto_sub", *login, "-v", "-t", "fer/#"]
    box.do("systemd-run", "--unit=ear", "--property=StandardOutput=file:/srv/ear.txt", *ear)
    box.write("/etc/fer-edge/mqtt-password", f"{SECRET}\n", 0o600)
    box.write("/etc/fer-edge/fer-edge.env", f'FER_EDGE_FLAGS="{FLAGS.format("box")}"\n', 0o600)
    box.write("/run/systemd/system/fer-edge.service.d/box.conf", STOP_WITHIN)


@pytest.fixture(scope="module")
def before(box: Box) -> set[str]:
    """The files of the machine before anything was installed."""
    return files(box)


def files(box: Box) -> set[str]:
    places = ["/etc", "/opt", "/usr", "/var/lib"]
    kept = {"/var/lib/systemd", "/var/lib/apt", "/var/lib/mosquitto", "/etc/mosquitto", "/etc/fer-edge"}
    found = box.tell("find", *places, "-xdev", "-not", "-path", "*/__pycache__*").splitlines()
    return {file for file in found if not any(file.startswith(folder) for folder in kept)}


@pytest.fixture(scope="module")
def installed(box: Box, before: set[str]) -> Box:
    assert before
    print(box.do(*INSTALL, "--wheel", wheel(box)))
    return box


def wheel(box: Box) -> str:
    return str(box.do("sh", "-c", "echo /srv/wheels/fer_edge-*.whl")).strip()


def show(box: Box, name: str, unit: str = "fer-edge") -> str:
    return box.tell("systemctl", "show", "--value", "--property", name, unit)


def version(box: Box) -> int:
    return int(box.tell("systemctl", "--version").split()[1])


def said(box: Box, topic: str) -> list[str]:
    lines = box.at("/srv/ear.txt").read_text().splitlines()
    return [line.removeprefix(f"fer/{topic} ") for line in lines if line.startswith(f"fer/{topic} ")]


def journal(box: Box, unit: str = "fer-edge") -> str:
    return box.tell("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")


def instance(box: Box, name: str, flags: str, *lines: str) -> str:
    """The name of a unit beside the first, with flags and lines of its own."""
    unit = f"fer-edge@{name}"
    box.write(f"/etc/fer-edge/{unit}.env", f'FER_EDGE_FLAGS="{flags}"\n')
    box.write(f"/run/systemd/system/{unit}.service.d/box.conf", "\n".join(["[Service]", *lines, ""]))
    box.do("systemctl", "daemon-reload")
    return unit


def test_it_is_installed_enabled_ready_and_tells_how_it_fares(installed: Box) -> None:
    assert show(installed, "ActiveState") == "active"
    assert installed.tell("systemctl", "is-enabled", "fer-edge") == "enabled"
    status = wait_until(lambda: re.search(r"[1-9]\d* fps; faces: 1; .*", show(installed, "StatusText")), 30)
    assert re.search(r"; cpu \(.*\); events waiting: 0$", status[0])
    wait_until(lambda: said(installed, "box/event"))
    assert said(installed, "box/status")[-1] == "online"
    assert (show(installed, "NRestarts"), show(installed, "Type")) == ("0", "notify")
    memory = installed.at(f"/proc/{show(installed, 'MainPID')}/status").read_text()
    print(f"status: {status[0]}; {re.findall('VmRSS.*', memory)}")


def test_systemd_has_nothing_to_say_against_the_units(installed: Box) -> None:
    verify = ["systemd-analyze", "verify", "--man=no"]
    done = installed.run(*verify, *(f"/etc/systemd/system/{unit}.service" for unit in ("fer-edge", "fer-edge@")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    security = installed.tell("systemd-analyze", "security", "--no-pager", "fer-edge")
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", security)
    assert exposure
    print(f"systemd {version(installed)}: {exposure[0]}")
    assert float(exposure[1]) <= 2.0


def test_the_password_is_nowhere_to_be_seen(installed: Box) -> None:
    process = installed.at(f"/proc/{show(installed, 'MainPID')}")
    assert b"--camera" in (process / "cmdline").read_bytes()
    for place in ((process / "cmdline").read_bytes(), (process / "environ").read_bytes()):
        assert SECRET.encode() not in place
    assert SECRET not in journal(installed)
    assert SECRET not in installed.tell("systemctl", "show", "fer-edge")
    assert (process / "limits").read_text().split("Max core file size")[1].split()[:2] == ["0", "0"]


def test_a_password_that_is_not_there_does_not_stop_it(installed: Box) -> None:
    installed.do("mv", "/etc/fer-edge/mqtt-password", "/srv/away")
    installed.do("systemctl", "restart", "fer-edge")
    wait_until(lambda: "(broker " in show(installed, "StatusText"), 30)
    assert show(installed, "ActiveState") == "active"
    installed.do("mv", "/srv/away", "/etc/fer-edge/mqtt-password")
    installed.do("systemctl", "restart", "fer-edge")
    wait_until(lambda: said(installed, "box/status")[-1] == "online")


def test_what_was_killed_starts_again(installed: Box) -> None:
    process = show(installed, "MainPID")
    installed.do("kill", "-KILL", process)
    wait_until(lambda: show(installed, "NRestarts") == "1", 30)
    wait_until(lambda: show(installed, "ActiveState") == "active", 30)
    assert show(installed, "MainPID") != process
    wait_until(lambda: said(installed, "box/status")[-2:] == ["offline", "online"])


def test_a_loop_that_hangs_is_ended_says_where_and_starts_again(installed: Box) -> None:
    start = ["ExecStart=", "ExecStart=/opt/fer-edge/bin/python /srv/hang.py $FER_EDGE_FLAGS"]
    unit = instance(installed, "hangs", FLAGS.format("hangs"), *start, "WatchdogSec=4", "RestartSec=1")
    installed.do("systemctl", "start", unit)
    wait_until(lambda: said(installed, "hangs/status") == ["online"])
    installed.write("/srv/hang", "")
    wait_until(lambda: show(installed, "NRestarts", unit) == "1", 30)
    installed.do("rm", "/srv/hang")
    wait_until(lambda: show(installed, "ActiveState", unit) == "active", 60)
    assert "watchdog" in journal(installed, unit).lower()
    assert '"/srv/hang.py", line ' in journal(installed, unit)
    assert said(installed, "hangs/status")[:2] == ["online", "offline"]
    installed.do("systemctl", "stop", unit)


def test_a_process_that_is_frozen_is_ended_and_starts_again(installed: Box) -> None:
    unit = instance(installed, "frozen", FLAGS.format("frozen"), "WatchdogSec=4", "RestartSec=1", "TimeoutAbortSec=1")
    installed.do("systemctl", "start", unit)
    process = show(installed, "MainPID", unit)
    installed.do("kill", "-STOP", process)
    wait_until(lambda: show(installed, "MainPID", unit) not in {process, "0"}, 30)
    wait_until(lambda: show(installed, "ActiveState", unit) == "active", 60)
    installed.do("systemctl", "stop", unit)


def test_a_reload_is_a_new_run_of_the_same_process(installed: Box) -> None:
    process, told = show(installed, "MainPID"), len(said(installed, "box/status"))
    installed.do("systemctl", "reload", "fer-edge")
    wait_until(lambda: said(installed, "box/status")[told:] == ["offline", "online"], 30)
    wait_until(lambda: show(installed, "ActiveState") == "active", 30)
    assert show(installed, "MainPID") == process


def test_a_stop_is_in_time_and_says_offline(installed: Box) -> None:
    installed.do("systemctl", "stop", "fer-edge")
    assert (show(installed, "Result"), show(installed, "ActiveState")) == ("success", "inactive")
    assert said(installed, "box/status")[-1] == "offline"
    installed.do("systemctl", "start", "fer-edge")


def test_a_stop_is_in_time_though_the_broker_is_frozen(installed: Box) -> None:
    wait_until(lambda: said(installed, "box/status")[-1] == "online")
    installed.do("systemctl", "kill", "--signal=STOP", "mosquitto")
    installed.do("systemctl", "stop", "fer-edge")
    assert show(installed, "Result") in {"success", "exit-code"}
    installed.do("systemctl", "kill", "--signal=CONT", "mosquitto")
    installed.do("systemctl", "start", "fer-edge")


def test_a_camera_that_is_away_does_not_keep_it_from_getting_ready(installed: Box) -> None:
    unit = instance(installed, "dark", "--camera http://127.0.0.1:9/ --mqtt none --device dark")
    installed.do("systemctl", "start", unit)
    wait_until(lambda: show(installed, "StatusText", unit).startswith("camera "), 30)
    assert (show(installed, "ActiveState", unit), show(installed, "NRestarts", unit)) == ("active", "0")
    installed.do("systemctl", "stop", unit)


@pytest.mark.parametrize(("flags", "code"), [("--camera", "2"), ("--camera 0 --model /etc/hostname", "78")])
def test_what_needs_a_person_is_not_started_again(installed: Box, flags: str, code: str) -> None:
    unit = instance(installed, f"wrong{code}", flags, "RestartSec=0")
    assert installed.run("systemctl", "start", unit).returncode == 1
    assert (show(installed, "ExecMainStatus", unit), show(installed, "ActiveState", unit)) == (code, "failed")
    assert show(installed, "NRestarts", unit) == "0"


def test_what_keeps_failing_is_started_less_and_less_often(installed: Box) -> None:
    if version(installed) < 254:
        pytest.skip("this systemd has no RestartSteps=; the next one has")
    unit = instance(installed, "fails", "", "ExecStart=", "ExecStart=/bin/false", "RestartSec=1")
    installed.run("systemctl", "start", unit)
    wait_until(lambda: int(show(installed, "NRestarts", unit)) >= 2, 60)
    assert show(installed, "RestartSteps", unit) == "8"
    assert show(installed, "RestartUSecNext", unit) != show(installed, "RestartUSec", unit) == "1s"
    installed.do("systemctl", "stop", unit)


def test_cameras_have_a_unit_each(installed: Box) -> None:
    unit = instance(installed, "front", FLAGS.format("front"))
    installed.do("systemctl", "enable", "--now", unit)
    wait_until(lambda: said(installed, "front/event"))
    assert installed.at("/var/lib/private/fer-edge@front/outbox.sqlite").exists()
    assert show(installed, "ActiveState") == "active"


def test_the_sandbox_holds(installed: Box) -> None:
    # What only the sandbox forbids: the permissions are there.
    installed.do("mkdir", "--mode=777", "/srv/everybody")
    installed.do("chmod", "666", "/dev/net/tun")
    for allowed in ("touch /srv/everybody/x", "exec 3<>/dev/net/tun"):
        installed.do("setpriv", "--reuid=nobody", "sh", "-c", allowed)
    start = ["Type=oneshot", "ExecStart=", "ExecStart=/opt/fer-edge/bin/python /srv/probe.py"]
    unit = instance(installed, "probe", "", *start, "Restart=no")
    installed.write("/etc/fer-edge/web-token", "a token\n", 0o600)
    installed.do("systemctl", "start", unit)
    found = json.loads(next(line for line in journal(installed, unit).splitlines() if line.startswith("{")))
    print(found)
    assert [found.pop(name) for name in ("read_clock", "netlink", "listen", "state", "tmp")] == ["done"] * 5
    assert not installed.at("/tmp/probe").exists()  # noqa: S108  it has a private one
    assert found.pop("credentials") == {"mqtt-password": len(SECRET) + 1, "web-token": len("a token\n")}
    assert (found.pop("tunnel"), found.pop("packets")) == ("EPERM", "EAFNOSUPPORT")
    assert found.pop("written") == found.pop("processes") == []
    assert found.pop("user") is True
    assert found.pop("no_new_privileges") == "1"
    assert set(found.pop("capabilities")) == {"0000000000000000"}
    assert set(found.values()) <= {"EPERM", "EACCES"}


def test_an_upgrade_keeps_the_settings_and_starts_what_ran(installed: Box) -> None:
    was = installed.tell("readlink", "/opt/fer-edge")
    processes = {show(installed, "MainPID", unit) for unit in ("fer-edge", "fer-edge@front")}
    installed.do(*INSTALL, "--wheel", wheel(installed))
    now = installed.tell("readlink", "/opt/fer-edge")
    assert {was, now} == {"/opt/fer-edge.a", "/opt/fer-edge.b"}
    assert not installed.at(was).exists()
    assert not processes & {show(installed, "MainPID", unit) for unit in ("fer-edge", "fer-edge@front")}
    assert "--device box" in installed.at("/etc/fer-edge/fer-edge.env").read_text()
    assert show(installed, "ActiveState") == show(installed, "ActiveState", "fer-edge@front") == "active"


def test_an_upgrade_may_come_from_the_clone_in_which_it_leaves_nothing(installed: Box) -> None:
    clone = installed.tell("find", *(f"/srv/{part}" for part in CLONE))
    process = show(installed, "MainPID")
    installed.do("env", *OFFLINE, *INSTALL)
    assert show(installed, "MainPID") != process
    assert show(installed, "ActiveState") == show(installed, "ActiveState", "fer-edge@front") == "active"
    assert installed.tell("find", *(f"/srv/{part}" for part in CLONE)) == clone


def test_the_live_page_is_installed_on_demand_and_kept(installed: Box) -> None:
    page = ["/opt/fer-edge/bin/python", "-c", "import aiohttp, prometheus_client"]
    assert installed.run(*page).returncode == 1
    installed.do("env", *OFFLINE, *INSTALL, "--web")
    installed.do(*page)
    installed.do(*INSTALL, "--wheel", wheel(installed))
    installed.do(*page)
    assert show(installed, "ActiveState") == "active"


def test_an_upgrade_that_does_not_get_ready_is_rolled_back(installed: Box) -> None:
    was = installed.tell("readlink", "/opt/fer-edge")
    good = installed.at(wheel(installed))
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(installed.at("/srv/wheels") / "bad.zip", "w") as bad:
        for name in source.namelist():
            broken = b"raise OSError('this one is broken')\n" if name == "fer_edge/daemon.py" else b""
            bad.writestr(name, source.read(name) + broken)
    installed.do("mkdir", "/srv/bad")
    installed.do("mv", "/srv/wheels/bad.zip", f"/srv/bad/{good.name}")
    others = ["-name", "*.whl", "-not", "-name", good.name]
    installed.do("find", "/srv/wheels", *others, "-exec", "ln", "-s", "-t", "/srv/bad", "{}", "+")
    installed.at("/srv/systemd/fer-edge.service").open("a").write("# of the broken one\n")
    done = installed.run(*INSTALL, "--wheel", f"/srv/bad/{good.name}")
    assert done.returncode == 1
    assert "this one is broken" in done.stderr
    assert done.stderr.splitlines()[-1] == "fer-edge: rolled back; the old version runs"
    assert installed.tell("readlink", "/opt/fer-edge") == was
    assert installed.tell("sh", "-c", "ls -d /opt/fer-edge*").splitlines() == ["/opt/fer-edge", was]
    assert "broken" not in installed.tell("systemctl", "cat", "fer-edge")
    assert show(installed, "ActiveState") == show(installed, "ActiveState", "fer-edge@front") == "active"


def test_a_wheel_that_cannot_be_installed_changes_nothing(installed: Box) -> None:
    was, process = installed.tell("readlink", "/opt/fer-edge"), show(installed, "MainPID")
    installed.write("/srv/bad/fer_edge-9-py3-none-any.whl", "no wheel")
    assert installed.run(*INSTALL, "--wheel", "/srv/bad/fer_edge-9-py3-none-any.whl").returncode != 0
    assert installed.tell("sh", "-c", "ls -d /opt/fer-edge*").splitlines() == ["/opt/fer-edge", was]
    assert show(installed, "MainPID") == process


def test_removed_it_leaves_its_settings_and_purged_nothing(installed: Box, before: set[str]) -> None:
    installed.do(*INSTALL, "--uninstall")
    assert installed.tell("systemctl", "list-units", "--plain", "--no-legend", "fer-edge*") == ""
    assert installed.at("/etc/fer-edge/fer-edge.env").exists()
    assert installed.at("/var/lib/private/fer-edge/outbox.sqlite").exists()
    installed.do(*INSTALL, "--uninstall", "--purge")
    assert not installed.at("/etc/fer-edge").exists()
    new = {file for file in files(installed) - before if not Path(file).exists()}  # our own files show through
    assert new <= {"/var/lib/private", "/etc/udev", "/etc/udev/rules.d"}  # the system's own


def test_an_environment_made_by_hand_is_taken_over_and_comes_back_when_the_new_one_fails(installed: Box) -> None:
    installed.do("python3", "-m", "venv", "--system-site-packages", "/opt/fer-edge")
    offline = ["--quiet", "--no-index", "--find-links", "/srv/wheels"]
    installed.do("/opt/fer-edge/bin/pip", "install", *offline, wheel(installed))
    installed.write("/etc/fer-edge/fer-edge.env", f'FER_EDGE_FLAGS="{FLAGS.format("hand")}"\n')
    installed.write("/etc/systemd/system/fer-edge.service", BY_HAND)
    installed.do("systemctl", "daemon-reload")
    told = journal(installed).count("retrying")
    installed.do("systemctl", "start", "fer-edge")
    wait_until(lambda: journal(installed).count("retrying") > told, 30)  # it has begun, and has no password
    broken = installed.tell("sh", "-c", "echo /srv/bad/fer_edge-[!9]*.whl")
    done = installed.run(*INSTALL, "--wheel", broken)
    assert done.stderr.splitlines()[-1] == "fer-edge: rolled back; the old version runs"
    assert "Type=exec" in installed.tell("systemctl", "cat", "fer-edge")
    assert (show(installed, "ActiveState"), show(installed, "NRestarts")) == ("active", "0")
    installed.do(*INSTALL, "--wheel", wheel(installed))
    assert (show(installed, "ActiveState"), show(installed, "Type")) == ("active", "notify")
