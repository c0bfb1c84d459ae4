from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.support.face_search import FakeNetwork, RecordingNetwork
from tests.support.scenes import Face, scene

from fer_edge.detection.face_network import NetworkFace
from fer_edge.detection.haar import min_face_size
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import ScanRules
from fer_edge.detection.tile_scan import (
    CHANGED_INTERVAL,
    COARSE,
    FINE,
    MAX_AGE,
    OLD_INTERVAL,
    WHOLE_FRAME,
    TileScan,
    tiles,
)
from fer_edge.geometry import Box
from fer_edge.zones import Zone

FPS = 30
MIN_FACE = 0.1
COARSE_TILES, FINE_TILES = (set(tiles(640, 480, MIN_FACE, by_face)) for by_face in (COARSE, FINE))
PASS = len(COARSE_TILES | FINE_TILES)  # frames in which all tiles are searched, each once
FRAME_SIZES = [(640, 480), (480, 640), (1920, 1080), (3840, 2160), (2736, 3648), (320, 240), (640, 60), (100, 100)]


class Video:
    """A scan of a fake network without faces, and the tiles that it has searched."""

    def __init__(self, rules: ScanRules | None = None, zones: Sequence[Zone] = ()) -> None:
        self.network = RecordingNetwork(FakeNetwork())
        self.scan = TileScan(self.network, MIN_FACE, rules, zones)
        self.time = 0.0

    def play(self, pictures: Sequence[NDArray[np.uint8]], known: Sequence[Box] = ()) -> list[Box]:
        """Append frames, with the same faces known in each; the tiles that are searched in them."""
        before = len(self.network.squares)
        for picture in pictures:
            self.scan.step(Pyramid(picture), known, self.time)
            self.time += 1 / FPS
        return self.network.squares[before:]

    def skip(self, seconds: float) -> None:
        """Let time pass without a frame."""
        self.time += seconds


def holds(tile: Box, face: Box) -> bool:
    return tile.intersection(face) == face.area


def fits(tile: Box, face: Box, by_face: float) -> bool:
    """Whether a face is complete in a tile, and large enough in it; `by_face` is that of the tiles."""
    return holds(tile, face) and tile.w <= WHOLE_FRAME * by_face * face.w + 1


@st.composite
def faces_in_frames(draw: st.DrawFn) -> tuple[int, int, float, Box]:
    """A size of a frame, the smallest face, and a face in the frame that is at least as large."""
    width, height = draw(st.integers(24, 4200)), draw(st.integers(24, 4200))
    min_face = draw(st.floats(0.02, 1.0))
    smallest, largest = min_face_size(min_face, height), min(width, height)
    assume(smallest <= largest)
    size = draw(st.integers(smallest, largest))
    x, y = draw(st.integers(0, width - size)), draw(st.integers(0, height - size))
    return width, height, min_face, Box(x, y, size, size)


@pytest.mark.parametrize("by_face", [COARSE, FINE])
@given(case=faces_in_frames())
@example(case=(640, 480, 0.1, Box(0, 0, 48, 48)))
@example(case=(640, 480, 0.1, Box(544, 384, 96, 96)))
@example(case=(3840, 2160, 0.02, Box(3797, 2117, 43, 43)))
@settings(max_examples=300, deadline=None)
def test_every_face_that_is_large_enough_is_complete_and_large_enough_in_a_tile(
    by_face: float, case: tuple[int, int, float, Box]
) -> None:
    width, height, min_face, face = case
    assert any(fits(tile, face, by_face) for tile in tiles(width, height, min_face, by_face))


@pytest.mark.parametrize("by_face", [COARSE, FINE])
@pytest.mark.parametrize("min_face", [0.05, 0.07, 0.08, 0.1, 0.13, 0.2])
@pytest.mark.parametrize("size", FRAME_SIZES)
def test_a_face_that_exceeds_a_tile_by_one_pixel_is_complete_and_large_enough_in_another(
    by_face: float, size: tuple[int, int], min_face: float
) -> None:
    width, height = size
    found, smallest = list(tiles(width, height, min_face, by_face)), min_face_size(min_face, height)
    sides = [side for side in (smallest, *(2**n * smallest - 1 for n in range(1, 6))) if side <= min(size)]
    for tile, side, right, down in itertools.product(found, sides, (0, 1), (0, 1)):
        x, y = tile.x + tile.w - side + right, tile.y + tile.h - side + down
        face = Box(min(max(x, 0), width - side), min(max(y, 0), height - side), side, side)
        assert any(fits(other, face, by_face) for other in found)


@pytest.mark.parametrize("by_face", [COARSE, FINE])
@given(width=st.integers(1, 4200), height=st.integers(1, 4200), min_face=st.floats(0.02, 1.0))
@example(width=1705, height=1, min_face=1.0)
@settings(max_examples=200, deadline=None)
def test_the_tiles_of_any_frame_are_squares_of_which_no_two_are_equal(
    by_face: float, width: int, height: int, min_face: float
) -> None:
    found = list(itertools.islice(tiles(width, height, min_face, by_face), 100_000))
    assert 1 <= len(set(found)) == len(found) < 100_000
    assert all(tile.w == tile.h <= max(width, height) for tile in found)
    assert [tile.w for tile in found] == sorted((tile.w for tile in found), reverse=True)


@pytest.mark.parametrize("size", FRAME_SIZES)
def test_coarse_tiles_are_fewer_than_fine_ones_and_both_are_few(size: tuple[int, int]) -> None:
    coarse, fine = (len(list(tiles(*size, MIN_FACE, by_face))) for by_face in (COARSE, FINE))
    assert coarse <= fine <= 60


def test_all_tiles_are_searched_once_the_coarse_ones_first_and_then_nothing_until_they_are_old() -> None:
    video = Video()
    first = video.play([scene()] * PASS)
    assert set(first[: len(COARSE_TILES)]) == COARSE_TILES
    assert set(first[len(COARSE_TILES) :]) == FINE_TILES - COARSE_TILES
    assert video.play([scene()] * 60) == []
    video.skip(MAX_AGE)
    assert sorted(video.play([scene()] * PASS)) == sorted(first)


def test_the_rules_set_the_age_at_which_tiles_are_searched_again() -> None:
    video = Video(ScanRules(max_age=3.0))
    video.play([scene()] * PASS)
    assert video.play([scene()] * 30) == []
    video.skip(2.0)
    assert len(video.play([scene()] * PASS)) == PASS


@pytest.mark.parametrize("centre", [(70, 70), (570, 410), (320, 240)])
def test_where_something_changes_the_tiles_are_searched_at_once_and_only_once(
    centre: tuple[int, int],
) -> None:
    video, face = Video(), Face("astronaut.png", *centre, 60)
    video.play([scene()] * PASS)
    first = video.play([scene(face)])
    searched = first + video.play([scene(face)] * 60)
    assert len(first) == 1
    assert len(searched) == len(set(searched))
    assert all(tile.intersection(face.box.scaled(2)) for tile in searched)
    assert {tile for tile in COARSE_TILES | FINE_TILES if holds(tile, face.box)} <= set(searched)


def test_while_everything_changes_all_tiles_take_turns() -> None:
    video = Video()
    video.play([scene()] * PASS)
    searched = video.play([scene(background=grey) for grey in (40, 200)] * PASS)
    assert len(searched) == 2 * PASS
    assert set(searched) == COARSE_TILES | FINE_TILES


@pytest.mark.parametrize("known", [[], [Box(300, 400, 40, 40)]])
def test_the_tiles_in_which_most_has_changed_are_searched_first(known: list[Box]) -> None:
    video, small, large = Video(), Box(20, 20, 24, 24), Box(500, 100, 90, 90)
    video.play([scene()] * PASS)
    picture = scene()
    for box in (small, large):
        picture[box.y : box.y + box.h, box.x : box.x + box.w] = 255
    first, *rest = video.play([picture] * PASS, known)
    assert holds(first, large)
    assert not holds(first, small)
    assert known or any(holds(tile, small) for tile in rest)


def test_a_tile_that_has_waited_longer_is_searched_before_one_that_changes_as_much() -> None:
    video, left, right = Video(), Box(20, 200, 90, 90), Box(530, 200, 90, 90)

    def picture(*boxes: Box, grey: int) -> NDArray[np.uint8]:
        changed = scene()
        for box in boxes:
            changed[box.y : box.y + box.h, box.x : box.x + box.w] = grey
        return changed

    video.play([scene()] * PASS)
    video.play([picture(left, grey=grey) for grey in (255, 0)] * PASS)
    first = video.play([picture(left, right, grey=200)])
    assert holds(first[0], right)


def test_beside_a_face_unchanged_tiles_are_searched_though_something_always_changes() -> None:
    video, known, tv = Video(), [Box(500, 380, 60, 60)], Box(0, 0, 80, 80)
    quiet = {tile for tile in COARSE_TILES | FINE_TILES if not tile.intersection(tv)}

    def picture(number: int) -> NDArray[np.uint8]:
        changed = scene()
        changed[tv.y : tv.y + tv.h, tv.x : tv.x + tv.w] = 255 * (number % 2)
        return changed

    video.play([picture(0)] * PASS)
    video.skip(MAX_AGE)
    searched = video.play([picture(number) for number in range(10 * FPS)], known)
    assert len([tile for tile in searched if tile in quiet]) == pytest.approx(10 / OLD_INTERVAL, abs=2)
    assert len([tile for tile in searched if tile not in quiet]) == pytest.approx(10 / CHANGED_INTERVAL, abs=4)


@pytest.mark.parametrize("known", [[], [Box(500, 380, 60, 60)]])
def test_no_tile_waits_for_ever_beside_a_screen_that_always_changes(known: list[Box]) -> None:
    video, noise = Video(), np.random.default_rng(0)
    video.play([scene()] * PASS)

    def picture() -> NDArray[np.uint8]:
        changed = scene(Face("astronaut.png", 560, 90, 42))
        changed[160:480, :320] = noise.integers(0, 256, (16, 16)).repeat(20, 0).repeat(20, 1)
        return changed

    searched = video.play([picture() for _ in range(40 * FPS)], known)
    assert set(searched) == COARSE_TILES | FINE_TILES


def test_a_change_close_beside_a_tracked_face_is_searched_at_once() -> None:
    known, other = Face("luciano.png", 300, 240, 110), Box(370, 220, 42, 42)
    video = Video()
    video.play([scene(known)] * PASS, [known.box])
    video.skip(2 * CHANGED_INTERVAL)
    picture = scene(known)
    picture[other.y : other.y + other.h, other.x : other.x + other.w] = 255
    assert any(holds(tile, other) for tile in video.play([picture] * 2, [known.box]))


def test_when_the_time_goes_back_all_is_searched_again() -> None:
    video = Video()
    first = video.play([scene()] * PASS)
    video.skip(-100.0)
    assert sorted(video.play([scene()] * PASS)) == sorted(first)


def test_nothing_is_searched_while_nothing_is_due() -> None:
    video, known = Video(), [Box(300, 200, 60, 60)]
    video.play([scene()] * PASS)
    assert video.scan.step(Pyramid(scene()), known, video.time) is None
    assert video.scan.step(Pyramid(scene(Face("astronaut.png", 100, 200, 60))), known, video.time) == []


def test_a_change_much_smaller_than_a_face_is_ignored() -> None:
    video, picture = Video(), scene()
    video.play([picture] * PASS)
    picture[100:110, 100:110] = 255
    assert video.play([picture] * 30) == []


def test_sensor_noise_is_no_change() -> None:
    video, noise = Video(), np.random.default_rng(0)
    video.play([scene()] * PASS)
    noisy = [(scene() + noise.normal(0, 6, (480, 640))).clip(0, 255).astype(np.uint8) for _ in range(10)]
    assert video.play(noisy) == []


def test_the_motion_of_a_tracked_face_is_no_change() -> None:
    boxes = [Box(200 + 4 * (number % 5), 200, 80, 80) for number in range(15)]
    pictures = [scene() for _ in boxes]
    for picture, box in zip(pictures, boxes, strict=True):
        picture[box.y : box.y + box.h, box.x : box.x + box.w] = 255
    video = Video()
    video.play([pictures[0]] * PASS)
    searched = [video.play([picture], [box]) for picture, box in zip(pictures[1:], boxes[1:], strict=True)]
    assert searched == [[]] * 14


def test_what_a_tracked_face_uncovers_is_no_change() -> None:
    faces = [Face("luciano.png", 100 + 8 * number, 200, 60) for number in range(40)]
    video = Video()
    video.play([scene(faces[0])] * PASS, [faces[0].box])
    assert [tile for face in faces for tile in video.play([scene(face)], [face.box]) if tile in COARSE_TILES] == []


def test_while_there_is_a_face_changed_tiles_are_searched_at_an_interval() -> None:
    known, pictures = [Box(300, 200, 60, 60)], [scene(background=grey) for grey in (40, 200)] * FPS
    video = Video()
    assert set(video.play(pictures[: len(COARSE_TILES)], known)) == COARSE_TILES
    assert len(video.play(pictures, known)) == pytest.approx(2 / CHANGED_INTERVAL + 2 / OLD_INTERVAL, abs=1)


def test_beside_a_tracked_face_that_moves_another_change_is_searched() -> None:
    known, other = Face("luciano.png", 100, 200, 60), Face("astronaut.png", 500, 200, 60)
    video = Video()
    video.play([scene(known)] * PASS)
    searched = video.play([scene(known._replace(x=105), other)] * 10, [known.box])
    assert any(holds(tile, other.box) for tile in searched)


def test_fine_tiles_are_searched_one_in_each_frame_and_at_an_interval_while_there_is_a_face() -> None:
    known = [Box(300, 200, 60, 60)]
    free, busy = Video(), Video()
    assert len(free.play([scene()] * PASS)) == PASS
    assert set(busy.play([scene()] * len(COARSE_TILES), known)) == COARSE_TILES
    second = busy.play([scene()] * 3 * FPS, known)
    assert 2 <= len(second) <= 3 / OLD_INTERVAL + 1
    rest = busy.play([scene()] * round(FPS * OLD_INTERVAL * 2 * len(FINE_TILES)), known)
    assert {*second, *rest} >= FINE_TILES - COARSE_TILES


def test_after_a_reset_all_tiles_are_searched_again() -> None:
    video = Video()
    first = video.play([scene()] * PASS)
    video.scan.reset()
    assert video.play([scene()] * PASS) == first


def test_when_the_size_of_the_frame_changes_its_own_tiles_are_searched() -> None:
    video = Video()
    video.play([scene()] * PASS)
    searched = video.play([np.full((240, 320), 120, np.uint8)] * PASS)
    assert set(searched) == {tile for by_face in (COARSE, FINE) for tile in tiles(320, 240, MIN_FACE, by_face)}


def test_a_scan_depends_on_frames_and_times_only() -> None:
    frames = [scene(Face("luciano.png", 100 + 20 * number, 200, 60)) for number in range(20)]
    searched = Video().play(frames)
    assert searched
    assert Video().play(frames) == searched


@pytest.mark.parametrize("size", [42, 60, 90, 150, 260, 400])
@pytest.mark.parametrize(("name", "angle"), [("astronaut.png", 0), ("luciano.png", 45)])
def test_a_face_of_any_size_and_tilt_is_a_candidate_within_one_pass(
    network: RecordingNetwork, name: str, angle: float, size: int
) -> None:
    face = Face(name, 330, 240, size, angle)
    scan, picture = TileScan(network, 0.08), Pyramid(scene(face))
    found = [box for number in range(60) for box in scan.step(picture, [], number / FPS) or ()]
    assert max(box.iou(face.box) for box in found) > 0.5


def test_a_face_that_appears_is_a_candidate_within_as_many_frames_as_there_are_coarse_tiles(
    network: RecordingNetwork,
) -> None:
    scan, picture = TileScan(network, MIN_FACE), Pyramid(scene())
    for number in range(PASS):
        assert not scan.step(picture, [], number / FPS)
    face = Face("luciano.png", 150, 200, 60, 30)
    picture = Pyramid(scene(face))
    found = [box for number in range(len(COARSE_TILES)) for box in scan.step(picture, [], (PASS + number) / FPS) or ()]
    assert max(box.iou(face.box) for box in found) > 0.5


def test_faces_much_smaller_than_the_smallest_are_no_candidates() -> None:
    large, small = (NetworkFace(Box(100, 100, side, side), 0, 0, 0.9) for side in (60, 20))
    scan = TileScan(FakeNetwork([large, small]), MIN_FACE)
    assert scan.step(Pyramid(scene()), [], 0.0) == [large.box]


def test_faces_centred_outside_the_frame_are_no_candidates() -> None:
    inside, below, right = (NetworkFace(Box(x, y, 200, 200), 0, 0, 0.9) for x, y in ((0, 279), (0, 380), (540, 0)))
    scan = TileScan(FakeNetwork([below, inside, right]), MIN_FACE)
    assert scan.step(Pyramid(scene()), [], 0.0) == [inside.box]


@pytest.mark.parametrize("shape", [(1, 1), (7, 640), (640, 7), (1, 640), (23, 23), (24, 24), (2736, 3648)])
def test_a_blank_picture_of_any_size_can_be_searched(network: RecordingNetwork, shape: tuple[int, int]) -> None:
    scan, known = TileScan(network, 0.08), [Box(0, 0, *shape[::-1])]
    for number, grey in enumerate((77, 77, 200, 10)):
        picture = Pyramid(np.full(shape, grey, np.uint8))
        assert not scan.step(picture, known if number == 2 else [], number / FPS)


def test_tiles_in_ignored_zones_are_never_searched_and_what_moves_there_is_no_change() -> None:
    left = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), ignored=True)
    video = Video(zones=[left])
    searched = video.play([scene()] * PASS)
    assert set(searched) == {tile for tile in COARSE_TILES | FINE_TILES if tile.x + tile.w > 320}
    assert video.play([scene(Face("astronaut.png", 100, 200, 60))] * 10) == []
    assert video.play([scene(Face("astronaut.png", 500, 200, 60))] * 10) != []


def test_a_frame_that_is_ignored_as_a_whole_is_not_searched() -> None:
    video = Video(zones=[Zone("all", ((0, 0), (1, 0), (1, 1), (0, 1)), ignored=True)])
    assert video.play([scene(), scene(Face("astronaut.png", 100, 200, 60))] * PASS) == []
