from __future__ import annotations

import numpy as np
import pytest
from tests.support.face_search import EFFORT, GHOST, RecordingNetwork, ghost, predict
from tests.support.scenes import PORTRAITS, Face, scene

from fer_edge.detection.cascade_search import CascadeSearch
from fer_edge.detection.checked_search import CheckedSearch
from fer_edge.detection.face_search import Effort
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.patch import PATCH_SIZE, cut_patch
from fer_edge.detection.pyramid import Pyramid

FACE = Face("luciano.png", 320, 240, 90)


@pytest.fixture
def search(network: RecordingNetwork) -> CheckedSearch:
    return CheckedSearch(NetworkSearch(network))


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_candidate_is_verified_by_the_network(search: CheckedSearch, network: RecordingNetwork, name: str) -> None:
    detection = search.verify(Pyramid(scene(FACE._replace(name=name))), FACE.box, 0)
    assert detection
    assert detection.box.iou(FACE.box) > 0.6
    assert detection.angle is not None
    assert detection.score is not None
    assert len(network.squares) == 1


def test_a_pattern_that_the_cascade_takes_for_a_face_is_denied(
    search: CheckedSearch, network: RecordingNetwork
) -> None:
    pyramid = Pyramid(ghost())
    for attempt in range(search.max_attempts):
        assert CascadeSearch().verify(pyramid, GHOST, attempt)
        assert search.verify(pyramid, GHOST, attempt) is None
    assert len(network.squares) == search.max_attempts


def test_a_pattern_that_the_cascade_tracks_is_denied_by_the_next_check(search: CheckedSearch) -> None:
    pyramid, prediction = Pyramid(ghost()), predict(GHOST)
    tracked = search.redetect(pyramid, prediction, effort=EFFORT)
    assert tracked
    assert tracked.verified
    denied = search.redetect(pyramid, prediction, effort=EFFORT._replace(check=True))
    assert denied
    assert not denied.verified
    assert denied.score is not None


def test_an_upright_face_is_tracked_by_the_cascade_between_the_checks(
    search: CheckedSearch, network: RecordingNetwork
) -> None:
    detection = search.redetect(Pyramid(scene(FACE)), predict(FACE.box), effort=EFFORT)
    assert detection
    assert (detection.verified, detection.score) == (True, None)
    assert network.squares == []


@pytest.mark.parametrize("changes", [{"settled": False}, {"angle": 30.0}, {"angle": -30.0}])
def test_the_network_is_asked_about_a_face_that_is_not_settled_or_is_tilted(
    search: CheckedSearch, network: RecordingNetwork, changes: dict[str, object]
) -> None:
    detection = search.redetect(Pyramid(scene(FACE)), predict(FACE.box, **changes), effort=EFFORT)
    assert detection
    assert detection.verified
    assert detection.score is not None
    assert len(network.squares) == 1


def test_the_network_is_asked_about_an_upright_face_when_a_check_is_due(
    search: CheckedSearch, network: RecordingNetwork
) -> None:
    effort = EFFORT._replace(check=True)
    detection = search.redetect(Pyramid(scene(FACE)), predict(FACE.box), effort=effort)
    assert detection
    assert detection.score is not None
    assert len(network.squares) == 1


@pytest.mark.parametrize("angle", [-45, -30, 30, 45])
def test_the_network_is_asked_when_the_cascade_misses_the_face(
    search: CheckedSearch, network: RecordingNetwork, angle: float
) -> None:
    pyramid = Pyramid(scene(FACE._replace(angle=angle)))
    detection = search.redetect(pyramid, predict(FACE.box), effort=EFFORT)
    assert detection
    assert detection.verified
    assert detection.angle == pytest.approx(angle, abs=12)
    assert len(network.squares) == 1


@pytest.mark.parametrize("moved", [0, 8, -8])
def test_a_face_that_is_turned_away_is_followed_by_its_appearance_between_the_checks(
    search: CheckedSearch, network: RecordingNetwork, moved: int
) -> None:
    patch, face = cut_patch(Pyramid(scene(FACE)), FACE.box), FACE._replace(x=FACE.x + moved)
    prediction, pyramid = predict(FACE.box, patch=patch, turned_away=True), Pyramid(scene(face))
    detection = search.redetect(pyramid, prediction, effort=EFFORT)
    assert detection
    assert detection.box.iou(face.box) > 0.85
    assert (detection.verified, detection.score, detection.patch) == (True, None, None)
    assert network.squares == []
    checked = search.redetect(pyramid, prediction, effort=EFFORT._replace(check=True))
    assert checked
    assert checked.score is not None


@pytest.mark.parametrize(
    ("changes", "effort"),
    [
        ({"patch": np.full((PATCH_SIZE, PATCH_SIZE), 9, np.uint8)}, EFFORT),
        ({"patch": None}, EFFORT),
        ({"verified": False}, EFFORT),
        ({}, EFFORT._replace(occluded=True)),
    ],
)
def test_the_network_is_asked_about_a_face_that_is_turned_away_and_no_longer_known(
    search: CheckedSearch, network: RecordingNetwork, changes: dict[str, object], effort: Effort
) -> None:
    pyramid = Pyramid(scene(FACE))
    known = predict(FACE.box, patch=cut_patch(pyramid, FACE.box), turned_away=True)
    detection = search.redetect(pyramid, known._replace(**changes), effort=effort)
    assert detection
    assert detection.score is not None
    assert len(network.squares) == 1


def test_a_face_that_has_left_is_denied_unless_another_may_hide_it(search: CheckedSearch) -> None:
    pyramid, prediction = Pyramid(scene()), predict(FACE.box)
    denied = search.redetect(pyramid, prediction, effort=EFFORT)
    assert denied
    assert not denied.verified
    assert search.redetect(pyramid, prediction, effort=EFFORT._replace(occluded=True)) is None
