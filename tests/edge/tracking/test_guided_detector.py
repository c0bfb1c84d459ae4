from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.benchmarks.sequences import Face, pasted

from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.pyramid import Pyramid
from fer_edge.tracking.guided_detector import GuidedDetector
from fer_edge.tracking.tracker import Tracker

CERTAIN = np.array([1.0, 0.0], np.float32)


def scene(*faces: Face) -> NDArray[np.uint8]:
    return pasted(np.full((480, 640), 120, np.uint8), faces)


def masked(face: Face) -> NDArray[np.uint8]:
    """A face before whose eyes somebody holds a bar, so that the cascade does not know it."""
    picture = scene(face)
    x, y, w, h = face.box
    picture[y + h // 4 : y + h // 2, x : x + w] = 60
    return picture


def show(finder: GuidedDetector, tracker: Tracker, pictures: Iterable[NDArray[np.uint8]], start: float = 0.0) -> None:
    """Show pictures, thirty a second, whose faces are all believed after three sightings."""
    for number, picture in enumerate(pictures):
        time = start + number / 30
        tracker.forget(time, (640, 480))
        tracker.see(finder.find(Pyramid(picture), tracker.tracks, time), time)
        for track in tracker.tracks:
            tracker.feel(track, CERTAIN, time)
        tracker.judge(time)


def test_a_face_that_the_cascade_misses_for_a_moment_is_followed_by_its_looks() -> None:
    finder, tracker = GuidedDetector(0.08), Tracker()
    faces = [Face("astronaut.png", 200 + 4 * number, 240, 100) for number in range(40)]
    assert HaarDetector().detect(masked(faces[30])) == []
    show(finder, tracker, map(scene, faces[:25]))
    show(finder, tracker, map(masked, faces[25:]), start=25 / 30)
    (track,) = tracker.faces
    assert track.last_seen == pytest.approx(24 / 30)
    assert track.last_found == pytest.approx(39 / 30)
    assert track.box.iou(faces[-1].box) > 0.6


def test_what_the_cascade_does_not_know_for_long_is_given_up_though_it_looks_the_same() -> None:
    finder, tracker, face = GuidedDetector(0.08), Tracker(), Face("astronaut.png", 200, 240, 100)
    show(finder, tracker, [scene(face)] * 20)
    show(finder, tracker, [masked(face)] * 45, start=20 / 30)
    assert tracker.faces == []


def test_a_face_that_does_not_move_is_seen_in_every_frame_though_seldom_looked_at() -> None:
    finder, tracker, looks = GuidedDetector(0.08), Tracker(), []
    for number in range(60):
        show(finder, tracker, [scene(Face("luciano.png", 300, 200, 90))], start=number / 30)
        looks += [track.looked for track in tracker.faces]
    assert tracker.faces[0].last_seen == pytest.approx(59 / 30)
    assert 5 <= len(set(looks)) <= 12


def test_a_face_that_moves_is_looked_at_in_every_other_frame_and_seen_in_all() -> None:
    finder, tracker, looks = GuidedDetector(0.08), Tracker(), []
    for number in range(40):
        face = Face("luciano.png", 200 + 4 * number, 200, 90)
        show(finder, tracker, [scene(face)], start=number / 30)
        looks += [track.looked for track in tracker.faces if number >= 20]
        assert all(track.box.iou(face.box) > 0.6 for track in tracker.faces)
    assert tracker.faces[0].last_seen == pytest.approx(39 / 30)
    assert len({look for look in looks if look >= 20 / 30}) == 10


def test_a_face_is_found_once_by_whatever_finds_it() -> None:
    finder, tracker = GuidedDetector(0.08), Tracker()
    for number in range(40):
        face = Face("grace_hopper.bmp", 320, 240, 60 + 4 * number)
        show(finder, tracker, [scene(face)], start=number / 30)
        assert len(tracker.tracks) <= 1
    assert tracker.faces[0].number == 1
