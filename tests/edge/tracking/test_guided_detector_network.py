"""The guided detector with the face network; the rest of it is in `test_guided_detector`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.face_search import FakeNetwork, RecordingNetwork, ghost, texture
from tests.support.guided_video import Video
from tests.support.scenes import PORTRAITS, Face, paste_faces, scene

from fer_edge.detection.base import Detectors, Prediction
from fer_edge.detection.checked_search import CheckedSearch
from fer_edge.detection.face_network import NetworkFace
from fer_edge.detection.frame_scan import FrameScan
from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.tile_scan import TileScan
from fer_edge.geometry import Box
from fer_edge.tracking.guided_detector import (
    CANDIDATES_PER_FRAME,
    CASCADE_SCAN_INTERVAL,
    CHECK_INTERVAL,
    MEAN_SCAN_INTERVAL,
    RECHECK_INTERVAL,
    GuidedDetector,
)

FACE = Face("astronaut.png", 320, 240, 100)
APPROVED = NetworkFace(FACE.box, angle=0.0, yaw=0.0, score=0.95)
RATES = [5.0, 12.5, 30.0]  # frames a second
ROUNDING = 1e-6  # seconds


@pytest.mark.parametrize("cascade", [True, False])
@pytest.mark.parametrize("angle", [-45, -30, 30, 45])
def test_a_turned_face_is_one_track_with_its_angle(detectors: Detectors, angle: int, cascade: bool) -> None:
    video = Video(Detectors(cascade, detectors.network))
    face = Face("astronaut.png", 320, 240, 100, angle)
    changes = video.play([scene(face)] * 90)
    assert [change.type for change in changes] == ["start"]
    assert all(len(found) == 1 for found in video.detections[10:])
    (tracked,) = video.tracker.faces
    assert tracked.angle == pytest.approx(angle, abs=15)  # of a single check
    assert tracked.box.iou(face.box) > 0.5


def test_a_turned_face_that_moves_is_one_track(detectors: Detectors) -> None:
    video = Video(detectors)
    changes = video.play(scene(Face("luciano.png", 120 + 4 * number, 240, 100, 30)) for number in range(90))
    assert [change.type for change in changes] == ["start"]
    assert video.tracker.faces[0].box.centre[0] == pytest.approx(120 + 4 * 89, abs=20)


@pytest.mark.parametrize("slowdown", [1, 2, 4])
def test_the_network_checks_a_tracked_face_at_an_interval(detectors: Detectors, slowdown: int) -> None:
    video = Video(detectors, slowdown=slowdown)
    video.play([scene(FACE)] * 60)
    assert len(video.tracker.faces) == 1
    video.play([scene(FACE)] * 240)  # eight seconds
    checks = sum(detection.score is not None for found in video.detections[60:] for detection in found)
    assert checks == pytest.approx(8 / (CHECK_INTERVAL * slowdown), abs=1.5)


@pytest.mark.parametrize("slowdown", [1, 4])
def test_the_network_checks_a_face_that_is_turned_away_more_often(slowdown: int) -> None:
    network = FakeNetwork([APPROVED])
    video = Video(Detectors(network=network), slowdown=slowdown)
    video.play([scene(FACE)] * 60)
    network.faces = [APPROVED._replace(yaw=70.0)]
    video.play([scene(FACE)] * 300)
    settled = video.detections[120:]
    checks = sum(detection.score is not None for found in settled for detection in found)
    assert checks == pytest.approx(len(settled) / 30 / RECHECK_INTERVAL, abs=2)
    assert all(len(found) == 1 for found in settled)


def test_in_the_first_frame_both_scans_search_then_they_take_turns_with_two_tiles_for_each_search_of_the_cascade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans: list[type] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda self, *_: scans.append(type(self)) or [])
    video = Video(Detectors(network=FakeNetwork()))
    video.play([scene()])
    assert scans == [TileScan, FrameScan]
    video.play([scene()] * 30)
    assert scans[1:] == [FrameScan, TileScan, TileScan] * 10 + [FrameScan]


@pytest.mark.parametrize(("slowdown", "frames"), [(1, 3), (2, 14.4), (4, 28.8)])
def test_beside_a_face_one_in_several_frames_is_scanned_but_none_in_which_the_face_is_checked(
    monkeypatch: pytest.MonkeyPatch, slowdown: int, frames: float
) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])), slowdown=slowdown)
    video.play([scene(FACE)] * 30)
    scanned: list[int] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda *_: scanned.append(len(video.detections)) or [])
    video.play([scene(FACE)] * 300)
    checked = [number for number, found in enumerate(video.detections) if number >= 30 and found[0].score]
    assert len(checked) == pytest.approx(10 / (CHECK_INTERVAL * slowdown), abs=1)
    assert not set(checked).intersection(scanned)
    assert (300 - len(checked)) / frames - 1 <= len(scanned) <= 300 / frames + 1


def test_beside_a_face_the_cascade_scans_at_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])))
    video.play([scene(FACE)] * 30)
    scanned: dict[type, list[float]] = {TileScan: [], FrameScan: []}
    for scan, times in scanned.items():
        monkeypatch.setattr(scan, "step", lambda *_, times=times: times.append(video.time) or [])
    video.play([scene(FACE)] * 600)
    intervals = [later - earlier for earlier, later in pairwise(scanned[FrameScan])]
    assert len(intervals) == pytest.approx(20 / CASCADE_SCAN_INTERVAL, abs=2)
    assert min(intervals) >= CASCADE_SCAN_INTERVAL
    assert len(scanned[TileScan]) > 100


def test_beside_a_face_a_scan_that_had_nothing_to_search_is_repeated_in_the_next_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])))
    video.play([scene(FACE)] * 30)
    tried: list[int] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda *_: tried.append(len(video.detections)))
    video.play([scene(FACE)] * 60)
    checked = [number for number, found in enumerate(video.detections) if number >= 30 and found[0].score]
    assert {*tried, *checked} >= set(range(33, 90))


@pytest.mark.parametrize("network", [True, False])
def test_beside_a_face_the_scan_goes_on_when_the_clock_goes_back(
    monkeypatch: pytest.MonkeyPatch, network: bool
) -> None:
    detector = GuidedDetector(0.08, Detectors(network=FakeNetwork([APPROVED]) if network else None))
    known = Prediction(FACE.box, FACE.box, True, True, 5, None, 0.0, False)
    scanned: list[float] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda self, pyramid, known, time: scanned.append(time) or [])
    times = [100 + number / 30 for number in range(30)] + [number / 30 for number in range(30)]
    for time in times:
        detector.detect(Pyramid(scene(FACE)), [known], time)
    assert len([time for time in scanned if time < 100]) > 5


@pytest.mark.parametrize("slowdown", [2, 4])
def test_beside_a_face_the_scan_goes_on_when_the_slowdown_begins(
    monkeypatch: pytest.MonkeyPatch, slowdown: int
) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])))
    video.play([scene(FACE)] * 300)
    scanned: list[int] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda *_: scanned.append(len(video.detections)) or [])
    video.slowdown = slowdown
    video.play([scene(FACE)] * 60)
    assert len(scanned) == pytest.approx(2 / (MEAN_SCAN_INTERVAL * slowdown), abs=1)


def test_the_frame_in_which_a_face_is_first_classified_is_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])))
    scanned: list[int] = []
    for scan in (TileScan, FrameScan):
        step = scan.step
        monkeypatch.setattr(
            scan, "step", lambda *given, step=step: scanned.append(len(video.detections)) or step(*given)
        )
    starts = [number for number in range(30) for change in video.play([scene(FACE)]) if change.type == "start"]
    assert len(starts) == 1
    assert starts[0] not in scanned
    assert scanned[0] < starts[0] < scanned[-1]


def test_without_the_cascade_only_tiles_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[type] = []
    for scan in (TileScan, FrameScan):
        monkeypatch.setattr(scan, "step", lambda self, *_: scans.append(type(self)) or [])
    Video(Detectors(cascade=False, network=FakeNetwork())).play([scene()] * 10)
    assert scans == [TileScan] * 10


def test_few_candidates_are_verified_in_a_frame_and_the_scan_pauses_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    network, scanned = RecordingNetwork(FakeNetwork()), []
    candidates = [Box(100 * number, 50, 60, 60) for number in range(5)]
    video = Video(Detectors(cascade=False, network=network))

    def step(*_: object) -> list[Box]:
        scanned.append(len(video.detections))
        return candidates

    monkeypatch.setattr(TileScan, "step", step)
    counts = []
    for _ in range(12):
        before = len(network.squares)
        video.play([scene()])
        counts.append(len(network.squares) - before)
    frames_a_scan = NetworkSearch.max_attempts * len(candidates) // CANDIDATES_PER_FRAME
    assert counts == [0, *[CANDIDATES_PER_FRAME] * 11]
    assert scanned == [0, frames_a_scan, 2 * frames_a_scan]


def test_what_only_the_cascade_takes_for_a_face_is_not_detected(detectors: Detectors) -> None:
    assert [change.type for change in Video().play([ghost()] * 60)] == ["start"]
    video = Video(detectors)
    assert video.play([ghost()] * 60) == []
    assert video.detections == [[]] * 60


def test_what_the_network_denies_is_no_face_though_the_cascade_finds_it() -> None:
    assert HaarDetector(0.08).detect(scene(FACE))
    video = Video(Detectors(network=FakeNetwork()))
    assert video.play([scene(FACE)] * 60) == []
    assert video.detections == [[]] * 60


def pictures(kind: str, count: int) -> list[NDArray[np.uint8]]:
    """Frames in which the cascade detects FACE in all, none, or some at random."""
    present = {"all": np.ones(count), "none": np.zeros(count), "some": np.random.default_rng(0).integers(0, 2, count)}
    without = texture()
    with_face = paste_faces(without, [FACE])
    return [with_face if here else without for here in present[kind]]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("cascade_detects", ["all", "none", "some"])
@pytest.mark.parametrize("cascade", [True, False])
def test_a_ghost_ends_within_a_second_of_its_last_approval(cascade: bool, cascade_detects: str, fps: float) -> None:
    for approved_frames in range(round(fps), round(fps) + 6):
        faces = [APPROVED]
        video = Video(Detectors(cascade, FakeNetwork(faces)), fps)
        frames = pictures(cascade_detects, 2 * round(fps) + approved_frames)
        assert [change.type for change in video.play(frames[:approved_frames])] == ["start"]
        approved_at = last_approval(video, fps)
        faces.clear()
        ends = []
        for frame in frames[approved_frames:]:
            ends += [(change.type, video.time) for change in video.play([frame])]
        assert [kind for kind, _ in ends] == ["end"]
        assert ends[0][1] - 1 / fps - approved_at <= 1 + ROUNDING


def last_approval(video: Video, fps: float) -> float:
    """When the network last approved a face, seconds."""
    return max(
        number / fps
        for number, found in enumerate(video.detections)
        if any(detection.verified and detection.score is not None for detection in found)
    )


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("cascade_detects", ["all", "none", "some"])
def test_a_short_occlusion_does_not_end_a_track(cascade_detects: str, fps: float) -> None:
    for approved_frames in range(round(fps), round(fps) + 6):
        faces = [APPROVED]
        video = Video(Detectors(network=FakeNetwork(faces)), fps)
        frames = iter(pictures(cascade_detects, 3 * round(fps) + 6))
        changes = video.play(islice(frames, approved_frames))
        faces.clear()
        changes += video.play(islice(frames, round(0.25 * fps)))
        faces.append(APPROVED)
        changes += video.play(frames)
        assert [change.type for change in changes] == ["start"]


@pytest.mark.parametrize("phase", range(0, 15, 3))
@pytest.mark.parametrize("name", PORTRAITS)
def test_a_face_that_is_covered_for_a_moment_keeps_its_track(detectors: Detectors, name: str, phase: int) -> None:
    video, face = Video(detectors), scene(Face(name, 320, 240, 110))
    changes = video.play([*[face] * (45 + phase), *[scene(background=60)] * 7, *[face] * 45])
    assert [change.type for change in changes] == ["start"]


@pytest.mark.parametrize("cascade", [True, False])
def test_the_same_frames_give_the_same_detections(detectors: Detectors, cascade: bool) -> None:
    def boxes() -> Sequence[Sequence[tuple[Box, float | None]]]:
        video = Video(Detectors(cascade, detectors.network))
        video.play(scene(Face("luciano.png", 200 + 3 * n, 240, 90, n)) for n in range(40))
        return [[(detection.box, detection.score) for detection in found] for found in video.detections]

    assert boxes() == boxes()


@pytest.mark.parametrize(
    ("candidate", "is_taken"),
    [
        (FACE.box.scaled(3.0), False),
        (FACE.box.scaled(2.0).translated(20, 0), False),
        (FACE.box.scaled(0.5).translated(0, -FACE.box.h), True),
        (FACE.box.scaled(3.0).translated(-200, 0), True),
    ],
)
def test_what_contains_a_tracked_face_is_no_candidate(
    candidate: Box, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = Video(Detectors(network=FakeNetwork([APPROVED])))
    video.play([scene(FACE)] * 60)
    verified: list[Box] = []
    monkeypatch.setattr(TileScan, "step", lambda *_: [candidate])
    monkeypatch.setattr(FrameScan, "step", lambda *_: [])
    monkeypatch.setattr(CheckedSearch, "verify", lambda _, pyramid, box, attempt: verified.append(box))
    video.play([scene(FACE)] * 10)
    assert set(verified) == ({candidate} if is_taken else set())
    assert len(video.tracker.faces) == 1


@pytest.mark.parametrize(("width", "x"), [(60, 320), (60, 350), (40, 330), (80, 320)])
@pytest.mark.parametrize("names", [("astronaut.png", "luciano.png"), ("luciano.png", "astronaut.png")])
def test_a_face_that_steps_in_front_of_a_tracked_one_is_detected_at_once(
    detectors: Detectors, names: tuple[str, str], width: int, x: int
) -> None:
    hidden, near = Face(names[0], x, 240, width), Face(names[1], 320, 240, 220)
    video = Video(detectors)
    video.play([scene(hidden)] * 60)
    assert len(video.tracker.faces) == 1
    video.play([scene(near)] * 8)
    assert any(face.box.iou(near.box) > 0.4 for face in video.tracker.faces)
