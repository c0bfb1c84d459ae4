from __future__ import annotations

import errno

import pytest

from fer_edge.cameras.cures import CHECK_CABLE, FREE_CAMERA, JOIN_GROUP, PLUG_IN, find_cure


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), JOIN_GROUP),
        (OSError(errno.EPERM, "Operation not permitted"), JOIN_GROUP),
        (OSError(errno.EBUSY, "Device or resource busy"), FREE_CAMERA),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), PLUG_IN),
        (OSError(errno.ENODEV, "No such device"), PLUG_IN),
        (OSError(errno.EIO, "Input/output error"), CHECK_CABLE),
        (OSError("without a number"), CHECK_CABLE),
        (RuntimeError("whatever a library raises"), CHECK_CABLE),
    ],
)
def test_the_cure_follows_from_the_number_of_the_error(error: Exception, cure: str) -> None:
    assert find_cure(error) == cure
