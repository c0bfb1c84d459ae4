from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.support.face_search import ghost, texture
from tests.support.scenes import PORTRAITS, Face, Picture, read_grey, scene

from fer_edge.detection.base import Detection, Detectors
from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.still_detector import SAME_FACE_IOU, StillDetector

MIN_FACE = 0.08


@pytest.fixture(params=[True, False], ids=["with the cascade", "network alone"])
def detector(detectors: Detectors, request: pytest.FixtureRequest) -> StillDetector:
    return StillDetector(MIN_FACE, Detectors(cascade=request.param, network=detectors.network))


def check_distinct(detections: list[Detection]) -> None:
    """Assert that no face is detected twice, and that the largest come first."""
    for one, other in itertools.combinations(detections, 2):
        assert one.box.iou(other.box) <= SAME_FACE_IOU
        assert one.box.area >= other.box.area


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("angle", [-45, -30, -20, 0, 20, 30, 45])
def test_a_face_is_detected_once_also_when_it_is_turned(detector: StillDetector, name: str, angle: float) -> None:
    face = Face(name, 320, 240, 100, angle)
    (detection,) = detector.detect(scene(face))
    assert detection.box.iou(face.box) > 0.6
    assert detection.angle == pytest.approx(angle, abs=12)
    assert detection.verified


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_face_of_a_shipped_picture_is_detected_once(detector: StillDetector, name: str) -> None:
    grey = read_grey(f"faces/{name}")
    expected = HaarDetector(MIN_FACE).detect(grey)[0]
    (detection,) = detector.detect(grey)
    assert detection.box.iou(expected) > 0.6


@pytest.mark.parametrize("size", [42, 50, 60, 200, 330])
@pytest.mark.parametrize("centre", [(60, 60), (320, 240), (590, 420)])
def test_small_and_large_faces_are_detected_anywhere(
    detector: StillDetector, centre: tuple[int, int], size: int
) -> None:
    x, y = (min(max(value, size / 2), side - size / 2) for value, side in zip(centre, (640, 480), strict=True))
    face = Face("grace_hopper.bmp", x, y, size)
    detections = detector.detect(scene(face))
    check_distinct(detections)
    assert detections
    assert max(detection.box.iou(face.box) for detection in detections) > 0.5


def test_several_faces_are_detected_the_largest_first(detector: StillDetector) -> None:
    faces = [
        Face("luciano.png", 480, 230, 160, -20),
        Face("astronaut.png", 200, 130, 110, 30),
        Face("grace_hopper.bmp", 150, 370, 60),
        Face("neutral.jpeg", 300, 400, 45),
    ]
    detections = detector.detect(scene(*faces))
    assert len(detections) == len(faces)
    check_distinct(detections)
    for face, detection in zip(faces, detections, strict=True):
        assert detection.box.iou(face.box) > 0.5


@pytest.mark.parametrize("shape", [(1, 1), (23, 23), (7, 640), (640, 7), (480, 640), (2736, 3648)])
@pytest.mark.parametrize("grey", [0, 120, 255])
def test_nothing_is_detected_in_a_blank_picture_of_any_size(
    detector: StillDetector, shape: tuple[int, int], grey: int
) -> None:
    assert detector.detect(np.full(shape, grey, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1), (23, 23), (480, 640), (1368, 1824)])
def test_nothing_is_detected_in_a_texture(detector: StillDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.random.default_rng(1).integers(0, 256, shape, np.uint8)) == []


def test_a_pattern_that_the_cascade_takes_for_a_face_is_detected_without_the_network_only(
    detector: StillDetector,
) -> None:
    assert len(StillDetector(MIN_FACE).detect(ghost())) == 1
    assert detector.detect(ghost()) == []


def test_a_face_in_profile_is_not_detected_because_it_cannot_be_classified(detector: StillDetector) -> None:
    assert detector.detect(read_grey("no_face.png")) == []


def test_a_face_smaller_than_the_smallest_is_not_detected(detectors: Detectors) -> None:
    picture = scene(Face("luciano.png", 320, 240, 60))
    assert len(StillDetector(0.1, detectors).detect(picture)) == 1
    assert StillDetector(0.3, detectors).detect(picture) == []


def test_without_the_network_the_boxes_are_those_of_the_cascade() -> None:
    for name in (*(f"faces/{name}" for name in PORTRAITS), "no_face.png"):
        check_equals_cascade(read_grey(name))
    check_equals_cascade(texture())
    check_equals_cascade(scene(Face("luciano.png", 200, 240, 90, 45), Face("luciano.png", 450, 240, 90)))


def check_equals_cascade(picture: Picture) -> None:
    """Assert that without the network the detections in a picture are those of the cascade."""
    detections = StillDetector(MIN_FACE).detect(picture)
    assert [detection.box for detection in detections] == HaarDetector(MIN_FACE).detect(picture)
    assert all(detection.verified and detection.angle is None for detection in detections)


def test_a_face_in_a_dark_picture_is_detected_with_its_contrast_stretched(detectors: Detectors) -> None:
    face = Face("luciano.png", 320, 240, 110)
    dark = (scene(face) / 16).astype(np.uint8)
    (detection,) = StillDetector(MIN_FACE, detectors).detect(dark, detectors.contrast_stretch())
    assert detection.box.iou(face.box) > 0.5
