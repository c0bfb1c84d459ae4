"""A Debian as a container with a systemd of its own: what is done to it is gone when it ends."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support import wait_until

OPTIONS = """
--quiet --boot --volatile=overlay --private-network --register=no --keep-unit --console=passive
--kill-signal=SIGRTMIN+3 --machine=fer-edge-box
"""
# What a real machine would leave to the unit to forbid: bpf is how systemd does DeviceAllow=.
CALLS = "--system-call-filter=bpf adjtimex clock_adjtime"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Box:
    """A machine that has booted. Needs root and systemd-nspawn."""

    def __init__(self, root: Path) -> None:
        """`root`: a folder with all of a Debian, or / for this machine once more."""
        self._folder = Path(tempfile.mkdtemp(prefix="fer-edge-box-"))
        (self._folder / "root").mkdir()
        # nspawn does not take / itself.
        subprocess.run(["mount", "--bind", root, self._folder / "root"], check=True)
        with (self._folder / "console").open("wb") as console:
            environment = {"PATH": PATH.removeprefix("PATH="), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", *OPTIONS.split(), CALLS, "--directory", self._folder / "root"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=environment,
            )
        try:
            self._first = wait_until(self._find_first, 30)
            wait_until(lambda: self.tell("systemctl", "is-active", "multi-user.target") == "active", 60)
        except TimeoutError:
            print((self._folder / "console").read_text())
            self.close()
            raise

    def _find_first(self) -> str | None:
        """The number, out here, of the process that is 1 in there."""
        if self._nspawn.poll() is not None:
            raise TimeoutError("systemd-nspawn has ended")
        tasks = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        names = {child: Path(f"/proc/{child}/comm").read_text().strip() for child in tasks.read_text().split()}
        return next((child for child, name in names.items() if name == "systemd"), None)

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Run a command in there, as root."""
        into = ["nsenter", "--target", self._first, "--all", "env", "-i", PATH, "LANG=C.UTF-8", "HOME=/root"]
        whole = [*into, *map(str, command)]
        return subprocess.run(whole, capture_output=True, text=True, timeout=240, check=False)

    def tell(self, *command: object) -> str:
        """What a command says on stdout, be its exit code what it may."""
        return str(self.run(*command).stdout).strip()

    def do(self, *command: object) -> str:
        """The same of one that must not fail."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def at(self, path: str) -> Path:
        """A path in there, as it is named out here; links in it are followed out here, so mind absolute ones."""
        return Path(f"/proc/{self._first}/root{path}")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file in there."""
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text)
        self.at(path).chmod(mode)

    def copy(self, source: Path, path: str) -> None:
        """Copy a file or a folder of ours to a path in there."""
        if source.is_dir():
            shutil.copytree(source, self.at(path), ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(source, self.at(path))

    def close(self) -> None:
        """Shut it down."""
        if self._nspawn.poll() is None:
            self._nspawn.terminate()  # which nspawn hands on as the signal to power off
        try:
            self._nspawn.wait(20)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        subprocess.run(["umount", self._folder / "root"], check=True)
        shutil.rmtree(self._folder)
