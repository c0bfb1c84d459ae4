"""Checks that files can be written in a folder, and what to do where they cannot."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

MAKE_ROOM = "make room"
CHANGE_OWNER = "give the folder to the user that runs fer-edge"
CURES = {
    errno.ENOSPC: MAKE_ROOM,
    errno.EDQUOT: MAKE_ROOM,
    errno.EROFS: "the disk may be failing; see dmesg",
    errno.EACCES: CHANGE_OWNER,
    errno.EPERM: CHANGE_OWNER,
}


def find_problem(folder: Path) -> str | None:
    """Why no file can be written in a folder and, if that is known, how to change it; None if one can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(bytes(4096))
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        reason, cure = (error.strerror or str(error)).lower(), CURES.get(error.errno or 0)
        return f"{folder}: {reason}: {cure}" if cure else f"{folder}: {reason}"
    return None
