from __future__ import annotations

import pytest
from tests.support.face_search import EFFORT, GHOST, FakeNetwork, RecordingNetwork, ghost, predict, texture
from tests.support.scenes import PORTRAITS, Face, scene

from fer_edge.detection.face_network import NetworkFace
from fer_edge.detection.network_search import SQUARES, TRACK_SCORE, VERIFY_SCORE, NetworkSearch
from fer_edge.detection.patch import cut_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

FACE = Face("astronaut.png", 320, 240, 90)
PYRAMID = Pyramid(scene(FACE))


def fake_search(*faces: NetworkFace) -> NetworkSearch:
    return NetworkSearch(FakeNetwork(faces))


def network_face(box: Box, score: float, angle: float = 0.0, yaw: float = 0.0) -> NetworkFace:
    return NetworkFace(box, angle, yaw, score)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("angle", [-45, 0, 30])
def test_a_face_of_any_tilt_is_verified_and_tracked(network: RecordingNetwork, name: str, angle: float) -> None:
    search, face = NetworkSearch(network), FACE._replace(name=name, angle=angle)
    pyramid = Pyramid(scene(face))
    detections = [search.verify(pyramid, face.box, attempt) for attempt in range(len(SQUARES))]
    detections.append(search.redetect(pyramid, predict(face.box), effort=EFFORT))
    for detection in detections:
        assert detection
        assert detection.verified
        assert detection.box.iou(face.box) > 0.6
        assert detection.angle == pytest.approx(angle, abs=12)
        assert detection.score is not None
        assert detection.score > 0.7
        assert detection.patch is not None
    assert len(network.squares) == len(detections)


def test_a_texture_is_no_face_and_a_track_of_it_is_denied(network: RecordingNetwork) -> None:
    search, pyramid = NetworkSearch(network), Pyramid(texture())
    assert [search.verify(pyramid, FACE.box, attempt) for attempt in range(3)] == [None] * 3
    denied = search.redetect(pyramid, predict(FACE.box), effort=EFFORT)
    assert denied
    assert (denied.box, denied.verified, denied.patch, denied.angle) == (FACE.box, False, None, None)
    assert denied.score is not None
    assert denied.score < TRACK_SCORE


def test_a_pattern_that_the_cascade_takes_for_a_face_is_none(network: RecordingNetwork) -> None:
    search, pyramid = NetworkSearch(network), Pyramid(ghost())
    assert [search.verify(pyramid, GHOST, attempt) for attempt in range(3)] == [None] * 3
    denied = search.redetect(pyramid, predict(GHOST), effort=EFFORT)
    assert denied
    assert not denied.verified


def test_a_detection_has_what_the_network_measured_and_the_patch_at_its_box() -> None:
    box = FACE.box.translated(5, 3)
    detection = fake_search(network_face(box, 0.8, angle=-20, yaw=15)).verify(PYRAMID, FACE.box, 0)
    assert detection
    assert (detection.box, detection.angle, detection.yaw, detection.score) == (box, -20, 15, 0.8)
    patch = cut_patch(PYRAMID, box)
    assert patch is not None
    assert detection.patch is not None
    assert (detection.patch == patch).all()


def test_a_new_face_needs_a_higher_score_than_a_tracked_one() -> None:
    search = fake_search(network_face(FACE.box, (TRACK_SCORE + VERIFY_SCORE) / 2))
    assert search.verify(PYRAMID, FACE.box, 0) is None
    assert search.redetect(PYRAMID, predict(FACE.box, settled=False), effort=EFFORT) is None
    tracked = search.redetect(PYRAMID, predict(FACE.box), effort=EFFORT)
    assert tracked
    assert tracked.verified


def test_what_the_network_denies_is_where_it_was_expected_with_its_score_and_not_verified() -> None:
    score = TRACK_SCORE - 0.05
    denied = fake_search(network_face(FACE.box.translated(8, 0), score)).redetect(
        PYRAMID, predict(FACE.box), effort=EFFORT
    )
    assert denied
    assert (denied.box, denied.verified, denied.score) == (FACE.box, False, score)
    nothing = fake_search().redetect(PYRAMID, predict(FACE.box), effort=EFFORT)
    assert nothing
    assert (nothing.box, nothing.verified, nothing.score) == (FACE.box, False, 0.0)


def test_a_face_that_another_may_hide_is_not_denied() -> None:
    effort = EFFORT._replace(occluded=True)
    assert fake_search().redetect(PYRAMID, predict(FACE.box), effort=effort) is None
    assert fake_search(network_face(FACE.box, 0.9)).redetect(PYRAMID, predict(FACE.box), effort=effort)


def test_without_a_thorough_search_the_network_is_not_run(network: RecordingNetwork) -> None:
    effort = EFFORT._replace(thorough=False)
    assert NetworkSearch(network).redetect(PYRAMID, predict(FACE.box), effort=effort) is None
    assert network.squares == []


def test_a_face_that_is_not_settled_is_searched_for_even_without_a_thorough_search(network: RecordingNetwork) -> None:
    effort = EFFORT._replace(thorough=False)
    assert NetworkSearch(network).redetect(PYRAMID, predict(FACE.box, settled=False), effort=effort)
    assert len(network.squares) == 1


def test_the_most_certain_face_that_overlaps_the_expected_box_is_the_detected_one() -> None:
    elsewhere, right, other = (
        network_face(FACE.box.translated(dx, 0), s) for dx, s in ((300, 0.95), (9, 0.9), (0, 0.8))
    )
    detection = fake_search(elsewhere, right, other).verify(PYRAMID, FACE.box, 0)
    assert detection
    assert detection.box == right.box
    assert fake_search(elsewhere).verify(PYRAMID, FACE.box, 0) is None


def test_a_tracked_face_changes_its_size_half_as_much_as_the_network_reports() -> None:
    large = FACE.box.scaled(1.4)
    detection = fake_search(network_face(large, 0.9)).redetect(PYRAMID, predict(FACE.box), effort=EFFORT)
    assert detection
    assert detection.box.w == pytest.approx((large.w + FACE.box.w) / 2, abs=1)
    assert detection.box.centre == pytest.approx(large.centre, abs=1)


def test_repeated_checks_take_squares_of_different_sizes_in_turn(network: RecordingNetwork) -> None:
    search = NetworkSearch(network)
    for attempt in range(2 * len(SQUARES)):
        search.verify(PYRAMID, FACE.box, attempt)
        search.redetect(PYRAMID, predict(FACE.box, verifications=attempt), effort=EFFORT)
    verified, tracked = network.squares[::2], network.squares[1::2]
    assert verified == tracked
    assert verified[: len(SQUARES)] == verified[len(SQUARES) :]
    assert len(set(verified)) == len(SQUARES)
    assert all(square.w == square.h > FACE.box.w for square in verified)
