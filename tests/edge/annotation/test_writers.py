"""The annotated copy of clips, GIFs, pictures and folders, read back; and the drawing itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import MEDIA, WALK, command, run, wait_until

from fer_edge.annotation.overlay import COLOURS, draw
from fer_edge.annotation.writers import open_copy
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PICTURE_SUFFIXES
from fer_edge.errors import MissingExtraError
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace

FACES = MEDIA / "faces"
LABELS = ("happy", "neutral")


def track(number: int, box: Box, emotion: int = 0) -> TrackedFace:
    return TrackedFace(number, box, emotion, np.array([0.75, 0.25], np.float32))


def frames(path: Path) -> list[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    read = []
    while (step := capture.read())[0]:
        read.append(np.asarray(step[1], np.uint8))
    return read


def share_of(colour: tuple[int, int, int], pixels: NDArray[np.uint8], tolerance: int = 60) -> float:
    """The share of pixels [N,3] that are near the colour; a video blurs it."""
    return float((np.abs(pixels.astype(int) - colour).max(axis=-1) <= tolerance).mean())


def left_side(picture: NDArray[np.uint8], box: list[float]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    x, y, h = round(box[0] * width), round(box[1] * height), round(box[3] * height)
    return picture[y + h // 4 : y + 3 * h // 4, x]


def fer_edge(camera: Path, out: Path, *more: str) -> tuple[int, str, list[dict[str, object]]]:
    done = run("fer_edge", "--camera", camera, "--mqtt", "none", "--print", "--annotate", out, *more)
    return done.code, done.err, done.events


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_a_clip_keeps_its_frames_rate_and_size_and_gets_boxes(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"copy.{ending}"
    code, _, events = fer_edge(WALK, out)
    assert code == 0
    copied, plain = frames(out), frames(WALK)
    assert len(copied) == len(plain)
    assert copied[0].shape == plain[0].shape
    assert cv2.VideoCapture(str(out)).get(cv2.CAP_PROP_FPS) == pytest.approx(12.5, abs=0.01)
    start = next(event for event in events if event["type"] == "start")
    at = start["frame"]["number"]  # type: ignore[index]
    colour = COLOURS[0]
    assert share_of(colour, left_side(copied[at], start["box"])) > 0.8  # type: ignore[arg-type]
    assert share_of(colour, left_side(plain[at], start["box"])) < 0.1  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [out]


def test_a_gif_is_a_source_too(tmp_path: Path) -> None:
    gif, out = tmp_path / "in.gif", tmp_path / "out.mp4"
    assert fer_edge(WALK, gif)[0] == 0
    assert fer_edge(gif, out)[0] == 0
    assert len(frames(out)) == len(frames(WALK))


def test_a_picture_is_annotated_in_colour(tmp_path: Path) -> None:
    out = tmp_path / "copy.png"
    code, _, events = fer_edge(FACES / "astronaut.png", out)
    assert code == 0
    copied, plain = cv2.imread(str(out)), cv2.imread(str(FACES / "astronaut.png"))
    assert copied.shape == plain.shape
    assert share_of(COLOURS[0], left_side(copied, events[0]["box"]), tolerance=0) > 0.8  # type: ignore[arg-type]
    changed = (copied != plain).any(axis=-1).mean()
    assert 0 < changed < 0.1


@pytest.mark.parametrize("ending", PICTURE_SUFFIXES)
def test_a_picture_may_have_every_ending_that_is_read(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"copy{ending}"
    grey = cv2.imread(str(FACES / "luciano.png"), cv2.IMREAD_GRAYSCALE)
    copy = open_copy(str(FACES / "luciano.png"), out, LABELS)
    copy.add(Frame(np.asarray(grey, np.uint8), 0.0, 0, still=True), [track(1, Box(50, 50, 100, 100))])
    read = cv2.imread(str(out), cv2.IMREAD_GRAYSCALE)
    assert read.shape == grey.shape
    assert np.abs(read[75:125, 50].astype(int) - 172).max() < 20  # the first colour, in grey


def test_a_folder_gives_a_folder_with_a_picture_for_each(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("astronaut.png", "luciano.png"):
        (source / name).write_bytes((FACES / name).read_bytes())
    (source / "broken.png").write_bytes(b"no picture")
    code, err, _ = fer_edge(source, out)
    assert code == 1
    assert "broken.png" in err
    assert sorted(path.name for path in out.iterdir()) == ["astronaut.png", "luciano.png"]
    for path in out.iterdir():
        assert (cv2.imread(str(path)) != cv2.imread(str(source / path.name))).any()


@pytest.mark.parametrize(
    ("camera", "out", "said"),
    [
        (WALK, "copy.mkv", ".mp4 .gif"),
        (WALK, "copy.png", ".mp4 .gif"),
        (FACES / "astronaut.png", "copy.mp4", ".png"),
        (WALK, "missing/copy.mp4", "No such file"),
        (WALK, "folder.mp4", "is a folder"),
        (WALK, WALK, "the same as --camera"),
        (FACES, FACES, "the same as --camera"),
        (FACES, WALK, "is a file"),
    ],
)
def test_an_output_that_cannot_be_is_one_line_and_exit_code_2(
    tmp_path: Path, camera: Path, out: str | Path, said: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    before = WALK.read_bytes()
    code, err, events = fer_edge(camera, tmp_path / out)
    lines = [line for line in err.splitlines() if line.startswith("fer-edge: ")]  # the runtime has a line of its own
    assert (code, len(lines), events) == (2, 1, [])
    assert said in lines[0]
    assert WALK.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mp4"]


def test_a_live_camera_cannot_be_annotated(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a file as --camera"):
        open_copy("/dev/null", tmp_path / "copy.mp4", LABELS)


def test_without_pillow_a_gif_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fer-edge\[annotate\]'"):
        open_copy(str(WALK), tmp_path / "copy.gif", LABELS)


@pytest.mark.parametrize(("camera", "out"), [(WALK, "copy.mp4"), (WALK, "copy.gif"), (FACES / "angry.jpg", "copy.png")])
def test_a_full_disk_is_one_line_exit_code_1_and_leaves_nothing(tmp_path: Path, camera: Path, out: str) -> None:
    arguments = command("fer_edge", "--camera", camera, "--mqtt", "none", "--annotate", tmp_path / out)
    limited = ["bash", "-c", 'ulimit -f 40; exec "$@"', "limited", *arguments]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=120, check=False)
    said = [line for line in done.stderr.splitlines() if line.startswith("fer-edge: ")]
    assert (done.returncode, len(said)) == (1, 1), done.stderr
    assert str(tmp_path / out) in said[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_early_leaves_no_half_file_under_the_name(tmp_path: Path, how: signal.Signals) -> None:
    out, part = tmp_path / "copy.mp4", tmp_path / ".copy.part.mp4"
    out.write_bytes(b"an older copy")
    arguments = command("fer_edge", "--camera", WALK, "--mqtt", "none", "--threads", "1", "--annotate", out)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        wait_until(part.exists)
        process.send_signal(how)
        process.wait(30)
    assert out.read_bytes() == b"an older copy"
    assert part.exists() == (how is signal.SIGKILL)


def test_labels_stay_within_the_picture_and_apart() -> None:
    """Two faces side by side at the top, one in the corner, and one as large as the picture."""
    boxes = [Box(10, 0, 40, 40), Box(54, 0, 40, 40), Box(280, 200, 40, 40), Box(0, 0, 320, 240)]
    for number, box in enumerate(boxes, start=1):
        picture = np.zeros((240, 320, 3), np.uint8)
        draw(picture, [track(number, box)], LABELS)
        plate = (picture == COLOURS[number - 1]).all(axis=-1).sum()
        assert plate > 800, box  # the whole plate is there, not the part within the picture only
    picture = np.zeros((240, 320, 3), np.uint8)
    draw(picture, [track(number, box) for number, box in enumerate(boxes, start=1)], LABELS)
    for number in range(1, 5):
        assert (picture == COLOURS[number - 1]).all(axis=-1).sum() > 800, number


@pytest.mark.parametrize("label", ["happy", "a label that is longer than any picture of this size could hold"])
def test_a_label_is_shrunk_to_the_width_of_the_picture(label: str) -> None:
    picture = np.zeros((48, 48, 3), np.uint8)
    draw(picture, [track(1, Box(4, 4, 40, 40))], [label])
    assert (picture == COLOURS[0]).all(axis=-1).any()


def test_boxes_of_a_shrunken_search_are_drawn_at_the_size_of_the_picture() -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    draw(picture, [track(1, Box(100, 100, 50, 50))], LABELS, shrunk=0.5)
    assert share_of(COLOURS[0], picture[200:300, 200], tolerance=0) == 1
