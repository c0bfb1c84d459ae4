"""A small disk that is full or read-only, on which a script runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MOUNT = """
set -e
mount -t tmpfs -o size="$3",nr_inodes=100 none "$1"
case $2 in
full) head -c "$3" /dev/zero > "$1/rubbish" ;;
read-only) mount -o remount,ro none "$1" ;;
esac
shift 3
exec "$@"
"""


def run_on_disk(folder: Path, disk: str, script: str, size: str = "64k") -> str:
    """Run a script of Python, with the path of an outbox as its argument, while `folder` is a disk of its own.

    Args:
        folder: Where the disk is mounted, for the script alone.
        disk: `full`, `read-only`, or `small`, which is neither.
        script: The text of the script.
        size: Of the disk.

    Returns:
        What the script has printed.
    """
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: no disk may be mounted here (unshare -Urm)")
    arguments = ["unshare", "-Urm", "sh", "-c", MOUNT, "sh", folder, disk, size]
    arguments += [sys.executable, "-c", script, folder / "outbox.sqlite"]
    return subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=True, timeout=60).stdout
