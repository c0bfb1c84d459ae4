"""How to fix a camera that cannot be opened or delivers nothing."""

from __future__ import annotations

import errno

CHECK_CABLE = "check its cable and its power"
FREE_CAMERA = "another program is using it; if it is fer-edge itself: sudo systemctl stop fer-edge"
JOIN_GROUP = "join the group video: sudo usermod -aG video USER, and log in again"
CHECK_ADDRESS = "check the address, its user and password, and whether the camera is on"
PLUG_IN = "plug it in, or name another (ls /dev/video*, rpicam-hello --list-cameras)"

_CURES = {
    errno.EACCES: JOIN_GROUP,
    errno.EPERM: JOIN_GROUP,
    errno.EBUSY: FREE_CAMERA,
    errno.ENOENT: PLUG_IN,
    errno.ENODEV: PLUG_IN,
    errno.ENXIO: PLUG_IN,
}


def find_cure(error: Exception) -> str:
    """How to fix an error of the operating system; any other error suggests checking the cable."""
    number = error.errno if isinstance(error, OSError) else None
    return _CURES.get(number or 0, CHECK_CABLE)
