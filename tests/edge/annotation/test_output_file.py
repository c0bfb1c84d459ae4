from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.annotation.output_file import AnnotationError, OutputFile
from fer_edge.errors import UsageError


def test_a_file_has_its_name_only_once_it_is_committed(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "copy.mp4")
    output.path.write_bytes(b"older")
    output.partial.write_bytes(b"newer")
    assert output.path.read_bytes() == b"older"
    output.commit()
    assert output.path.read_bytes() == b"newer"
    output.discard()
    assert list(tmp_path.iterdir()) == [output.path]


def test_a_discarded_file_leaves_nothing(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "copy.mp4")
    output.partial.write_bytes(b"incomplete")
    output.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    OutputFile(tmp_path / "copy.mp4").check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "message"), [("", "is a folder"), ("missing/copy.mp4", "No such file")])
def test_a_file_that_cannot_be_created_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        OutputFile(tmp_path / name).check()


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        (lambda: Path("/missing/copy.png").write_bytes(b""), "No such file or directory"),
        (lambda: cv2.imencode(".png", np.zeros((0, 0), np.uint8)), "OpenCV cannot write it"),
    ],
)
def test_errors_of_the_system_and_of_opencv_name_the_file(
    tmp_path: Path, fail: Callable[[], object], message: str
) -> None:
    output = OutputFile(tmp_path / "copy.png")
    with pytest.raises(AnnotationError, match=rf"--annotate .*copy\.png: {message}"), output.convert_errors():
        fail()
