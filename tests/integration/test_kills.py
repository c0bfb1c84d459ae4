"""The daemon is killed again and again, and loses no event that it has stored. FER_EDGE_SOAK=1: 200 times."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.notify_socket import NotifySocket
from tests.support.processes import command
from tests.support.waiting import wait_until

from fer_edge.monitoring.sd_notify import NOTIFY_SOCKET

SOAK = bool(os.environ.get("FER_EDGE_SOAK"))
KILLS = 200 if SOAK else 6
EARLY_EVERY = 5  # one kill in so many is soon after the start
FROZEN_EVERY = 3  # and in one the broker does not answer
PICTURES = 5000  # more than a run gets to process
HEIGHT = 80  # pixels of a picture: hundreds are processed per second


class Site:
    """A broker with a subscriber, and a daemon with an event for the start and end of a face in each picture."""

    def __init__(self, folder: Path) -> None:
        self._manager = NotifySocket(str(folder / "notify"))
        self.outbox = folder / "outbox.sqlite"
        self._folder, self._pictures = folder, folder / "pictures"
        self._pictures.mkdir()
        face = cv2.imread(str(MEDIA / "faces" / "angry.jpg"), cv2.IMREAD_GRAYSCALE)
        small = cv2.resize(face, None, fx=HEIGHT / len(face), fy=HEIGHT / len(face), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(self._pictures / "0.png"), small)
        for number in range(1, PICTURES):
            (self._pictures / f"{number}.png").symlink_to("0.png")
        self.broker = Mosquitto(folder)
        self.broker.start("allow_anonymous true\nmax_queued_messages 0")
        self._messages = self.broker.subscribe("fer/cam/event", "-q", "0")

    def daemon(self, camera: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command(
                *("fer_edge", "--camera", camera, "--model", "nano", "--print"),
                *("--mqtt", self.broker.url, "--device", "cam", "--outbox", self.outbox),
            ),
            env={**os.environ, NOTIFY_SOCKET: str(self._folder / "notify")},
            stdout=(self._folder / "printed").open("w"),
            stderr=(self._folder / "daemon.log").open("a"),
        )

    def kill_one(self, moment: float) -> float | None:
        """Start the daemon and kill it.

        Args:
            moment: Seconds after it has become ready; if negative, seconds after it was started.

        Returns:
            The seconds it took to become ready, if it did.
        """
        self._manager.received().clear()
        started, ready = time.monotonic(), None
        process = self.daemon(self._pictures)
        if moment >= 0:
            wait_until(lambda: "READY=1" in self._manager.received(), 60)
            ready = time.monotonic() - started
        time.sleep(abs(moment))
        assert process.poll() is None
        process.kill()
        process.wait()
        return ready

    def deliver_the_rest(self) -> None:
        """Run over one picture, to the end."""
        assert self.daemon(self._pictures / "0.png").wait(60) == 0

    def printed(self) -> list[str]:
        """The complete events that the last run has printed."""
        return (self._folder / "printed").read_text().split("\n")[:-1]

    def received(self) -> list[str]:
        return [payload for _, payload in read_messages(self._messages)]

    def close(self) -> None:
        self.broker.close()
        self._manager.socket.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def on_disk(outbox: Path) -> list[str]:
    """The events in an outbox, oldest first; read from a copy, so that the file stays as it was left."""
    with tempfile.TemporaryDirectory() as folder:
        for part in outbox.parent.glob(f"{outbox.name}*"):
            shutil.copy(part, folder)
        with closing(sqlite3.connect(Path(folder) / outbox.name)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if not copy.execute("SELECT 1 FROM sqlite_master").fetchall():
                return []
            return [payload for (payload,) in copy.execute("SELECT payload FROM event ORDER BY number")]


def test_no_kill_loses_a_stored_event_or_damages_the_outbox(site: Site) -> None:
    """Killed before it is ready, and while it stores and sends hundreds of events per second, with and without broker.

    Every run continues with the outbox of the last. An event is stored if it is in the file after a kill.
    """
    rng = np.random.default_rng()
    produced: dict[str, None] = {}  # every event that was printed or stored, in order
    stored: Counter[str] = Counter()  # at how many kills
    ready: list[float] = []
    for kill in range(KILLS):
        with site.broker.frozen() if kill % FROZEN_EVERY == 2 else nullcontext():
            taken = site.kill_one(-rng.uniform(0, 1) if kill % EARLY_EVERY == 1 else rng.uniform(0, 1.5))
        ready += [taken] if taken else []
        left = on_disk(site.outbox)
        produced.update(dict.fromkeys(site.printed() + left))
        stored.update(left)
    site.deliver_the_rest()
    produced.update(dict.fromkeys(site.printed()))
    wait_until(lambda: site.received()[-1:] == list(produced)[-1:])
    received = site.received()
    arrived = dict.fromkeys(received)
    print(
        f"{KILLS} kills; {len(produced)} events, {len(arrived)} received, {len(received) - len(arrived)} copies; "
        f"{len(stored)} were in the file at a kill; ready after {np.median(ready):.2f} s, {max(ready):.2f} s at most"
    )
    assert len(stored) > 10 * KILLS
    assert stored.keys() <= arrived.keys()
    assert list(arrived) == [text for text in produced if text in arrived]
    for _, run in itertools.groupby(map(json.loads, arrived), lambda event: str(event["boot"])):
        assert all(event["seq"] == number for number, event in enumerate(run))
    assert all(count <= 1 + stored[text] for text, count in Counter(received).items())
    assert on_disk(site.outbox) == []
    assert not list(site.outbox.parent.glob("*.damaged"))
    assert max(ready) < 2 or not SOAK, "unless the machine was busy"
