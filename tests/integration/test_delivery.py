"""Every event arrives, in order, whatever happens to the broker and the network.

Each test runs a separate process (tests/support/event_device.py) against a real Mosquitto. FER_EDGE_SOAK=1
(make soak) runs them for long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support import event_device, network_cut
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port
from tests.support.network_cut import BROKER_ADDRESS, Network
from tests.support.persistence import SUBSCRIBER_FLAGS, persistent_broker_settings
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.connection import IN_FLIGHT
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

SOAK = bool(os.environ.get("FER_EDGE_SOAK"))
EVENTS = 10_000 if SOAK else 2_000
CUTS = 10 if SOAK else 3
RATE = 400.0  # events a second
CUT_SECONDS = (0.05, 3.0)  # keepalive is 1 s: short cuts go unnoticed; the first, the longest, is noticed

Cut = Callable[[], AbstractContextManager[None]]


class Site:
    """A broker with a subscriber that never misses an event, and a place for a device."""

    def __init__(self, folder: Path, network: Network | None = None) -> None:
        self.broker = Mosquitto(folder, free_port(), network.broker_prefix if network else [])
        self._prefix, self._host = (network.device_prefix, BROKER_ADDRESS) if network else ([], "127.0.0.1")
        self._extra = persistent_broker_settings(folder)
        if network:
            self._extra = f"listener {self.broker.port} {BROKER_ADDRESS}\n{self._extra}"
        self.outbox, self._counts, self._log = (folder / name for name in ("outbox.sqlite", "counts", "device.log"))
        self.start()
        self._messages = self.broker.subscribe("fer/cam/event", *SUBSCRIBER_FLAGS)
        subscribed = time.time()  # and the broker must have saved the subscription
        wait_until(
            lambda: (folder / "mosquitto.db").exists() and (folder / "mosquitto.db").stat().st_mtime > subscribed
        )

    def start(self) -> None:
        self.broker.start(self._extra)

    def device(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(*self._prefix, sys.executable, event_device.__file__),
                *(self._host, str(self.broker.port), str(self.outbox), str(RATE)),
            ],
            stdin=subprocess.PIPE,
            stdout=self._counts.open("w"),
            stderr=self._log.open("a"),
            text=True,
        )

    def counts(self) -> dict[str, Any]:
        """What the device printed last."""
        complete, _, _ = self._counts.read_text().rpartition("\n")
        return json.loads(complete[complete.rfind("\n") + 1 :] or '{"put": 0}')

    @property
    def connections(self) -> int:
        """How often the device has connected so far."""
        return self._log.read_text().count("connected to ")

    def received(self) -> list[str]:
        return [payload for _, payload in read_messages(self._messages)]

    @contextmanager
    def killed(self) -> Iterator[None]:
        assert self.broker.process
        self.broker.process.kill()
        self.broker.process.wait()
        yield
        self.start()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.broker.close()


@pytest.fixture
def network() -> Iterator[Network]:
    if reason := network_cut.find_missing():
        pytest.skip(f"NOT TESTED, needs root and network namespaces: {reason}")
    network = Network()
    try:
        network.create()
        yield network
    finally:
        network.delete()


def cut_at_random(site: Site, cut: Cut) -> dict[str, Any]:
    """Let a device produce events, and cut it off at random moments; returns its counts at the end.

    Before each cut the subscriber must have received everything so far: what a broker queues in memory dies with it.
    """

    def put(least: int) -> int | None:
        count: int = site.counts()["put"]
        return count if count >= least else None

    process = site.device()
    assert process.stdin
    rng = np.random.default_rng()
    for number, moment in enumerate(sorted(rng.choice(np.arange(EVENTS // 10, EVENTS), CUTS, replace=False))):
        expected = set(map(str, range(wait_until(lambda moment=moment: put(moment), 60))))
        wait_until(lambda expected=expected: expected <= set(site.received()))
        with cut():
            time.sleep(rng.uniform(*CUT_SECONDS) if number else CUT_SECONDS[1])
    wait_until(lambda: put(EVENTS), 60)
    process.stdin.close()
    assert process.wait(event_device.DELIVERY_TIMEOUT + 30) == 0
    return site.counts()


def check(site: Site, cut: Cut) -> None:
    """Everything sent is received, in order; only a reconnection sends copies, at most one of each event."""
    last = cut_at_random(site, cut)
    assert (last["queue"], last["lost"], last["refused"]) == (0, 0, 0)
    sent = list(map(str, range(last["put"])))
    wait_until(lambda: site.received()[-1:] == sent[-1:])
    received = site.received()
    assert list(dict.fromkeys(received)) == sent
    reconnections = site.connections - 1
    assert reconnections >= 1
    assert max(Counter(received).values()) <= 1 + reconnections
    assert len(received) - len(sent) <= IN_FLIGHT * reconnections


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_nothing_is_lost_when_the_broker_is_killed_or_frozen(site: Site, how: str) -> None:
    check(site, site.killed if how == "killed" else site.broker.frozen)


@pytest.mark.parametrize("how", ["silent", "reset", "unplugged"])
def test_nothing_is_lost_when_the_network_is_cut(network: Network, tmp_path: Path, how: str) -> None:
    site = Site(tmp_path, network)
    try:
        check(site, getattr(network, how))
    finally:
        site.broker.close()


def test_a_day_without_a_broker_is_bounded_and_delivered_in_order_while_the_state_is_current(
    site: Site,
) -> None:
    """A day at one event per second; a quarter of one unless FER_EDGE_SOAK is set."""
    day = 86_400 if SOAK else 21_600
    outbox = Outbox(site.outbox)
    sent = [f"{number:0420}" for number in range(day)]
    before = resident_bytes()
    for payload in sent:
        outbox.put(payload)
        outbox.commit()
    assert resident_bytes() - before < 20_000_000
    assert len(outbox) == day
    assert sum(file.stat().st_size for file in site.outbox.parent.glob("outbox*")) < 8_000_000 + 1.3 * 420 * day
    states = site.broker.subscribe("fer/cam/state")
    publisher = Publisher(Broker("127.0.0.1", site.broker.port), None, "cam", outbox)
    publisher.start()
    publisher.put("live")
    wait_until(site.received)
    publisher.retain("state", {"faces": 1})
    wait_until(lambda: read_messages(states))
    assert len(site.received()) < day
    assert publisher.flush(event_device.DELIVERY_TIMEOUT)
    publisher.close()
    outbox.close()
    wait_until(lambda: site.received()[-1:] == ["live"])
    assert site.received() == [*sent, "live"]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
