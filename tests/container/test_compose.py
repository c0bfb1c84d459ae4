"""compose.yaml as the README has it started, by podman-compose: `make test-image`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.network import free_port
from tests.support.podman import podman
from tests.support.waiting import wait_until

CONTAINER = Path(__file__).parents[2] / "edge" / "container"
IMAGES = os.environ.get("FER_EDGE_IMAGE", "")
ZONE = {"name": "door", "box": [0, 0, 0.4, 1]}

pytestmark = [
    pytest.mark.skipif("FER_EDGE_IMAGE" not in os.environ, reason="NOT TESTED: run make test-image"),
    pytest.mark.timeout(600),
]


class Compose:
    """The services in a folder of their own, at free ports, with a browser as the camera."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mqtt, self.web = folder, free_port(), free_port()
        shutil.copytree(CONTAINER, folder)
        text = (folder / "compose.yaml").read_text()
        edits = {
            'FER_EDGE_CAMERA: "0"': "FER_EDGE_CAMERA: browser\n      FER_EDGE_WEB_ALLOW_EDIT: 'true'",
            "    devices:": "    x-devices:",
            "    image: fer-edge\n": f"    image: {IMAGES}:trixie-amd64\n",
            "    image: eclipse-mosquitto:2\n": f"    image: {IMAGES}:mosquitto\n",
            '["1883:1883"]': f'["127.0.0.1:{self.mqtt}:1883"]',
            "127.0.0.1:8080:8080": f"127.0.0.1:{self.web}:8080",
        }
        for old, new in edits.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "compose.yaml").write_text(text)
        for secret in ("mqtt-password", "web-token"):
            with (folder / secret).open("w") as file:
                subprocess.run(["openssl", "rand", "-hex", "16"], stdout=file, check=True)

    def run(self, *arguments: str) -> None:
        """Run podman-compose."""
        command = ["podman-compose", "--project-name", "fer-edge-test", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    def request(self, path: str, body: Any = None) -> Any:
        """What the page's API answers to a GET, or to a PUT of a body."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web}{path}",
            json.dumps(body).encode() if body else None,
            {
                "Authorization": f"Bearer {(self.folder / 'web-token').read_text().strip()}",
                "Content-Type": "application/json",
            },
            method="PUT" if body else "GET",
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def status(self, password: str) -> str:
        """The retained `status` of the device, or the error of a subscriber with this password."""
        login = ["-p", str(self.mqtt), "-u", "fer-edge", "-P", password]
        command = ["mosquitto_sub", "-h", "127.0.0.1", *login, "-t", "fer/fer-edge/status", "-C", "1", "-W", "5"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout.strip() or done.stderr.strip()


@pytest.fixture(scope="module")
def mosquitto_image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Debian's Mosquitto, with the folders and the user of eclipse-mosquitto, which only registries have."""
    folder = tmp_path_factory.mktemp("mosquitto")
    (folder / "Containerfile").write_text(
        "FROM localhost/debian:trixie-amd64\n"
        "RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends mosquitto && "
        "install -d -o 1883 -g 1883 /mosquitto/data /mosquitto/config\n"
    )
    command = ["buildah", "build", "--isolation", "chroot", "--tag", f"{IMAGES}:mosquitto", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory, mosquitto_image: None) -> Iterator[Compose]:
    """The running services."""
    services = Compose(tmp_path_factory.mktemp("compose") / "container")
    services.run("up", "--detach")
    yield services
    services.run("down", "--volumes")


def test_daemon_page_and_a_broker_that_demands_the_password(compose: Compose) -> None:
    password = (compose.folder / "mqtt-password").read_text().strip()
    wait_until(lambda: compose.status(password) == "online", 60)
    assert "not authorised" in compose.status("wrong").lower()
    assert compose.request("/api/state")["device"] == "fer-edge"
    revision = compose.request("/api/zones")["revision"]
    saved = compose.request("/api/zones", {"zones": [ZONE], "revision": revision})
    assert saved["zones"] == [ZONE]
    compose.run("restart", "-t", "10", "fer-edge")
    wait_until(lambda: compose.status(password) == "online", 60)
    assert compose.request("/api/zones")["zones"] == [ZONE]


def test_the_containers_have_no_capability_and_a_root_that_they_cannot_write(compose: Compose) -> None:
    password = (compose.folder / "mqtt-password").read_text().strip()
    wait_until(lambda: compose.status(password) == "online", 60)
    for service, user in (("fer-edge", "10001"), ("mosquitto", "1883")):
        name = f"fer-edge-test_{service}_1"
        (details,) = json.loads(podman("container", "inspect", name).stdout)
        assert details["HostConfig"]["ReadonlyRootfs"] is True
        assert details["EffectiveCaps"] in ([], None)
        assert podman("exec", name, "id", "-u").stdout.strip() == user
