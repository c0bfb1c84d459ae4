"""The image of the Home Assistant app, run by podman as the Supervisor runs it: `make test-app`."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.http_camera import http_camera, send
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.podman import container, podman
from tests.support.supervisor import TOKEN, Supervisor
from tests.support.waiting import wait_until
from tests.support.web_client import request

IMAGE = os.environ.get("FER_EDGE_APP_IMAGE", "")
HOST = "127.0.0.80"  # of the Supervisor, which has port 80
INGRESS = "172.30.32.2"
FACE = (MEDIA / "faces" / "happy-baby.jpeg").read_bytes()
FOREIGN = re.compile(
    r"/bin/(gcc|cc|make|ld|git|pip3?)$|/opt/.*/(pip|tests|f2py|fer_train|fer_convert|fer_data|setuptools|tensorflow)(-[^/]*)?$"
    r"|/app/(wheels|requirements\.txt|DOCS\.md)|/var/lib/apt/lists/."
)

pytestmark = [
    pytest.mark.skipif("FER_EDGE_APP_IMAGE" not in os.environ, reason="NOT TESTED: run make test-app"),
    pytest.mark.timeout(300),
]


class Page(NamedTuple):
    url: str = "http://127.0.0.1:8099/"


@pytest.fixture
def ingress() -> Iterator[None]:
    """This machine has the address of Home Assistant's ingress, too."""
    subprocess.run(["ip", "address", "add", f"{INGRESS}/32", "dev", "lo"], check=True)
    yield
    subprocess.run(["ip", "address", "delete", f"{INGRESS}/32", "dev", "lo"], check=True)


def as_app(folder: Path, **options: object) -> list[object]:
    """The flags with which the Supervisor runs it: its options in /data, root, its name, a token."""
    for name in ("data", "config"):
        (folder / name).mkdir()
    (folder / "data/options.json").write_text(json.dumps(options))
    volumes = [f"--volume={folder / name}:/{name}" for name in ("data", "config")]
    return ["--rm", "--network", "host", "--init", f"--add-host=supervisor:{HOST}", "--tmpfs=/tmp",
            f"--env=SUPERVISOR_TOKEN={TOKEN}", *volumes]  # fmt: skip


def test_it_publishes_to_the_supervisors_broker_and_shows_the_page_to_the_ingress_alone(
    tmp_path: Path, mosquitto: Mosquitto, ingress: None
) -> None:
    supervisor = Supervisor(HOST, 80)
    login = {"username": "addons", "password": "x"}
    supervisor.broker = {"host": "127.0.0.1", "port": mosquitto.port, "ssl": False, **login}
    received = mosquitto.subscribe("fer/hall/#")
    try:
        with http_camera(lambda handler: send(handler, FACE)) as camera:
            flags = as_app(tmp_path, camera=camera, device="hall", keep_settings=True, web_allow_edit=True)
            with container(*flags, IMAGE) as identity:
                topic = "fer/hall/event"
                wait_until(lambda: any(name == topic for name, _ in read_messages(received)), 60)
                assert request(Page(), "/").status == 403
                assert request(Page(), "/", local=INGRESS).status == 200
                zones = {"zones": [{"name": "sofa", "box": [0.1, 0.1, 0.3, 0.3]}]}
                revision = request(Page(), "/api/zones", local=INGRESS).body["revision"]
                saved = request(Page(), "/api/zones", local=INGRESS, method="PUT", json={"revision": revision, **zones})
                assert saved.status == 200, saved.body
                assert podman("top", identity, "user", "comm").stdout.splitlines()[-1].split() == [
                    "fer-edge",
                    "fer-edge",
                ]
                assert "u'addons'" in (tmp_path / "mosquitto.log").read_text()
                podman("stop", "--time", "10", identity)
        assert read_messages(received)[-1] == ("fer/hall/status", "offline")
    finally:
        supervisor.close()
    assert 'name = "sofa"' in (tmp_path / "config/config.toml").read_text()
    assert (tmp_path / "data/fer-edge/outbox.sqlite").exists()


def test_without_a_broker_it_ends_with_one_line(tmp_path: Path) -> None:
    supervisor = Supervisor(HOST, 80)
    try:
        ended = podman("run", *as_app(tmp_path, camera="0", device="hall"), IMAGE, code=78)
    finally:
        supervisor.close()
    assert ended.stderr.startswith("fer-edge: there is no broker: install and start the app")
    assert ended.stderr.count("\n") == 1


def test_the_image_holds_nothing_of_building_or_testing() -> None:
    root = Path(podman("image", "mount", IMAGE).stdout.strip())
    try:
        names = [f"/{path.relative_to(root)}" for path in root.rglob("*")]
    finally:
        podman("image", "umount", IMAGE)
    assert {"/app/start.py", "/opt/fer-edge/bin/fer-edge"} <= set(names)
    assert [name for name in names if FOREIGN.search(name)] == []
    layers = json.loads(podman("history", "--format", "json", IMAGE).stdout)
    print(f"{sum(layer['size'] for layer in layers) / 1e6:.0f} MB")
