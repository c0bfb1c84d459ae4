from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.guided_video import FPS, Video
from tests.support.scenes import Face, scene

from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.pyramid import Pyramid
from fer_edge.tracking.guided_detector import GuidedDetector


def occluded(face: Face) -> NDArray[np.uint8]:
    """A face with a bar before its eyes, so that the cascade misses it."""
    picture = scene(face)
    x, y, w, h = face.box
    picture[y + h // 4 : y + h // 2, x : x + w] = 60
    return picture


def test_a_face_that_the_cascade_misses_for_a_moment_is_tracked_by_its_appearance() -> None:
    video, faces = Video(), [Face("astronaut.png", 200 + 4 * number, 240, 100) for number in range(40)]
    assert HaarDetector().detect(occluded(faces[30])) == []
    video.play(map(scene, faces[:25]))
    assert all(detection.verified for (detection,) in video.detections[10:25])
    video.play(map(occluded, faces[25:]))
    assert [detection.verified for (detection,) in video.detections[25:]] == [False] * 15
    assert video.tracker.faces[0].box.iou(faces[-1].box) > 0.6


def test_a_face_that_the_cascade_misses_for_long_ends_though_its_appearance_matches() -> None:
    video, face = Video(), Face("astronaut.png", 200, 240, 100)
    video.play([scene(face)] * 20)
    changes = video.play([occluded(face)] * 45)
    assert [change.type for change in changes] == ["end"]
    assert video.tracker.faces == ()


def test_a_face_that_does_not_move_is_verified_in_every_frame_and_seldom_by_the_cascade() -> None:
    video = Video()
    video.play([scene(Face("luciano.png", 300, 200, 90))] * 60)
    assert all(detection.verified for (detection,) in video.detections[5:])
    assert 5 <= sum(detection.patch is not None for (detection,) in video.detections[5:]) <= 12


def test_a_face_that_moves_is_verified_in_every_frame_and_by_the_cascade_in_every_other() -> None:
    video, faces = Video(), [Face("luciano.png", 200 + 4 * number, 200, 90) for number in range(40)]
    video.play(map(scene, faces))
    for face, (detection,) in list(zip(faces, video.detections, strict=True))[5:]:
        assert detection.verified
        assert detection.box.iou(face.box) > 0.6
    assert sum(detection.patch is not None for (detection,) in video.detections[20:]) == 10


def test_a_face_that_grows_is_detected_once_in_each_frame_by_all_methods() -> None:
    video = Video()
    changes = video.play(scene(Face("grace_hopper.bmp", 320, 240, 60 + 4 * number)) for number in range(40))
    assert [change.type for change in changes] == ["start"]
    assert max(map(len, video.detections)) == 1


@pytest.mark.parametrize("background", [0, 255])
def test_nothing_is_detected_where_there_is_no_face(background: int) -> None:
    video = Video()
    assert video.play([scene(background=background)] * 10) == []
    assert video.detections == [[]] * 10


def test_after_a_reset_a_face_that_has_not_moved_is_detected_again() -> None:
    detector, pyramid = GuidedDetector(0.08), Pyramid(scene(Face("astronaut.png", 320, 240, 100)))

    def detections(start: float) -> int:
        return sum(len(detector.detect(pyramid, [], start + number / FPS)) for number in range(30))

    assert detections(0.0) > 0
    assert detections(1.0) == 0
    detector.reset()
    assert detections(2.0) > 0


def test_with_a_slowdown_fewer_frames_are_scanned_and_a_face_is_found_later() -> None:
    face = Face("astronaut.png", 330, 240, 100)
    pyramid = Pyramid(scene(face))

    def detected_in(slowdown: int) -> list[int]:
        """The frames in which the face, which is never tracked, is detected."""
        detector = GuidedDetector(0.08)
        found = [detector.detect(pyramid, [], number / FPS, slowdown) for number in range(4 * 20)]
        assert all(detection.box.iou(face.box) > 0.4 for detections in found for detection in detections)
        return [number for number, detections in enumerate(found) if detections]

    fast, slow = detected_in(slowdown=1), detected_in(slowdown=4)
    assert slow[0] >= 3 * fast[0] > 0
