from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.scenes import Face, scene

from fer_edge.detection.frame_scan import FrameScan
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.zones import Zone

PASS = 20  # frames in which the whole frame is searched for faces of all sizes


def candidates(scan: FrameScan, picture: NDArray[np.uint8], frames: int = PASS, start: int = 0) -> list[Box]:
    """The candidates in a picture that is repeated for some frames."""
    return [box for number in range(frames) for box in scan.step(Pyramid(picture), [], (start + number) / 30) or ()]


@pytest.mark.parametrize("size", [42, 60, 90, 150, 260, 400])
@pytest.mark.parametrize("name", ["astronaut.png", "luciano.png"])
def test_a_face_of_any_size_is_a_candidate_within_one_pass(name: str, size: int) -> None:
    face = Face(name, 330, 240, size)
    assert max(box.iou(face.box) for box in candidates(FrameScan(0.08), scene(face))) > 0.4


def test_nothing_is_searched_again_while_nothing_moves() -> None:
    scan, picture = FrameScan(0.08), scene(Face("astronaut.png", 330, 240, 100))
    assert candidates(scan, picture)
    assert candidates(scan, picture, start=PASS) == []


def test_everything_is_searched_again_after_a_while() -> None:
    scan, picture = FrameScan(0.08), scene(Face("astronaut.png", 330, 240, 100))
    candidates(scan, picture)
    assert candidates(scan, picture, start=600)


def test_everything_is_searched_again_after_a_reset() -> None:
    scan, picture = FrameScan(0.08), scene(Face("astronaut.png", 330, 240, 100))
    first = candidates(scan, picture)
    scan.reset()
    assert candidates(scan, picture, start=PASS) == first


def test_a_face_that_appears_is_a_candidate_within_a_few_frames() -> None:
    scan = FrameScan(0.08)
    candidates(scan, scene())
    assert candidates(scan, scene(Face("luciano.png", 150, 200, 80)), frames=6, start=PASS)


def test_the_surroundings_of_a_tracked_face_are_not_searched_though_it_moves() -> None:
    scan, faces = FrameScan(0.08), [Face("luciano.png", 200 + 5 * number, 200, 80) for number in range(20)]
    candidates(scan, scene(faces[0]))
    found = [scan.step(Pyramid(scene(face)), [face.box], 1 + n / 30) for n, face in enumerate(faces)]
    assert not any(found)


def test_sensor_noise_is_not_motion() -> None:
    scan, picture, noise = FrameScan(0.08), scene(Face("astronaut.png", 330, 240, 100)), np.random.default_rng(0)
    candidates(scan, picture)
    for number in range(10):
        noisy = (picture + noise.normal(0, 6, picture.shape)).clip(0, 255).astype(np.uint8)
        assert not scan.step(Pyramid(noisy), [], 1 + number / 30)


@pytest.mark.parametrize("shape", [(1, 1), (1, 640), (20, 20), (30, 30), (37, 25), (2736, 3648)])
def test_a_picture_of_any_size_can_be_searched(shape: tuple[int, int]) -> None:
    assert candidates(FrameScan(0.08), np.full(shape, 77, np.uint8), frames=3) == []


def test_beside_a_tracked_face_another_is_a_candidate_and_the_tracked_one_is_not() -> None:
    scan, known, other = FrameScan(0.08), Face("luciano.png", 200, 200, 100), Face("astronaut.png", 420, 200, 100)
    picture = Pyramid(scene(known, other))
    found = [box for n in range(2 * PASS) for box in scan.step(picture, [known.box], n / 30) or ()]
    assert max(box.iou(other.box) for box in found) > 0.5
    assert max(box.iou(known.box) for box in found) < 0.3


def test_ignored_zones_are_neither_searched_nor_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the part of the frame that can hold the centre of a face is searched, with half of the largest one."""
    left = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), ignored=True)
    scan, regions = FrameScan(0.08, zones=[left]), []
    window = Pyramid.window
    monkeypatch.setattr(Pyramid, "window", lambda self, box, shrink: regions.append(box) or window(self, box, shrink))
    candidates(scan, scene())
    whole = FrameScan(0.08)
    searched, regions[:] = list(regions), []
    candidates(whole, scene())
    assert sum(region.area for region in searched) < 0.75 * sum(region.area for region in regions)
    assert {region.x + region.w for region in searched} >= {640}
    regions.clear()
    candidates(scan, scene(Face("luciano.png", 150, 200, 80)), start=PASS)
    assert regions == []
    assert candidates(scan, scene(Face("luciano.png", 450, 200, 80)), start=2 * PASS)


def test_a_frame_that_is_ignored_as_a_whole_is_not_searched() -> None:
    scan = FrameScan(0.08, zones=[Zone("all", ((0, 0), (1, 0), (1, 1), (0, 1)), ignored=True)])
    assert candidates(scan, scene(Face("astronaut.png", 330, 240, 100))) == []
