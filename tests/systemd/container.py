"""A Debian in a container with its own systemd. All changes to it are discarded when it is closed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.waiting import wait_until

OPTIONS = """
--quiet --boot --volatile=overlay --private-network --register=no --keep-unit --console=passive
--kill-signal=SIGRTMIN+3 --machine=fer-edge-test
"""
# Allowed as on a real machine, so that only the unit forbids them; systemd needs bpf for DeviceAllow=.
SYSTEM_CALLS = "--system-call-filter=bpf adjtimex clock_adjtime"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Container:
    """A booted container. Needs root and systemd-nspawn.

    Run one at a time: it uses the control group of the caller.
    """

    def __init__(self, root: Path) -> None:
        """`root`: the root of a Debian system; / for a copy of this machine."""
        self._folder = Path(tempfile.mkdtemp(prefix="fer-edge-container-"))
        (self._folder / "root").mkdir()
        # nspawn does not accept / itself.
        subprocess.run(["mount", "--bind", root, self._folder / "root"], check=True)
        with (self._folder / "console").open("wb") as console:
            environment = {"PATH": PATH.removeprefix("PATH="), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", *OPTIONS.split(), SYSTEM_CALLS, "--directory", self._folder / "root"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=environment,
            )
        try:
            self._init_pid = wait_until(self._find_init, 30)
            wait_until(lambda: self.output("systemctl", "is-active", "multi-user.target") == "active", 60)
        except TimeoutError:
            print((self._folder / "console").read_text())
            self.close()
            raise

    def _find_init(self) -> str | None:
        """The process id on the host of the container's process 1."""
        if self._nspawn.poll() is not None:
            raise TimeoutError("systemd-nspawn has exited")
        tasks = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        names = {child: Path(f"/proc/{child}/comm").read_text().strip() for child in tasks.read_text().split()}
        return next((child for child, name in names.items() if name == "systemd"), None)

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as root."""
        enter = ["nsenter", "--target", self._init_pid, "--all", "env", "-i", PATH, "LANG=C.UTF-8", "HOME=/root"]
        return subprocess.run([*enter, *map(str, command)], capture_output=True, text=True, timeout=240, check=False)

    def output(self, *command: object) -> str:
        """The output of a command, whatever its exit code."""
        return str(self.run(*command).stdout).strip()

    def check_output(self, *command: object) -> str:
        """The output of a command that must not fail."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def path(self, path: str) -> Path:
        """The path on the host of a file in the container. Absolute links in it resolve on the host."""
        return Path(f"/proc/{self._init_pid}/root{path}")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file in the container."""
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)
        self.path(path).chmod(mode)

    def copy(self, source: Path, path: str) -> None:
        """Copy a file or a folder of the host into the container."""
        if source.is_dir():
            shutil.copytree(source, self.path(path), ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(source, self.path(path))

    def close(self) -> None:
        """Shut the container down."""
        if self._nspawn.poll() is None:
            self._nspawn.terminate()  # nspawn passes it on as the signal to power off
        try:
            self._nspawn.wait(20)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        subprocess.run(["umount", self._folder / "root"], check=True)
        shutil.rmtree(self._folder)
