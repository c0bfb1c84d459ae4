"""The examples for Prometheus, Grafana and Node-RED, with a real Prometheus, a real Node-RED and a running sensor.

`make test-dashboards` installs what they need, and leaves a picture of each in build/dashboards. Grafana itself is in
none of the package sources; its dashboards are tested query by query: by Prometheus, and by SQLite on a history file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.grafana import queries
from tests.support.media import MEDIA
from tests.support.mjpeg import MjpegCamera, jpeg
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port
from tests.support.waiting import wait_until
from tests.support.web_daemon import WebDaemon

EXAMPLES = Path(__file__).parents[2] / "edge" / "examples"
PICTURES = Path(__file__).parents[2] / "build" / "dashboards"
NODE_RED = Path(os.environ.get("FER_EDGE_NODE_RED", "")).absolute()
TOKEN = token_urlsafe()
SECONDS = 4  # that a face is in front of the camera, and then not
FPS = 10
MOODS = """
[[moods]]
name = "cheerful"
emotion = "happy"
seconds = 1

[[moods]]
name = "empty room"
emotion = "nobody"
seconds = 1

[[zones]]
name = "left"
box = [0, 0, 0.5, 1]
"""

pytestmark = [
    pytest.mark.skipif("FER_EDGE_NODE_RED" not in os.environ, reason="NOT TESTED: run make test-dashboards"),
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history") / "history.sqlite"


@pytest.fixture(scope="module")
def sensor(broker: Mosquitto, history: Path) -> Iterator[WebDaemon]:
    """A sensor, its page with a token, in front of which a happy face appears and disappears again and again."""
    face = (MEDIA / "faces" / "happy-baby.jpeg").read_bytes()
    camera = MjpegCamera(picture=lambda n: jpeg(n) if n // (FPS * SECONDS) % 2 else face, fps=FPS)
    config = history.with_name("config.toml")
    config.write_text(MOODS)
    daemon = WebDaemon(broker, camera.url, "--config", config, "--history", history, token=TOKEN)
    yield daemon
    daemon.close()
    camera.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def server(log: Path, *command: object) -> Iterator[None]:
    """Run a server as long as the body runs; its output goes to `log`."""
    with log.open("w") as out, subprocess.Popen([*map(str, command)], stdout=out, stderr=out) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def prometheus(sensor: WebDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has the example's job, with this sensor in place of the two."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "token").write_text(TOKEN)
    example = (EXAMPLES / "prometheus.yml").read_text()
    for old, new in (
        ('"porch.local:8080", "hall.local:8080"', f'"127.0.0.1:{sensor.port}"'),
        ("/etc/prometheus/fer-edge-token", str(folder / "token")),
        ("scrape_interval: 15s", "scrape_interval: 1s"),
    ):
        assert old in example
        example = example.replace(old, new)
    (folder / "prometheus.yml").write_text(example)
    files = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with server(folder / "log", "prometheus", *files, f"--web.listen-address=127.0.0.1:{port}"):
        wait_until(lambda: "Server is ready" in (folder / "log").read_text(), 60)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: values(url, "up"), 60)
        yield url


def values(prometheus: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """The labels and the value of each series that a query has now."""
    with closing(HTTPConnection(urlsplit(prometheus).netloc, timeout=10)) as connection:
        connection.request("GET", f"/api/v1/query?query={quote(expression)}")
        response = connection.getresponse()
        assert response.status == 200, response.read()
        return [(one["metric"], float(one["value"][1])) for one in json.load(response)["data"]["result"]]


def test_prometheus_reads_a_sensor_with_the_example(prometheus: str, sensor: WebDaemon) -> None:
    ((labels, up),) = values(prometheus, "up")
    assert (labels["job"], labels["instance"], up) == ("fer-edge", f"127.0.0.1:{sensor.port}", 1)
    (info,) = [labels for labels, _ in values(prometheus, "fer_sensor_info")]
    assert info["device"] == sensor.device
    wait_until(lambda: [value for _, value in values(prometheus, "fer_emotion_faces{emotion='happy'}")] == [1], 60)


def test_every_query_of_the_dashboard_of_sensors_has_a_result(prometheus: str) -> None:
    built_in = {"__rate_interval": "10s", "__range": "1m"}
    found = queries(EXAMPLES / "grafana-sensors.json", instance=".*", **built_in)
    assert found.pop("instance") == ["label_values(fer_sensor_info, instance)"]
    for title, texts in found.items():
        for text in texts:
            if title == "Temperature" and not any(Path("/sys/class/thermal").glob("thermal_zone*")):
                assert values(prometheus, text) == []  # valid, but this machine has no thermometer
            else:
                wait_until(lambda text=text: values(prometheus, text), 60)


def test_the_graph_of_prometheus_shows_the_emotions(prometheus: str, chromium: Browser) -> None:
    time.sleep(3 * SECONDS)  # some of the face's comings and goings
    page = chromium.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{prometheus}/graph?g0.expr={quote('sum by (emotion) (fer_emotion_faces)')}&g0.tab=0&g0.range_input=30s")
    page.get_by_text("happy").first.wait_for(timeout=60_000)
    save(page.screenshot(), "prometheus.png")
    save(page.screenshot(), "prometheus.png")


def test_every_query_of_the_dashboard_of_minutes_has_a_result(sensor: WebDaemon, history: Path) -> None:
    wait_until(lambda: len(sensor.published("minute")) >= 2, 200)
    wait_until(history.exists, 10)
    now = int(time.time() * 1000)
    span = {"__from": str(now - 3_600_000), "__to": str(now + 1)}
    with sqlite3.connect(f"file:{history}?mode=ro", uri=True) as database:
        for zone in ("(everywhere)", "left"):
            found = queries(EXAMPLES / "grafana-minutes.json", device=sensor.device, zone=zone, **span)
            rows = {title: database.execute(text).fetchall() for title, (text,) in found.items()}
            assert all(rows.values())
            assert rows["device"] == [(sensor.device,)]
            assert rows["zone"] == [("(everywhere)",), ("left",)]
            emotions = {name: seconds for _, name, seconds in rows["Emotions of each hour"]}
            assert {"happy", "neutral", "unsure"} < set(emotions)
            ((somebody,),) = rows["Somebody was there"]
            assert somebody > 0
            assert 0.5 * somebody < emotions["happy"] < somebody + 0.1  # each minute is rounded
            ((_, device, minutes, happy, *_),) = rows["Days"]
            assert (device, minutes) == (sensor.device, round(somebody / 60, 1))
            assert 0 < happy <= minutes


@pytest.fixture(scope="module")
def node_red(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address and the log of a Node-RED that runs both flows, connected to this broker."""
    folder, port = tmp_path_factory.mktemp("node-red"), free_port()
    nodes: list[dict[str, Any]] = []
    for name in ("node-red.json", "node-red-moods.json"):
        nodes += json.loads((EXAMPLES / name).read_text())
    for node in nodes:
        if node["type"] == "mqtt-broker":
            node["port"] = str(broker.port)
    (folder / "flows.json").write_text(json.dumps(nodes))
    program = NODE_RED / "node_modules" / ".bin" / "node-red"
    no_dialogs = ["-D", "telemetry.enabled=false", "-D", "editorTheme.tours=false"]
    log = folder / "log"
    with server(log, program, "--userDir", folder, "--port", port, *no_dialogs, "flows.json"):
        wait_until(lambda: log.read_text().count("Connected to broker") == 2, 120)
        yield f"http://127.0.0.1:{port}", log
        assert not [text for text in ("[error]", "missing types") if text in log.read_text()]


def test_the_flow_of_moods_switches_the_lamp_and_writes_texts_and_shares(
    broker: Mosquitto, node_red: tuple[str, Path], sensor: WebDaemon
) -> None:
    log = node_red[1]
    lamp = broker.subscribe("zigbee2mqtt/#")
    moods = broker.subscribe("fer/+/mood")

    def commands() -> list[Any]:
        return [json.loads(payload) for topic, payload in read_messages(lamp) if topic == "zigbee2mqtt/lamp/set"]

    wait_until(lambda: {command["state"] for command in commands()} == {"ON", "OFF"}, 60)
    assert {"state": "ON", "brightness": 254, "color_temp": 370} in commands()
    reported = {json.loads(payload)["name"] for _, payload in read_messages(moods)}
    assert reported == {"cheerful", "empty room"}
    assert f"{sensor.device}: cheerful for 1 s" in log.read_text()
    wait_until(lambda: "topic: 'happy'" in log.read_text(), 90)


def test_the_editor_of_node_red_shows_the_flow_of_moods(node_red: tuple[str, Path], chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1700, "height": 560})
    page.goto(f"{node_red[0]}/#flow/fer-moods")
    page.get_by_text("drop duplicates").first.wait_for(timeout=60_000)
    for text in ("fer/+/mood", "which mood", "warm light", "the lamp", "fer/+/minute"):
        page.get_by_text(text, exact=True).first.wait_for(timeout=60_000)
    save(page.screenshot(), "node-red.png")


def save(picture: bytes, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(picture)
