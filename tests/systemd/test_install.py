"""The installer, in dry runs: what it would do, and its messages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[2] / "systemd" / "install.sh"
DEBIAN_SCRIPTS = ("build.sh", "fer-edge", "preinst", "postinst", "prerm", "postrm")


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder of commands that replace the system's; at first a Python that passes every check."""
    (tmp_path / "bin").mkdir()
    fake_command(tmp_path / "bin", "python3", "")
    return tmp_path / "bin"


def fake_command(folder: Path, command: str, text: str, code: int = 0) -> None:
    (folder / command).write_text(f"#!/bin/sh\nprintf '%b' '{text}'\nexit {code}\n")
    (folder / command).chmod(0o755)


def install(bin_folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHON": "python3"}
    return subprocess.run([INSTALL, *arguments], capture_output=True, text=True, check=False, env=environment)


def test_a_dry_run_prints_every_step_and_changes_nothing(bin_folder: Path) -> None:
    before = [Path("/opt/fer-edge.a").exists(), Path("/etc/fer-edge").exists()]
    done = install(bin_folder, "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith(("would run: ", "fer-edge: note: ")) for line in lines)
    for step in (
        "-m venv --system-site-packages",
        "/etc/udev/rules.d/60-fer-edge-coral.rules",
        "systemctl --quiet enable",
    ):
        assert any(step in line for line in lines)
    assert [Path("/opt/fer-edge.a").exists(), Path("/etc/fer-edge").exists()] == before


def test_a_wheel_is_installed_offline(bin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "fer_edge-1-py3-none-any.whl").touch()
    done = install(bin_folder, "--dry-run", "--wheel", str(tmp_path / "fer_edge-1-py3-none-any.whl"))
    assert f"--no-index --find-links {tmp_path} {tmp_path}/fer_edge-1-py3-none-any.whl" in done.stdout


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_dependencies_are_pinned_and_verified_by_hash(bin_folder: Path, version: str) -> None:
    fake_command(bin_folder, "python3", version)
    lines = install(bin_folder, "--dry-run").stdout.splitlines()
    pinned, package = (line for line in lines if "pip install" in line)
    (built,) = (line for line in lines if "build_wheel.sh" in line)
    assert "--require-hashes --requirement" in pinned
    assert f"requirements-{version}.txt" in pinned
    assert built.endswith("/bin/pip --no-build-isolation")
    assert "--no-deps" in package


def test_a_python_without_a_lock_file_gets_unpinned_dependencies(bin_folder: Path) -> None:
    fake_command(bin_folder, "python3", "3.12")
    (package,) = (line for line in install(bin_folder, "--dry-run").stdout.splitlines() if "pip install" in line)
    assert "--no-deps" not in package
    assert package[-1] != "]"


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_web_installs_the_pinned_dependencies_of_the_live_page(bin_folder: Path, version: str) -> None:
    fake_command(bin_folder, "python3", version)
    assert "-web.txt" not in install(bin_folder, "--dry-run").stdout
    pinned = next(line for line in install(bin_folder, "--dry-run", "--web").stdout.splitlines() if "-web.txt" in line)
    folder = INSTALL.parent
    assert pinned.endswith(f" --require-hashes --requirement {folder}/requirements-{version}-web.txt")


def test_web_works_with_a_wheel_and_without_a_lock_file(bin_folder: Path, tmp_path: Path) -> None:
    fake_command(bin_folder, "python3", "3.12")
    wheel = tmp_path / "fer_edge-1-py3-none-any.whl"
    wheel.touch()
    for source in ([], ["--wheel", str(wheel)]):
        lines = install(bin_folder, "--dry-run", "--web", *source).stdout.splitlines()
        (package,) = (line for line in lines if "pip install" in line)
        assert package.endswith("\\[web\\]")


def test_all_problems_of_an_unsuitable_system_are_listed_at_once(bin_folder: Path) -> None:
    fake_command(bin_folder, "uname", "armv7l")
    fake_command(bin_folder, "python3", "", 1)
    fake_command(bin_folder, "systemctl", "systemd 241 (241)")
    done = install(bin_folder, "--dry-run", "--wheel", "/nowhere/x.whl")
    assert done.returncode == 1
    assert done.stdout == ""
    for problem in ("not armv7l", "this needs Python 3.11 to 3.13", "not 241", "/nowhere/x.whl: no such file"):
        assert len([line for line in done.stderr.splitlines() if problem in line]) == 1


@pytest.mark.parametrize(
    ("version", "note"),
    [("16.0", "Google's of 2021, which crashes"), ("16.0tf2.17.1-1", "16.0tf2.17.1-1; the daemon tests it")],
)
def test_the_version_of_libedgetpu_is_reported_with_a_warning_if_it_crashes(
    bin_folder: Path, version: str, note: str
) -> None:
    others = "\tlibc.so.6 (libc6,AArch64) => /usr/lib/libc.so.6\n" * 5000  # more than a pipe holds
    fake_command(bin_folder, "ldconfig", "\tlibedgetpu.so.1 (libc6,AArch64) => /usr/lib/libedgetpu.so.1\n" + others)
    fake_command(bin_folder, "dpkg-query", version)
    assert "fer-edge: note: /usr/lib/libedgetpu.so.1" in install(bin_folder, "--dry-run").stdout
    assert note in install(bin_folder, "--dry-run").stdout


def test_the_debian_package_must_be_removed_first(bin_folder: Path) -> None:
    fake_command(bin_folder, "dpkg-query", "install ok installed")
    done = install(bin_folder, "--dry-run")
    assert done.returncode == 1
    assert "sudo apt remove fer-edge (keeps the settings)" in done.stderr
    fake_command(bin_folder, "dpkg-query", "deinstall ok config-files")
    assert install(bin_folder, "--dry-run").returncode == 0


def test_only_purge_removes_the_settings(bin_folder: Path) -> None:
    assert "/etc/fer-edge" not in install(bin_folder, "--dry-run", "--uninstall").stdout
    assert "rm -rf /etc/fer-edge " in install(bin_folder, "--dry-run", "--uninstall", "--purge").stdout
    assert install(bin_folder, "--purge").returncode == 1


def test_a_wrong_flag_prints_the_usage(bin_folder: Path) -> None:
    done = install(bin_folder, "--colour")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert install(bin_folder, "--help").stdout == done.stderr
    assert install(bin_folder, "--wheel").stderr == done.stderr


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="NOT TESTED: shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    scripts = [INSTALL, *(INSTALL.parent / "debian" / name for name in DEBIAN_SCRIPTS)]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert done.stdout == ""
