"""The browser as the camera: what it is asked for, what it sends, and what it shows."""

from __future__ import annotations

import json
import signal
import struct
from collections import Counter
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, WebSocket, expect
from tests.edge.web.conftest import GIVEN, Launch, Start, Visit
from tests.support import HEAD, Mosquitto, wait_until
from tests.support.page_view import boxes, expect_faces, expect_veil, keep
from tests.support.web_daemon import Daemon, overlap, printed

AWAY = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")
LIGHT = "witness.tracks.map((track) => track.readyState)"  # of the cameras that the page was ever given


@pytest.fixture(scope="module")
def desk(broker: Mosquitto) -> Iterator[Daemon]:
    """A sensor whose camera is that of a browser."""
    made = Daemon(broker, "browser")
    yield made
    made.close()


@pytest.fixture
def frail(start: Start) -> Daemon:
    """Another one, to be killed."""
    return start("browser")


@pytest.fixture(scope="module")
def bare(launch: Launch) -> Browser:
    """A browser without a camera, for which sensor.home is this machine."""
    rules = "--host-resolver-rules=MAP sensor.home 127.0.0.1"
    return launch(GIVEN, "--use-fake-device-for-media-stream=device-count=0", rules)


def test_a_face_before_the_browser_is_boxed_in_its_mirror_and_named(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    wait_until(lambda: page.evaluate("witness.box"), 60)
    seconds = page.evaluate("(witness.box - witness.playing) / 1000")
    print(f"a box {seconds:.2f} s after the video began")
    wanted = page.evaluate("witness.asked")
    assert [wish["audio"] for wish in wanted] == [False]
    assert (
        page.locator("#video").evaluate("(video) => getComputedStyle(video).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    )

    def mirrored() -> list[tuple[float, float, float, float]]:
        return [(1 - x - w, y, w, h) for _, (x, y, w, h) in boxes(page)]

    for event in printed(HEAD):  # where the head of the clip is when something is told of it
        wait_until(lambda event=event: any(overlap(box, event["box"]) > 0.6 for box in mirrored()), 60)
    said: Counter[str] = Counter()
    wait_until(lambda: said.update(emotion for emotion, _ in boxes(page)) or said.total() > 60, 60)
    assert said.most_common(1)[0][0] in {event["emotion"] for event in printed(HEAD)}
    keep(page, "browser-camera")


def test_the_boxes_are_those_of_the_frames_turned_about(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    expect_faces(page)
    lefts: list[float] = []

    def look(payload: bytes | str) -> None:
        if isinstance(payload, bytes):
            (length,) = struct.unpack(">I", payload[:4])
            assert len(payload) == 4 + length  # the picture need not come back
            lefts.extend(1 - face["box"][0] - face["box"][2] for face in json.loads(payload[4:])["faces"])

    def follow(socket: WebSocket) -> None:
        if "picture=0" in socket.url:
            socket.on("framereceived", look)

    page.on("websocket", follow)
    page.evaluate("location.reload()")
    expect_faces(page)
    wait_until(lambda: any(abs(box[0] - left) < 0.002 for _, box in boxes(page) for left in lefts[-3:]))


def test_its_events_go_out_as_from_any_camera(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    expect_faces(page)
    wait_until(lambda: desk.said("event"))
    assert desk.said("event")[0]["type"] == "start"
    assert desk.said("info")[-1]["camera"] == "browser"
    page.get_by_role("button", name="Stop camera").click()
    wait_until(lambda: desk.said("event")[-1]["type"] == "end", 60)


def test_stop_puts_the_light_out_and_start_lights_it_again(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    expect_faces(page)
    page.get_by_role("button", name="Stop camera").press("Enter")
    expect_veil(page, "No camera")
    assert page.evaluate(LIGHT) == ["ended"]
    assert page.locator("#video").evaluate("(video) => video.srcObject") is None
    page.locator("#veil-action").click()
    expect_faces(page)
    assert page.evaluate(LIGHT) == ["ended", "live"]


def test_pause_puts_the_light_out_whoever_paused(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    expect_faces(page)
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate(LIGHT) == ["ended"]
    expect_veil(page, "Paused")
    page.get_by_role("button", name="Resume").click()
    expect_faces(page)
    desk.send("pause", "")
    expect_veil(page, "Paused")
    assert page.evaluate(LIGHT) == ["ended", "ended"]
    desk.send("resume", "")
    expect_faces(page)
    assert page.evaluate(LIGHT) == ["ended", "ended", "live"]


def test_pause_puts_the_light_out_even_if_the_sensor_does_not_hear_of_it(frail: Daemon, visit: Visit) -> None:
    page = visit(frail.url, due=AWAY)
    expect_faces(page)
    frail.kill()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("alert")).to_contain_text("The sensor was not paused")
    assert page.evaluate(LIGHT) == ["ended"]


def test_it_outlives_a_sensor_that_is_started_anew(frail: Daemon, visit: Visit) -> None:
    page = visit(frail.url, due=AWAY)
    expect_faces(page)
    frail.kill()
    expect_veil(page, "Connection lost")
    assert boxes(page) == []
    frail.start()
    expect_faces(page)
    assert page.evaluate(LIGHT) == ["live"]  # the same camera all the time


def test_it_outlives_a_line_that_is_dead_for_ten_seconds(frail: Daemon, visit: Visit) -> None:
    page = visit(frail.url, due=AWAY)
    expect_faces(page)
    frail.signal(signal.SIGSTOP)
    expect_veil(page, "Connection lost")
    page.wait_for_timeout(3000)
    frail.signal(signal.SIGCONT)
    expect_faces(page)
    assert page.evaluate(LIGHT) == ["live"]


def test_another_browser_sees_the_pictures_and_is_not_asked_for_its_own(desk: Daemon, visit: Visit) -> None:
    first = visit(desk.url)
    expect_faces(first)
    second = visit(desk.url)
    expect_faces(second)
    expect(second.locator("#canvas")).to_be_visible()
    assert second.evaluate("witness.asked") == []
    second.get_by_role("button", name="Start camera").click()
    expect(second.locator("#camera-words")).to_have_text("Another browser is the camera.")
    assert second.evaluate(LIGHT) == ["ended"]
    expect_faces(second)
    first.close()
    expect_veil(second, "No camera")
    assert len(second.evaluate("witness.asked")) == 1  # it starts when somebody says so
    second.locator("#veil-action").click()
    expect_faces(second)


def test_one_of_several_cameras_can_be_chosen(desk: Daemon, visit: Visit, launch: Launch) -> None:
    page = visit(desk.url, browser=launch(GIVEN, "--use-fake-device-for-media-stream=device-count=2"))
    choice = page.get_by_role("combobox", name="Camera")
    expect(choice.get_by_role("option")).to_have_count(2)
    chosen = choice.get_by_role("option").nth(1).get_attribute("value")
    choice.select_option(chosen)
    wait_until(lambda: page.evaluate(LIGHT) == ["ended", "live"])
    assert page.evaluate("witness.tracks.at(-1).getSettings().deviceId") == chosen
    expect(choice).to_have_value(chosen or "")


def refusal(page: Page, words: str) -> None:
    expect_veil(page, "No camera")
    expect(page.locator("#veil-detail")).to_contain_text(words)
    expect(page.locator("#veil-action")).to_have_text("Start camera")


def test_a_browser_that_may_not_says_who_can_allow_it(desk: Daemon, visit: Visit, launch: Launch) -> None:
    nobody_there_to_allow_it = launch("--use-fake-device-for-media-stream")
    refusal(visit(desk.url, browser=nobody_there_to_allow_it), "may not use the camera")


def test_a_machine_without_a_camera_is_told_so(desk: Daemon, visit: Visit, bare: Browser) -> None:
    refusal(visit(desk.url, browser=bare), "There is no camera at this machine.")


def test_an_address_to_which_no_browser_gives_its_camera_is_told(start: Start, visit: Visit, bare: Browser) -> None:
    desk = start("browser", "--web-names", "sensor.home")
    page = visit(desk.url.replace("127.0.0.1", "sensor.home"), browser=bare)
    refusal(page, "A browser gives its camera only to https:// or localhost.")
    assert Axe().run(page).violations_count == 0
    keep(page, "refused")


def test_a_camera_that_goes_is_told(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    expect_faces(page)
    page.evaluate("() => witness.tracks[0].dispatchEvent(new Event('ended'))")
    refusal(page, "The camera has gone")
    assert page.evaluate(LIGHT) == ["ended"]


def test_what_is_sent_is_small_and_never_more_than_two_ahead(desk: Daemon, visit: Visit) -> None:
    page = visit(desk.url)
    wait_until(lambda: len(page.evaluate("witness.shapes")) > 20, 60)
    assert page.evaluate("witness.ahead") <= 2
    for kind, width, height in page.evaluate("witness.shapes"):
        assert kind == "image/jpeg"
        assert max(width, height) <= 640
        assert width / height == pytest.approx(16 / 9, abs=0.01)  # the shape of the clip, nothing cut off
