"""The interface for programs: the same faces and emotions as those of the daemon's events."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA, WALK
from tests.support.processes import run

from fer_edge import FaceReader
from fer_edge.errors import FerError

FACES = MEDIA / "faces"


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return FaceReader()


@pytest.mark.parametrize("name", ["astronaut.png", "angry.jpg", "neutral.jpeg"])
def test_a_picture_has_the_faces_of_the_events_from_a_file_or_an_array(reader: FaceReader, name: str) -> None:
    events = run("fer_edge", "--camera", FACES / name, "--print").events
    started = [event for event in events if event["type"] == "start"]
    assert started
    colour = cv2.imread(str(FACES / name))
    height, width = colour.shape[:2]
    faces = reader.read(FACES / name)
    assert [face.emotion for face in faces] == [event["emotion"] for event in started]
    assert [face.score for face in faces] == pytest.approx([event["score"] for event in started], abs=1e-4)
    assert [face.valence for face in faces] == [event["valence"] for event in started]
    assert [face.track for face in faces] == list(range(1, len(faces) + 1))
    for face, event in zip(faces, started, strict=True):
        clipped = face.box.clipped(width, height)
        fractions = (clipped.x / width, clipped.y / height, clipped.w / width, clipped.h / height)
        assert fractions == pytest.approx(event["box"], abs=1e-3)
        assert list(face.scores) == list(reader.labels)
    (first,) = reader.read(np.asarray(colour, np.uint8))[:1]
    assert first.scores == pytest.approx(faces[0].scores, abs=0.06)  # a JPEG's grey is not exactly that of its BGR
    assert reader.read(str(FACES / name)) == faces


def test_a_picture_without_a_face_has_none_and_the_next_one_begins_anew(reader: FaceReader) -> None:
    assert reader.read(MEDIA / "no_face.png") == []
    assert reader.read(np.zeros((1, 1), np.uint8)) == []
    assert len(reader.read(FACES / "astronaut.png")) == 1


def test_a_clip_yields_each_frame_with_the_tracks_of_the_events(reader: FaceReader) -> None:
    events = run("fer_edge", "--camera", WALK, "--mqtt", "none", "--print").events
    frames = list(reader.watch(str(WALK)))
    assert [frame.number for frame, _ in frames] == list(range(len(frames)))
    assert {face.track for _, faces in frames for face in faces} == {event["track"] for event in events}
    for event in events:
        if event["type"] == "start":
            (faces,) = [faces for frame, faces in frames if frame.number == event["frame"]["number"]]
            (face,) = [face for face in faces if face.track == event["track"]]
            assert (face.emotion, round(face.score, 3)) == (event["emotion"], round(event["score"], 3))


def test_a_clip_that_is_left_early_is_closed(reader: FaceReader) -> None:
    frames = reader.watch(str(WALK))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert len(reader.read(FACES / "astronaut.png")) == 1


@pytest.mark.parametrize(
    ("picture", "error", "text"),
    [
        ("missing.png", FerError, "missing.png: "),
        (FACES, FerError, "faces: "),
        (np.zeros((4, 4), np.float32), TypeError, "array of uint8 with pixels, not float32"),
        (np.zeros((4, 4, 4), np.uint8), TypeError, "not of shape \\[4, 4, 4\\]"),
        (np.zeros((0, 4), np.uint8), TypeError, "with pixels"),
        (b"bytes", TypeError, "not bytes"),
        (None, TypeError, "not NoneType"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_right(
    reader: FaceReader, picture: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        reader.read(picture)  # type: ignore[arg-type]


def test_a_model_that_does_not_exist_and_a_camera_of_no_kind_are_errors_in_one_line(
    reader: FaceReader, tmp_path: Path
) -> None:
    with pytest.raises(FerError) as model:
        FaceReader(tmp_path / "none.tflite")
    with pytest.raises(FerError) as camera:
        next(reader.watch("no-such-thing"))
    assert "\n" not in f"{model.value}{camera.value}"


def test_the_package_is_imported_without_what_only_the_reader_needs() -> None:
    code = "import sys, fer_edge; print('cv2' in sys.modules, 'numpy' in sys.modules, hasattr(fer_edge, 'FaceRedaer'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_the_lines_of_the_readme_run(tmp_path: Path) -> None:
    text = (MEDIA.parents[1] / "README.md").read_text()
    lines = text[text.index("    from fer_edge import FaceReader") :].partition("\n\n")[0]
    (tmp_path / "picture.jpg").write_bytes((FACES / "happy-baby.jpeg").read_bytes())
    code = [sys.executable, "-c", textwrap.dedent(lines)]
    done = subprocess.run(code, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("happy 0.")
