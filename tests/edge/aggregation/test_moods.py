"""When a sustained mood starts and ends."""

from __future__ import annotations

import pytest
from tests.support.tracking import HAPPY, LEFT

from fer_edge.aggregation.moods import MoodTracker
from fer_edge.config.moods import MoodRule
from fer_edge.tracking.track import TrackedFace

LABELS = ("happy", "sad")
NAMES = {"h": 0, "s": 1, "?": None}


def faces(text: str) -> list[TrackedFace]:
    """The faces of a frame: the emotion of each, and its zone after a colon."""
    parts = (part.partition(":") for part in text.split())
    return [
        TrackedFace(number, LEFT, NAMES[emotion], HAPPY, zone=zone or None)
        for number, (emotion, _, zone) in enumerate(parts, 1)
    ]


def play(rule: MoodRule, *frames: str | None) -> list[tuple[str, float, float]]:
    """Play a frame per second, of which the first face is dominant; None for no frame. What started and ended, when."""
    tracker, changes = MoodTracker([rule], LABELS), []
    for second, text in enumerate(frames):
        found = faces(text or "")
        changes += (
            tracker.interrupt() if text is None else tracker.update(100.0 + second, found, found[0] if found else None)
        )
    changes += tracker.interrupt()
    assert all(change.rule is rule for change in changes)
    return [(change.state, change.since - 100, change.time - 100) for change in changes]


@pytest.mark.parametrize(
    ("rule", "frames", "changes"),
    [
        (MoodRule("m", "happy", 2), ["h", "h", "h", "h", "s"], [("start", 0, 2), ("end", 0, 4)]),
        (MoodRule("m", "happy", 2), ["h", "h", "s", "h", "h", ""], []),
        (MoodRule("m", "happy", 2), ["s h", "h s", "h h", ""], [("start", 0, 2), ("end", 0, 3)]),
        (MoodRule("m", "happy", 2, "dominant"), ["h s", "s h", "h", "h s", "h"], [("start", 2, 4), ("end", 2, 4)]),
        (MoodRule("m", "unsure", 1), ["?", "h ?", "h"], [("start", 0, 1), ("end", 0, 2)]),
        (MoodRule("m", "nobody", 2), ["", "", "", "h", "", ""], [("start", 0, 2), ("end", 0, 3)]),
        (MoodRule("m", "happy", 1, zone="sofa"), ["h", "h", "h:sofa", "h:sofa s"], [("start", 2, 3), ("end", 2, 3)]),
        (MoodRule("m", "nobody", 1, zone="sofa"), ["h:door", "h", "h:sofa"], [("start", 0, 1), ("end", 0, 2)]),
        (MoodRule("m", "sad", 1, "dominant", "sofa"), ["s:door s:sofa"] * 3, []),
        (MoodRule("m", "sad", 0.1), ["s", "s"], [("start", 0, 1), ("end", 0, 1)]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mood_starts_once_it_has_lasted_and_ends_with_the_first_frame_without_it(
    rule: MoodRule, frames: list[str], changes: list[tuple[str, float, float]]
) -> None:
    assert play(rule, *frames) == changes


def test_without_frames_nobody_is_not_known_to_be_there_nor_to_be_away() -> None:
    nobody = MoodRule("m", "nobody", 3)
    assert play(nobody, "", "", None, "", "", None, None, None, "") == []
    assert play(nobody, "", "", "", "", None, "h") == [("start", 0, 3), ("end", 0, 3)]


def test_a_gap_between_two_frames_ends_a_mood_with_the_last_frame_before_it() -> None:
    tracker = MoodTracker([MoodRule("m", "happy", 1)], LABELS)
    found = faces("h")
    states = [
        (change.state, change.time) for time in (0, 1, 2, 5, 6) for change in tracker.update(time, found, found[0])
    ]
    assert states == [("start", 1), ("end", 2), ("start", 6)]
