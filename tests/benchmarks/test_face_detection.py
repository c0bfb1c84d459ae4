"""The benchmark of faces measures what it claims to measure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.benchmarks.face_detection import accuracy, beside, conditions, ghosts, portraits, recall, walkers, wallpapers
from tests.benchmarks.face_detection.clips import HEIGHT, WIDTH, with_noise
from tests.benchmarks.face_detection.methods import PLAIN_INTERVAL, Found, PlainSearch, open_method, open_network
from tests.benchmarks.face_detection.options import ALL, REPORT, TUNE, in_half
from tests.benchmarks.face_detection.portraits import Portrait, TrueFace
from tests.support.scenes import Face, scene

from fer_edge.cameras.frame import Frame
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

Point = tuple[float, float]

BOX = Box(300, 200, 100, 100)


class Scripted:
    """A method that reports the given tracks, by the number of the frame."""

    def __init__(self, tracks: dict[int, list[int]], box: Box = BOX) -> None:
        self._tracks, self._box = tracks, box

    def step(self, frame: Frame) -> list[Found]:
        return [Found(track, self._box) for track in self._tracks.get(frame.number, [])]


def empty_frames(count: int) -> Iterator[NDArray[np.uint8]]:
    return (np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(count))


def test_each_track_on_a_picture_without_a_face_is_a_false_face() -> None:
    method = Scripted({3: [1], 4: [1, 2], 5: [2], 9: [3]})
    count = ghosts.count_clip("wall", method, empty_frames(20))
    assert (count.starts, count.by_picture) == (3, {"wall": 3})
    assert count.seconds == pytest.approx(20 / ghosts.FPS)
    assert count.seconds_with == pytest.approx(4 / ghosts.FPS)
    assert count.longest == pytest.approx(2 / ghosts.FPS)
    assert count.per_hour == pytest.approx(3 * 3600 / count.seconds)
    assert count.time_share == pytest.approx(0.2)
    assert not count.meets_target


@pytest.mark.parametrize("name", ["haar", "plain-haar"])
def test_a_planted_face_is_counted_as_a_false_face_and_a_bare_wall_is_not(name: str) -> None:
    rng, wall = np.random.default_rng(0), scene()
    planted = scene(Face("luciano.png", 320, 240, 120))
    assert ghosts.count_clip("wall", open_method(name), with_noise([wall] * 20, rng, 2.0)).starts == 0
    count = ghosts.count_clip("planted", open_method(name), with_noise([planted] * 20, rng, 2.0))
    assert count.starts == 1
    assert count.seconds == pytest.approx(2.0)
    assert count.time_share > 0.5


def test_counts_of_several_clips_add_up_and_keep_the_longest_life() -> None:
    count = ghosts.count_clip("a", Scripted({0: [1], 1: [1]}), empty_frames(10))
    count.add(ghosts.count_clip("b", Scripted({0: [1]}), empty_frames(30)))
    assert (count.starts, count.seconds, count.by_picture) == (2, pytest.approx(4.0), {"a": 1, "b": 1})
    assert count.longest == pytest.approx(0.2)


def test_a_photograph_has_more_than_an_hour_of_picture_in_all() -> None:
    per_picture = sum(ghosts.STILL_VIEWS) * ghosts.STILL_TIME + len(ghosts.ZOOMS) * ghosts.PAN_TIME
    assert len(wallpapers.PHOTOGRAPHS) * per_picture >= 3600


def test_still_clips_differ_by_noise_only_and_pans_move_slowly_inside_the_picture() -> None:
    across = np.tile(np.linspace(50, 200, 2000), (1500, 1)).astype(np.uint8)
    still = list(next(ghosts.still_clips(across, "ramp", quick=True)))
    assert 1.5 < (still[1].astype(float) - still[0]).std() < 4  # two frames with noise of 2
    for clip in ghosts.pan_clips(across, "ramp", quick=True):
        means = [frame[:, WIDTH // 2 - 20 : WIDTH // 2 + 20].mean() for frame in clip]
        columns = [(mean - 50) / 150 * 2000 for mean in means]
        assert max(np.abs(np.diff(columns))) < 2 * ghosts.PAN_SPEED
        assert min(columns) >= 0
        assert max(columns) <= 2000
    assert max(columns) - min(columns) > 10


def test_clips_of_a_picture_are_the_same_in_each_run() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (600, 900), np.uint8)
    first, second = (list(next(ghosts.pan_clips(picture, "noise", quick=True))) for _ in range(2))
    assert np.array_equal(first, second)


def test_of_each_wallpaper_the_largest_landscape_picture_is_taken(tmp_path: Path) -> None:
    plasma = tmp_path / "plasma/usr/share/wallpapers/Path/contents"
    gnome = tmp_path / "gnome/usr/share/backgrounds/gnome"
    for path in (
        *(plasma / f"images/{size}.jpg" for size in ("640x480", "1280x1024", "1440x2960")),
        plasma / "images_dark/640x480.jpg",
        plasma / "screenshot.jpg",
        *(gnome / name for name in ("drawing.svg", "wood-d.webp", "vnc-d.webp")),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {wallpaper.name: (wallpaper.kind, wallpaper.path.name) for wallpaper in wallpapers.wallpapers(tmp_path)}
    assert found == {
        "Path": (wallpapers.PHOTOGRAPH, "1280x1024.jpg"),
        "Path_dark": (wallpapers.DRAWING, "640x480.jpg"),
        "wood-d": (wallpapers.PHOTOGRAPH, "wood-d.webp"),
    }


def test_without_apt_one_line_states_what_the_wallpapers_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"^gnome-backgrounds: not downloaded, .* apt-get") as error:
        wallpapers.fetch(tmp_path / "cache")
    assert "\n" not in str(error.value)


def test_the_halves_share_no_picture_and_are_all_pictures_together() -> None:
    names = ["a", "b", "c", "d", "e"]
    assert (in_half(names, TUNE), in_half(names, REPORT), in_half(names, ALL)) == (["a", "c", "e"], ["b", "d"], names)


@pytest.mark.parametrize("turn", [0, 20, -45])
@pytest.mark.parametrize("size", [1, 1 / 4])
def test_the_true_square_of_a_turned_and_reduced_picture_lies_where_the_face_is(turn: float, size: float) -> None:
    face = TrueFace(300, 200, 160, 0)
    dots = [(300, 200), face.box.turned_corners(0)[0], face.box.turned_corners(0)[1]]  # centre, left top, right top
    for dot in dots:
        picture = np.zeros((600, 900), np.uint8)
        cv2.circle(picture, [round(value) for value in dot], 12, 255, -1)
        frame, true = conditions.letterbox(Portrait(picture, face), turn, size)
        rows, columns = np.nonzero(frame > frame.max() / 2)
        corners = [(true.x, true.y), *true.box.turned_corners(true.angle)[:2]]
        assert (columns.mean(), rows.mean()) == pytest.approx(corners[dots.index(dot)], abs=1.5)


@pytest.mark.parametrize("turn", [0, 45])
def test_the_face_network_finds_each_face_at_its_true_square(turn: float) -> None:
    for name, portrait in portraits.portraits().items():
        frame, face = conditions.letterbox(portrait, turn, 1)
        square = face.box.scaled(2.2)
        found = open_network().detect(Pyramid(frame.clip(0, 255).astype(np.uint8)), square, 0.5)
        assert found, name
        assert found[0].box.iou(face.box) > 0.6, name
        assert abs(found[0].angle - face.angle) < 15, name


@pytest.mark.parametrize(
    ("covered", "is_found"),
    [
        (range(40, 60), True),  # most of the last second
        (range(50, 60), False),
        (range(59), False),  # not by the end
        (range(30), False),
    ],
)
def test_a_face_is_found_if_a_track_covers_it_at_the_end_and_for_most_of_the_last_second(
    covered: range, is_found: bool
) -> None:
    face = TrueFace(350, 250, 100, 0)
    history = [[Found(1, BOX)] if number in covered else [] for number in range(60)]
    assert recall.is_found(history, face) is is_found


def test_a_box_covers_a_face_by_its_overlap_or_its_centre() -> None:
    face = TrueFace(350, 250, 100, 0)
    assert recall.covers(BOX, face)
    assert recall.covers(BOX.scaled(0.3), face)  # too small to overlap enough, but in the middle of the face
    assert not recall.covers(BOX.translated(80, 0), face)


def test_plain_searches_get_fewer_frames_and_are_judged_by_the_same_rule() -> None:
    frames: list[NDArray[np.uint8]] = []

    def search(grey: NDArray[np.uint8]) -> list[Box]:
        frames.append(grey)
        return []

    method = PlainSearch(search)
    condition = conditions.CONDITIONS["as they are"]
    assert not recall.find(method, portraits.portraits()["luciano.png"], condition)
    assert len(frames) == recall.FRAMES // PLAIN_INTERVAL


def test_a_plain_search_numbers_a_face_anew_once_it_has_been_missed() -> None:
    boxes = iter([[BOX], [BOX.translated(5, 0)], [], [BOX]])
    method = PlainSearch(lambda grey: next(boxes))
    frames = [Frame(np.zeros((1, 1), np.uint8), number / 10, number) for number in range(4)]
    assert [[found.track for found in method.step(frame)] for frame in frames] == [[1], [1], [], [2]]


def test_light_and_size_change_by_the_factor_of_the_condition() -> None:
    portrait = portraits.portraits()["luciano.png"]
    plain, face = conditions.CONDITIONS["as they are"].apply(portrait)
    dark, _ = conditions.CONDITIONS["a fifth of the light"].apply(portrait)
    _, small = conditions.CONDITIONS["a quarter of the size"].apply(portrait)
    assert np.allclose(dark, plain / 5)
    assert small.side == pytest.approx(face.side / 4)


@pytest.mark.parametrize(
    ("effect", "covered", "free"),
    [
        (conditions.mask, (0, conditions.MOUTH_Y), (0, -0.3)),
        (conditions.dark_glasses, (conditions.EYE_X, conditions.EYES_Y), (0, conditions.MOUTH_Y)),
        (conditions.hand_over_mouth, (0, conditions.MOUTH_Y), (conditions.EYE_X, conditions.EYES_Y)),
        (conditions.hand_over_eye, (conditions.EYE_X, conditions.EYES_Y), (-conditions.EYE_X, conditions.EYES_Y)),
    ],
)
def test_what_covers_a_face_lies_on_it_also_when_it_is_turned(
    effect: conditions.Effect, covered: Point, free: Point
) -> None:
    blank = np.full((HEIGHT, WIDTH), 100, np.float32)
    face = TrueFace(320, 240, 200, 30)
    changed = np.abs(effect(blank, face) - blank) > 1
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    around = [
        changed[round(240 + 200 * (x * sin + y * cos)) + 4, round(320 + 200 * (x * cos - y * sin))]
        for x, y in (covered, free)
    ]
    assert around == [True, False]
    assert 0.02 < changed.sum() / face.side**2 < 0.6


def test_side_light_leaves_one_side_of_the_face_dark() -> None:
    lit = conditions.side_light(np.full((HEIGHT, WIDTH), 100, np.float32), TrueFace(320, 240, 200, 0))
    assert lit[240, 230] < 30
    assert lit[240, 410] > 90


def test_the_delay_of_a_walker_is_the_first_frame_in_which_it_is_reported() -> None:
    middle = portraits.walker_face("middle", 7).box
    method = Scripted({number: [1] for number in range(7, 20)}, middle)
    assert walkers.delays(method, walkers.with_opencv()) == {"left": None, "middle": 7, "right": None}


def test_both_decoders_read_the_same_frames() -> None:
    first, second = list(walkers.with_opencv()), list(walkers.with_ffmpeg())
    assert len(first) == len(second)
    differences = [np.abs(a.grey.astype(int) - b.grey).mean() for a, b in zip(first, second, strict=True)]
    assert max(differences) < 3
    assert [frame.time for frame in first] == pytest.approx([frame.time for frame in second], abs=0.01)


def test_the_face_network_finds_the_walkers_at_their_true_squares() -> None:
    for frame in list(walkers.with_opencv())[::4]:
        for who in portraits.WALKERS:
            face = portraits.walker_face(who, frame.number)
            found = open_network().detect(Pyramid(frame.grey), face.box.scaled(2.2), 0.4)
            assert any(each.box.iou(face.box) > 0.5 for each in found), (who, frame.number)


def test_a_face_of_the_data_set_is_turned_clockwise_inside_its_border() -> None:
    face = np.zeros((48, 48), np.uint8)
    face[4:8, 22:26] = 255  # at the top
    for angle, place in ((0, (168, 96)), (90, (240, 168))):
        picture = accuracy.turned_picture(face, angle)
        rows, columns = np.nonzero(picture > 128)
        assert (columns.mean(), rows.mean()) == pytest.approx(place, abs=2)


@pytest.fixture
def plain_backgrounds(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full((HEIGHT + 2 * beside.MARGIN, WIDTH + 2 * beside.MARGIN), 120, np.uint8)
    monkeypatch.setattr(beside, "_backgrounds", lambda: [grey] * 2)


@pytest.mark.usefixtures("plain_backgrounds")
@pytest.mark.parametrize(("first_frame", "expected"), [(0, 0.0), (20, 0.08), (1000, None)])
def test_the_delay_of_a_second_face_is_counted_from_its_appearance(first_frame: int, expected: float | None) -> None:
    x, y = beside.SECOND_CENTRES[REPORT]
    box = Box(x - 30, y - 30, 60, 60)
    assert list(portraits.portraits()).index("astronaut.png") % 2 == 1  # in the half to report
    method = Scripted({number: [1] for number in range(first_frame, 2000)}, box)
    delay = beside.delay(method, "astronaut.png", 60, 12.5, shaking=False)
    assert delay == (None if expected is None else pytest.approx(expected))


@pytest.mark.usefixtures("plain_backgrounds")
@pytest.mark.parametrize("shaking", [False, True])
def test_a_second_face_is_reported_where_it_is_and_not_before_it_appears(shaking: bool) -> None:
    delay = beside.delay(open_method("haar+network"), "luciano.png", 100, 12.5, shaking=shaking)
    assert delay is not None
    assert 2 / 12.5 <= delay <= 1
