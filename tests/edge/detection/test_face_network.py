"""The face network: its output decoded by hand, and the real one on shipped pictures."""

from __future__ import annotations

import math
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.media import HEAD
from tests.support.scenes import PORTRAITS, Face, scene

from fer_edge.cameras.files import VideoFile
from fer_edge.detection.face_network import (
    CENTRE_BELOW_EYES,
    NOSE_HEIGHT,
    WIDTH_BY_EYES_TO_MOUTH,
    FaceNetwork,
    NetworkFace,
)
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.inference.face_network_file import open_face_network
from fer_edge.inference.selection import Platform

PICTURE = Pyramid(np.full((480, 640), 100, np.uint8))
SQUARE = Box(100, 50, 256, 256)  # two pixels for each of the input
# A face in pixels of the input, from the middle between the eyes: right eye, left eye, nose, mouth and ears.
POINTS = np.array([(-10.0, 0), (10, 0), (0, 8), (0, 20), (-20, 3), (20, 3)])
FACE = Face("astronaut.png", 320, 240, 90)


class FakeRun:
    """Imitates the computation of the network with an output that is put together by hand.

    Attributes:
        inputs: What the network was run on.
    """

    def __init__(self) -> None:
        self.inputs: list[NDArray[np.float32]] = []
        self._raw, self._logits = np.zeros((896, 16), np.float32), np.full(896, -20, np.float32)

    def __call__(self, pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.inputs.append(pixels)
        return self._raw, self._logits

    def put(
        self,
        anchor: int,
        centre: tuple[float, float],
        eyes: tuple[float, float],
        score: float,
        points: NDArray[np.float64] = POINTS,
    ) -> None:
        """Have an anchor, which has this centre, detect a face with its eyes there; pixels of the input."""
        key_points = points + eyes - centre
        box = [*(key_points[2]), 50, 50]
        self._raw[anchor] = [*box, *key_points.ravel()]
        self._logits[anchor] = math.log(score / (1 - score))


def detect(run: FakeRun, min_score: float = 0.5) -> list[NetworkFace]:
    return FaceNetwork(run).detect(PICTURE, SQUARE, min_score)


def expected_box(x: float, y: float, to_mouth: float = 20.0) -> Box:
    """The box in the picture of a face with its eyes at a point of the input."""
    side = 2 * WIDTH_BY_EYES_TO_MOUTH * to_mouth
    x, y = SQUARE.x + 2 * x, SQUARE.y + 2 * (y + CENTRE_BELOW_EYES * to_mouth)
    return Box(round(x - side / 2), round(y - side / 2), round(side), round(side))


@pytest.mark.parametrize(
    ("anchor", "centre"),
    [
        (0, (4, 4)),
        (2 * (16 * 5 + 7) + 1, (60, 44)),  # row 5, column 7 of the fine grid
        (511, (124, 124)),
        (512, (8, 8)),
        (512 + 6 * (8 * 2 + 3) + 4, (56, 40)),  # row 2, column 3 of the coarse grid
        (895, (120, 120)),
    ],
)
def test_the_output_of_an_anchor_is_relative_to_its_centre(anchor: int, centre: tuple[int, int]) -> None:
    run = FakeRun()
    run.put(anchor, centre, eyes=(62, 50), score=0.8)
    (face,) = detect(run)
    assert face.box == expected_box(62, 50)
    assert (face.angle, face.yaw) == pytest.approx((0, 0), abs=1e-4)
    assert face.score == pytest.approx(0.8)


@pytest.mark.parametrize("angle", [-120, -30, 30, 75])
def test_the_angle_is_clockwise_and_the_box_lies_along_the_tilted_head(angle: float) -> None:
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    run = FakeRun()
    run.put(175, (60, 44), eyes=(62, 50), score=0.8, points=POINTS @ [(cos, sin), (-sin, cos)])
    (face,) = detect(run)
    assert face.angle == pytest.approx(angle, abs=0.01)
    assert face.yaw == pytest.approx(0, abs=0.01)
    below = 2 * CENTRE_BELOW_EYES * 20
    assert face.box.centre == pytest.approx((224 - below * sin, 150 + below * cos), abs=1.01)
    assert face.box.w == face.box.h == expected_box(62, 50).w


@pytest.mark.parametrize("nose", [-9, -4, 4, 9])
def test_the_yaw_is_positive_where_the_nose_points_to_the_right_of_the_picture(nose: float) -> None:
    points = POINTS.copy()
    points[2, 0] = nose
    run = FakeRun()
    run.put(175, (60, 44), eyes=(62, 50), score=0.8, points=points)
    (face,) = detect(run)
    assert face.yaw == pytest.approx(math.degrees(math.atan(nose / (NOSE_HEIGHT * 20))), abs=0.01)


def test_overlapping_candidates_are_one_face_with_the_higher_score_and_their_mean_weighted_by_score() -> None:
    run = FakeRun()
    run.put(174, (60, 44), eyes=(50, 50), score=0.6)
    run.put(175, (60, 44), eyes=(60, 50), score=0.9)
    (face,) = detect(run)
    assert face.box == expected_box(56, 50)
    assert face.score == pytest.approx(0.9)


def test_candidates_apart_are_two_faces_the_more_certain_first() -> None:
    run = FakeRun()
    run.put(0, (4, 4), eyes=(30, 30), score=0.7)
    run.put(895, (120, 120), eyes=(90, 80), score=0.95)
    run.put(1, (4, 4), eyes=(30, 30), score=0.6)
    faces = detect(run)
    assert [face.box for face in faces] == [expected_box(90, 80), expected_box(30, 30)]
    assert [face.score for face in faces] == pytest.approx([0.95, 0.7])


def test_a_candidate_below_the_least_score_counts_for_nothing() -> None:
    run = FakeRun()
    run.put(174, (60, 44), eyes=(50, 50), score=0.49)
    assert detect(run, 0.5) == []
    run.put(175, (60, 44), eyes=(60, 50), score=0.9)
    (face,) = detect(run, 0.5)
    assert face.box == expected_box(60, 50)


def test_key_points_that_coincide_are_a_face_of_one_pixel() -> None:
    run = FakeRun()
    run.put(175, (60, 44), eyes=(62, 50), score=0.8, points=np.zeros((6, 2)))
    (face,) = detect(run)
    assert (face.box.w, face.box.h) == (1, 1)
    assert math.isfinite(face.angle)
    assert math.isfinite(face.yaw)


def test_the_input_is_grey_from_minus_one_to_one_and_black_outside_the_picture() -> None:
    run, picture = FakeRun(), np.full((480, 640), 255, np.uint8)
    FaceNetwork(run).detect(Pyramid(picture), Box(-64, 352, 256, 256), 0.5)
    (pixels,) = run.inputs
    assert (pixels.shape, pixels.dtype) == ((1, 128, 128, 1), np.float32)
    assert (pixels[0, :64, 32:] == 1).all()
    assert (pixels[0, 64:] == -1).all()
    assert (pixels[0, :, :32] == -1).all()


@pytest.mark.parametrize(
    "square", [Box(640, 0, 90, 90), Box(-90, 100, 90, 90), Box(50, 481, 200, 200), Box(5, 5, 0, 0)]
)
def test_a_square_without_a_pixel_of_the_picture_has_no_face_and_costs_nothing(square: Box) -> None:
    run = FakeRun()
    assert FaceNetwork(run).detect(PICTURE, square, 0.5) == []
    assert run.inputs == []


@pytest.mark.parametrize(
    "square",
    [
        Box(320, 240, 1, 1),
        Box(639, 479, 3, 3),
        Box(-100, -100, 101, 101),
        Box(-3000, -3000, 6500, 6500),
        Box(-50000, -50000, 100500, 100500),
    ],
)
def test_in_a_tiny_or_huge_square_there_is_no_face(network: FaceNetwork, square: Box) -> None:
    assert network.detect(Pyramid(scene(FACE)), square, 0.5) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 640), (640, 1), (23, 23), (2736, 3648)])
def test_in_a_blank_picture_of_any_size_there_is_no_face(network: FaceNetwork, shape: tuple[int, int]) -> None:
    side = max(shape)
    assert network.detect(Pyramid(np.full(shape, 77, np.uint8)), Box(0, 0, side, side), 0.3) == []


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("turn", [-45, -30, -20, 20, 30, 45])
def test_the_angle_of_a_turned_face_is_that_of_the_turn(network: FaceNetwork, name: str, turn: float) -> None:
    upright, turned = (only_face(network, FACE._replace(name=name, angle=angle)) for angle in (0, turn))
    assert upright.angle == pytest.approx(0, abs=10)  # some heads are tilted by up to 6 degrees in their portraits
    assert turned.angle == pytest.approx(turn, abs=10)
    assert turned.box.iou(upright.box) > 0.6


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_frontal_face_has_a_small_yaw_also_when_it_is_tilted(network: FaceNetwork, name: str) -> None:
    for angle in (-30, 0, 30):
        assert abs(only_face(network, FACE._replace(name=name, angle=angle)).yaw) < 25


def test_the_yaw_of_a_head_in_profile_is_large_and_has_the_sign_of_its_side(network: FaceNetwork) -> None:
    for frame in islice(VideoFile(HEAD), 1, 5):
        width = frame.grey.shape[1]
        square = Box(74, -17, 246, 246)
        (face,) = network.detect(Pyramid(frame.grey), square, 0.5)
        assert face.yaw < -50
        mirrored = Pyramid(np.asarray(cv2.flip(frame.grey, 1), np.uint8))
        (face,) = network.detect(mirrored, Box(width - 74 - 246, -17, 246, 246), 0.5)
        assert face.yaw > 50


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_face_in_a_square_that_exceeds_the_picture_has_the_same_box(network: FaceNetwork, name: str) -> None:
    face = Face(name, 60, 420, 90)
    found = only_face(network, face)
    assert found.box.iou(only_face(network, face._replace(x=320, y=240)).box.translated(-260, 180)) > 0.7


def test_a_picture_that_is_a_view_of_another_array_has_the_same_faces_as_a_copy(network: FaceNetwork) -> None:
    wide = np.dstack([scene(FACE)] * 3)
    for view in (wide[:, :, 1], wide[40:, 50:, 2], wide[:, ::-1, 0], wide[:, :, 0].T):
        assert not view.flags.c_contiguous
        square = Box(0, 0, max(view.shape), max(view.shape))
        found = network.detect(Pyramid(view), square, 0.5)
        assert found == network.detect(Pyramid(view.copy()), square, 0.5)


def test_each_runtime_detects_the_same_face(network: FaceNetwork, runtime: str) -> None:
    other, warnings = open_face_network(platform=Platform(runtimes=(runtime,)))
    assert warnings == ()
    for name in PORTRAITS:
        face = Face(name, 320, 240, 90, 20)
        found, default = only_face(other, face), only_face(network, face)
        assert found.box.iou(default.box) > 0.95
        assert found[1:] == pytest.approx(default[1:], abs=0.5)


def only_face(network: FaceNetwork, face: Face) -> NetworkFace:
    """What the network detects around the face in a scene, once it is known to be a single face."""
    (found,) = network.detect(Pyramid(scene(face)), face.box.scaled(3), 0.5)
    return found
