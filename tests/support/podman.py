"""Containers of the image, by podman."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.media import MEDIA

CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]  # podman's own may be above those of this process
[engine]
runtime = "runc"  # unlike crun, it works with control groups of version 1, too
"""


def podman(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run podman, which must exit with this code."""
    command = ["podman", "--log-level=fatal", *map(str, arguments)]
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def locked_down(*more: object) -> list[object]:
    """The flags of the README for a container that can write its volume and /tmp only; pictures are in /media."""
    return ["--rm", "--network", "host", "--read-only", "--cap-drop", "all", "--volume", f"{MEDIA}:/media:ro", *more]


@contextmanager
def container(*arguments: object) -> Iterator[str]:
    """The id of a container that runs meanwhile."""
    identity = podman("run", "--detach", *arguments).stdout.strip()
    try:
        yield identity
    finally:
        podman("rm", "--force", "--ignore", "--volumes", identity)
