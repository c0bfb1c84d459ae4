from __future__ import annotations

import pytest
from tests.support.face_search import EFFORT, predict, texture
from tests.support.scenes import PORTRAITS, Face, Picture, scene

from fer_edge.detection.base import Prediction
from fer_edge.detection.cascade_search import CascadeSearch
from fer_edge.detection.patch import cut_patch
from fer_edge.detection.pyramid import Pyramid

FACE = Face("astronaut.png", 320, 240, 90)


def with_covered_eyes(face: Face) -> Picture:
    """A face with a bar before its eyes, which the cascade misses."""
    picture, (x, y, w, h) = scene(face), face.box
    picture[y + h // 4 : y + h // 2, x : x + w] = 60
    return picture


def predict_with_patch(face: Face, picture: Picture, **changes: object) -> Prediction:
    """The prediction of a face with its appearance in a picture."""
    return predict(face.box, patch=cut_patch(Pyramid(picture), face.box), **changes)


@pytest.mark.parametrize("name", PORTRAITS)
def test_an_upright_face_is_verified_with_its_patch_in_every_attempt(name: str) -> None:
    search, pyramid = CascadeSearch(), Pyramid(scene(FACE._replace(name=name)))
    for attempt in range(search.max_attempts):
        detection = search.verify(pyramid, FACE.box, attempt)
        assert detection
        assert detection.box.iou(FACE.box) > 0.6
        assert detection.patch is not None
        assert (detection.verified, detection.angle, detection.score) == (True, None, None)


@pytest.mark.parametrize("angle", [-45, -30, 30, 45])
def test_a_turned_face_is_missed(angle: float) -> None:
    pyramid = Pyramid(scene(FACE._replace(angle=angle)))
    assert CascadeSearch().verify(pyramid, FACE.box, 0) is None
    assert CascadeSearch().redetect(pyramid, predict(FACE.box), effort=EFFORT) is None


def test_nothing_is_verified_or_tracked_in_a_texture() -> None:
    search, pyramid = CascadeSearch(), Pyramid(texture())
    assert [search.verify(pyramid, FACE.box, attempt) for attempt in range(3)] == [None] * 3
    assert search.redetect(pyramid, predict(FACE.box), effort=EFFORT) is None


@pytest.mark.parametrize("thorough", [True, False])
def test_a_tracked_face_that_moved_is_detected_as_verified(thorough: bool) -> None:
    moved = FACE._replace(x=328, y=234)
    effort = EFFORT._replace(thorough=thorough)
    detection = CascadeSearch().redetect(Pyramid(scene(moved)), predict(FACE.box), effort=effort)
    assert detection
    assert detection.verified
    assert detection.patch is not None
    assert detection.box.iou(moved.box) > 0.6


def test_only_a_thorough_search_detects_a_face_far_from_where_it_is_expected() -> None:
    pyramid = Pyramid(scene(FACE._replace(x=358, y=254)))
    search, prediction = CascadeSearch(), predict(FACE.box)
    assert search.track(pyramid, prediction, thorough=False) is None
    assert search.track(pyramid, prediction, thorough=True)


def test_a_tracked_face_changes_its_size_half_as_much_as_the_cascade_reports() -> None:
    pyramid, expected = Pyramid(scene(FACE)), FACE.box.scaled(1.25)
    reported = CascadeSearch().verify(pyramid, FACE.box, 0)
    tracked = CascadeSearch().track(pyramid, predict(expected), thorough=True)
    assert reported
    assert tracked
    assert tracked.box.w == pytest.approx((reported.box.w + expected.w) / 2, rel=0.06)


def test_a_face_that_is_not_settled_needs_the_evidence_of_a_new_one() -> None:
    far = Pyramid(scene(FACE._replace(x=358, y=254)))
    search, prediction = CascadeSearch(), predict(FACE.box)
    assert search.redetect(far, prediction, effort=EFFORT)
    assert search.redetect(far, prediction._replace(settled=False), effort=EFFORT) is None
    assert search.redetect(Pyramid(scene(FACE)), prediction._replace(settled=False), effort=EFFORT)


def test_a_face_that_the_cascade_misses_is_tracked_by_its_patch_but_is_not_verified() -> None:
    picture, moved = with_covered_eyes(FACE), FACE._replace(x=326, y=236)
    detection = CascadeSearch().redetect(
        Pyramid(with_covered_eyes(moved)), predict_with_patch(FACE, picture), effort=EFFORT
    )
    assert detection
    assert not detection.verified
    assert detection.patch is None
    assert detection.box.iou(moved.box) > 0.8


def test_a_face_that_the_cascade_misses_is_lost_where_another_may_hide_it_or_nothing_resembles_it() -> None:
    picture, search = with_covered_eyes(FACE), CascadeSearch()
    prediction = predict_with_patch(FACE, picture)
    effort = EFFORT._replace(occluded=True)
    assert search.redetect(Pyramid(picture), prediction, effort=effort) is None
    assert search.redetect(Pyramid(texture()), prediction, effort=EFFORT) is None
