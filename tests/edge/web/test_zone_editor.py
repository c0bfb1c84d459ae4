"""Zones are replaced over HTTP: in the file, in the run and on the page, and only where the owner allows it."""

from __future__ import annotations

import asyncio
import json
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.waiting import wait_until
from tests.support.web_client import TOKEN, Response, open_session, request
from tests.support.web_daemon import WebDaemon, run_async

ZONES = """# about the page
[web]
allow_edit = true  # mine

[[zones]]
name = "everywhere"
box = [0, 0, 1, 1]
"""
EVERYWHERE = {"name": "everywhere", "box": [0, 0, 1, 1]}
ATTACKS = 2000


class Hall:
    """A sensor with a zone that its page may change.

    Attributes:
        daemon: The sensor.
        file: Its configuration.
    """

    def __init__(self, broker: Mosquitto, camera: MjpegCamera, folder: Path) -> None:
        self.file = folder / "config.toml"
        self.file.write_text(ZONES)
        self.daemon = WebDaemon(broker, camera.url, "--config", self.file, token=TOKEN)

    def put(self, body: Any, **options: Any) -> Response:
        return request(self.daemon, "/api/zones", **{"method": "PUT", "bearer": TOKEN, "json": body, **options})

    def read(self) -> Any:
        return request(self.daemon, "/api/zones", bearer=TOKEN).body

    def save(self, zones: Any) -> Response:
        return self.put({"zones": zones, "revision": self.read()["revision"]})


@pytest.fixture(scope="module")
def hall(broker: Mosquitto, camera: MjpegCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    hall = Hall(broker, camera, tmp_path_factory.mktemp("hall"))
    yield hall
    hall.daemon.close()


def faces_in(hall: Hall) -> set[str | None]:
    """The zones of the faces that are tracked now."""
    return {face["zone"] for face in request(hall.daemon, "/api/state", bearer=TOKEN).body["tracks"]}


def test_saved_zones_are_in_the_file_and_hold_for_tracked_faces_without_a_restart(hall: Hall) -> None:
    wait_until(lambda: faces_in(hall) == {"everywhere"}, 60)
    ends = len([event for event in hall.daemon.published("event") if event["type"] == "end"])
    zones = [{"name": "renamed", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}]
    answer = hall.save(zones)
    assert (answer.status, answer.body["zones"], answer.body["editable"]) == (200, zones, True)
    assert hall.file.read_text() == ZONES.partition("[[zones]]")[0] + (
        '[[zones]]\nname = "renamed"\npolygon = [[0, 0], [1, 0], [1, 1], [0, 1]]\n'
    )
    wait_until(lambda: faces_in(hall) == {"renamed"})
    assert len([event for event in hall.daemon.published("event") if event["type"] == "end"]) <= ends + 1
    wait_until(lambda: set(hall.daemon.state["zones"]) == {"renamed"})


def test_home_assistant_learns_of_saved_zones_and_of_those_that_are_gone(hall: Hall, broker: Mosquitto) -> None:
    messages = broker.subscribe(f"homeassistant/device/fer-edge-{hall.daemon.device}/config")

    def occupancy() -> set[str]:
        """The names of the sensors of zones in the newest discovery message."""
        received = [payload for topic, payload in read_messages(messages) if topic.startswith("homeassistant/")]
        parts = json.loads(received[-1])["components"] if received else {}
        return {part["name"] for key, part in parts.items() if key.startswith("occupancy_") and "name" in part}

    hall.save([EVERYWHERE])
    wait_until(lambda: occupancy() == {"Occupancy everywhere"})
    hall.save([{**EVERYWHERE, "name": "sofa"}, {**EVERYWHERE, "name": "television", "ignore": True}])
    wait_until(lambda: occupancy() == {"Occupancy sofa"})
    hall.save([EVERYWHERE])
    wait_until(lambda: occupancy() == {"Occupancy everywhere"})


def test_what_becomes_ignored_is_no_longer_reported(hall: Hall) -> None:
    hall.save([EVERYWHERE])
    wait_until(lambda: faces_in(hall) == {"everywhere"}, 60)
    hall.save([{**EVERYWHERE, "ignore": True}])
    wait_until(lambda: hall.daemon.state["faces"] == 0, 30)
    count = len(hall.daemon.published("event"))
    hall.save([EVERYWHERE])
    wait_until(lambda: len(hall.daemon.published("event")) > count, 60)
    assert hall.daemon.published("event")[count]["type"] == "start"


def test_the_same_checks_as_for_every_request_that_changes_something(hall: Hall) -> None:
    body = {"zones": [], "revision": hall.read()["revision"]}
    text = hall.file.read_text()
    assert request(hall.daemon, "/api/zones").status == 401
    assert hall.put(body, bearer="").status == 401
    assert hall.put(body, headers={"Origin": "http://elsewhere.example"}).status == 403
    assert hall.put(body, headers={"Host": "elsewhere.example"}).status == 403
    assert hall.put(body, json=None, data=json.dumps(body), headers={"Content-Type": "text/plain"}).status == 415
    assert hall.put(body, method="POST").status == 405
    assert hall.put({**body, "revision": "0123456789abcdef"}).status == 409
    assert hall.file.read_text() == text


def test_a_wrong_zone_is_one_line_that_names_it(hall: Hall) -> None:
    before = hall.read()
    crossing = {"name": "sofa", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}
    answer = hall.save([crossing])
    assert (answer.status, answer.body) == (
        422,
        {
            "error": "zone 1 'sofa': polygon: the edges from points 1 and 3 cross or touch: list the corners in order "
            "around the zone"
        },
    )
    assert hall.save([EVERYWHERE, EVERYWHERE]).status == 422
    assert hall.save([EVERYWHERE] * 65).body == {"error": "65 zones are too many: up to 64 are allowed"}
    assert hall.put({"zones": ["x" * 70_000], "revision": ""}).status == 413
    assert hall.read() == before


def mutated(generator: random.Random, revision: str) -> bytes:
    """A body that is not quite right."""
    values: list[Any] = [None, True, -1, 2, 1e999, "", "x", [], {}, [[0, 0], [1, 1]], "\ud800", "\n", [0, 0, 2, 1]]
    zone: dict[str, Any] = {"name": "sofa", "polygon": [[0, 0], [1, 0], [1, 1]], "ignore": False}
    for _ in range(generator.randint(1, 3)):
        zone[generator.choice(["name", "polygon", "ignore", "box", "colour", "\x00"])] = generator.choice(values)
    document: dict[str, Any] = {"zones": [zone] * generator.choice([1, 2]), "revision": revision}
    if generator.random() < 0.3:
        document[generator.choice(["zones", "revision", "more"])] = generator.choice(values)
    body = bytearray(json.dumps(document).encode())
    for _ in range(generator.choice([0, 0, 1, 4])):
        position = generator.randrange(len(body))
        body[position : position + generator.randint(0, 3)] = generator.randbytes(generator.randint(0, 3))
    return bytes(body)


def test_thousands_of_wrong_bodies_get_one_clear_line_each_and_change_nothing(hall: Hall) -> None:
    generator = random.Random(21)  # noqa: S311
    before, text = hall.read(), hall.file.read_text()

    async def attack() -> set[int]:
        statuses = set()
        async with open_session(hall.daemon, bearer=TOKEN) as session:
            for _ in range(ATTACKS):
                body = mutated(generator, before["revision"])
                headers = {"Content-Type": "application/json"}
                async with session.put("/api/zones", data=body, headers=headers) as response:
                    answer = await response.json()
                    statuses.add(response.status)
                    if response.status == 200:  # a mutation may be right by chance: put the zones back
                        back = {"zones": before["zones"], "revision": answer["revision"]}
                        await session.put("/api/zones", json=back)
                        continue
                    assert list(answer) == ["error"], body
                    assert 10 < len(answer["error"]) <= 400, body
                    assert answer["error"].isprintable(), body
        return statuses

    assert run_async(attack()) >= {400, 409, 422}
    assert (hall.read(), tomllib.loads(hall.file.read_text())) == (before, tomllib.loads(text))


def test_a_file_that_was_changed_meanwhile_is_left_alone(hall: Hall) -> None:
    text = hall.file.read_text()
    hall.file.write_text(text + "# by its owner\n")
    answer = hall.save([])
    assert (answer.status, answer.body) == (
        409,
        {"error": f"{hall.file} was changed since the sensor has read it: restart the sensor, then edit again"},
    )
    assert hall.file.read_text() == text + "# by its owner\n"
    hall.file.write_text(text)


def test_two_that_edit_at_the_same_time_do_not_overwrite_each_other(hall: Hall) -> None:
    revision = hall.read()["revision"]

    async def save(name: str) -> int:
        async with open_session(hall.daemon, bearer=TOKEN) as session:
            body = {"zones": [{"name": name, "box": [0, 0, 1, 1]}], "revision": revision}
            async with session.put("/api/zones", json=body) as response:
                return response.status

    async def both() -> list[int]:
        return list(await asyncio.gather(save("one"), save("two")))

    assert sorted(run_async(both())) == [200, 409]


def test_without_permission_the_zones_can_be_read_but_not_saved(porch: WebDaemon) -> None:
    answer = request(porch, "/api/zones").body
    assert answer == {
        "zones": [],
        "revision": answer["revision"],
        "editable": False,
        "reason": "set web.allow_edit = true (--web-allow-edit) to let the page save zones",
    }
    body = {"zones": [EVERYWHERE], "revision": answer["revision"]}
    refused = request(porch, "/api/zones", method="PUT", json=body)
    assert (refused.status, refused.body) == (403, {"error": answer["reason"]})
