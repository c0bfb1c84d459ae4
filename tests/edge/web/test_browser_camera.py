"""The browser as the camera: its permission, what it sends, and what the page shows."""

from __future__ import annotations

import json
import signal
import struct
from collections import Counter
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, WebSocket, expect
from tests.support.browser import ALLOW_CAMERA, SERVER_GONE, LaunchBrowser, OpenPage, StartDaemon
from tests.support.media import HEAD
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import angles, boxes, expect_faces, expect_overlay, replace_faces, save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_daemon import WebDaemon, events_of, iou

TRACK_STATES = "recorder.tracks.map((track) => track.readyState)"  # of every camera that the page was given


@pytest.fixture(scope="module")
def desk(broker: Mosquitto) -> Iterator[WebDaemon]:
    """A sensor whose camera is the browser's."""
    made = WebDaemon(broker, "browser")
    yield made
    made.close()


@pytest.fixture
def killable(start_daemon: StartDaemon) -> WebDaemon:
    """Another such sensor, which a test may kill."""
    return start_daemon("browser")


@pytest.fixture(scope="module")
def no_camera_browser(launch_browser: LaunchBrowser) -> Browser:
    """A browser without a camera, in which sensor.home resolves to this machine."""
    rules = "--host-resolver-rules=MAP sensor.home 127.0.0.1"
    return launch_browser(ALLOW_CAMERA, "--use-fake-device-for-media-stream=device-count=0", rules)


def test_the_face_in_the_mirrored_video_has_a_box_with_its_emotion(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    wait_until(lambda: page.evaluate("recorder.boxAt"), 60)
    seconds = page.evaluate("(recorder.boxAt - recorder.playingAt) / 1000")
    print(f"a box {seconds:.2f} s after the video began")
    assert [constraints["audio"] for constraints in page.evaluate("recorder.constraints")] == [False]
    assert (
        page.locator("#video").evaluate("(video) => getComputedStyle(video).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    )

    def mirrored() -> list[tuple[float, float, float, float]]:
        return [(1 - x - w, y, w, h) for _, (x, y, w, h) in boxes(page)]

    for event in events_of(HEAD):  # the position of the head at each event of the clip
        wait_until(lambda event=event: any(iou(box, event["box"]) > 0.6 for box in mirrored()), 60)
    emotions: Counter[str] = Counter()
    wait_until(lambda: emotions.update(emotion for emotion, _ in boxes(page)) or emotions.total() > 60, 60)
    assert emotions.most_common(1)[0][0] in {
        "unsure",
        *(event["emotion"] for event in events_of(HEAD, "--min-score", "0")),
    }
    save_screenshot(page, "browser-camera")


def test_the_boxes_of_the_frames_are_mirrored(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    expect_faces(page)
    lefts: list[float] = []

    def on_frame(payload: bytes | str) -> None:
        if isinstance(payload, bytes):
            (length,) = struct.unpack(">I", payload[:4])
            assert len(payload) == 4 + length  # no picture: this browser has it already
            lefts.extend(1 - face["box"][0] - face["box"][2] for face in json.loads(payload[4:])["faces"])

    def on_websocket(socket: WebSocket) -> None:
        if "picture=0" in socket.url:
            socket.on("framereceived", on_frame)

    page.on("websocket", on_websocket)
    page.evaluate("location.reload()")
    expect_faces(page)
    wait_until(lambda: any(abs(box[0] - left) < 0.002 for _, box in boxes(page) for left in lefts[-3:]))


def test_a_turned_box_is_mirrored(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    face = {"track": 1, "emotion": "happy", "score": 0.7, "scores": []}
    replace_faces(page, [{**face, "box": [0.1, 0.3, 0.2, 0.3], "full_box": [0.1, 0.3, 0.2, 0.3], "angle": 20.0}])
    expect_faces(page)
    wait_until(lambda: angles(page) == [-20])
    ((_, box),) = boxes(page)
    assert box == pytest.approx((0.7, 0.3, 0.2, 0.3), abs=0.002)
    save_screenshot(page, "browser-camera-turned")


def test_events_are_published_as_with_any_camera(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    expect_faces(page)
    wait_until(lambda: desk.published("event"))
    assert desk.published("event")[0]["type"] == "start"
    assert desk.published("info")[-1]["camera"] == "browser"
    page.get_by_role("button", name="Stop camera").click()
    wait_until(lambda: desk.published("event")[-1]["type"] == "end", 60)


def test_stop_releases_the_camera_and_start_opens_it_again(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    expect_faces(page)
    page.get_by_role("button", name="Stop camera").press("Enter")
    expect_overlay(page, "No camera")
    assert page.evaluate(TRACK_STATES) == ["ended"]
    assert page.locator("#video").evaluate("(video) => video.srcObject") is None
    page.locator("#overlay-button").click()
    expect_faces(page)
    assert page.evaluate(TRACK_STATES) == ["ended", "live"]


def test_pause_releases_the_camera_no_matter_who_paused(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    expect_faces(page)
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate(TRACK_STATES) == ["ended"]
    expect_overlay(page, "Paused")
    page.get_by_role("button", name="Resume").click()
    expect_faces(page)
    desk.send_command("pause")
    expect_overlay(page, "Paused")
    assert page.evaluate(TRACK_STATES) == ["ended", "ended"]
    desk.send_command("resume")
    expect_faces(page)
    assert page.evaluate(TRACK_STATES) == ["ended", "ended", "live"]


def test_pause_releases_the_camera_even_if_the_sensor_cannot_be_reached(
    killable: WebDaemon, open_page: OpenPage
) -> None:
    page = open_page(killable.url, expected_errors=SERVER_GONE)
    expect_faces(page)
    killable.kill()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("alert")).to_have_text("The sensor could not be paused: no connection")
    assert page.evaluate(TRACK_STATES) == ["ended"]


def test_the_camera_stays_on_while_the_sensor_restarts(killable: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(killable.url, expected_errors=SERVER_GONE)
    expect_faces(page)
    killable.kill()
    expect_overlay(page, "Connection lost")
    assert boxes(page) == []
    killable.start()
    expect_faces(page)
    assert page.evaluate(TRACK_STATES) == ["live"]  # it was not reopened


def test_the_camera_stays_on_while_the_connection_is_dead_for_ten_seconds(
    killable: WebDaemon, open_page: OpenPage
) -> None:
    page = open_page(killable.url, expected_errors=SERVER_GONE)
    expect_faces(page)
    killable.signal(signal.SIGSTOP)
    expect_overlay(page, "Connection lost")
    page.wait_for_timeout(3000)
    killable.signal(signal.SIGCONT)
    expect_faces(page)
    assert page.evaluate(TRACK_STATES) == ["live"]


def test_a_second_browser_shows_the_pictures_and_does_not_ask_for_its_camera(
    desk: WebDaemon, open_page: OpenPage
) -> None:
    first = open_page(desk.url)
    expect_faces(first)
    second = open_page(desk.url)
    expect_faces(second)
    expect(second.locator("#canvas")).to_be_visible()
    assert second.evaluate("recorder.constraints") == []
    second.get_by_role("button", name="Start camera").click()
    expect(second.locator("#camera-message")).to_have_text("Another browser is already the camera.")
    assert second.evaluate(TRACK_STATES) == ["ended"]
    expect_faces(second)
    first.close()
    expect_overlay(second, "No camera")
    assert len(second.evaluate("recorder.constraints")) == 1  # it starts only on request
    second.locator("#overlay-button").click()
    expect_faces(second)


def test_one_of_several_cameras_can_be_selected(
    desk: WebDaemon, open_page: OpenPage, launch_browser: LaunchBrowser
) -> None:
    page = open_page(
        desk.url, browser=launch_browser(ALLOW_CAMERA, "--use-fake-device-for-media-stream=device-count=2")
    )
    picker = page.get_by_role("combobox", name="Camera")
    expect(picker.get_by_role("option")).to_have_count(2)
    selected = picker.get_by_role("option").nth(1).get_attribute("value")
    picker.select_option(selected)
    wait_until(lambda: page.evaluate(TRACK_STATES) == ["ended", "live"])
    assert page.evaluate("recorder.tracks.at(-1).getSettings().deviceId") == selected
    expect(picker).to_have_value(selected or "")


def expect_no_camera(page: Page, reason: str) -> None:
    expect_overlay(page, "No camera")
    expect(page.locator("#overlay-detail")).to_contain_text(reason)
    expect(page.locator("#overlay-button")).to_have_text("Start camera")


def test_a_denied_permission_is_explained(desk: WebDaemon, open_page: OpenPage, launch_browser: LaunchBrowser) -> None:
    denying = launch_browser("--use-fake-device-for-media-stream")  # nobody answers the prompt
    expect_no_camera(open_page(desk.url, browser=denying), "may not use the camera")


def test_a_device_without_a_camera_is_explained(
    desk: WebDaemon, open_page: OpenPage, no_camera_browser: Browser
) -> None:
    expect_no_camera(open_page(desk.url, browser=no_camera_browser), "This device has no camera.")


def test_an_insecure_address_is_explained(
    start_daemon: StartDaemon, open_page: OpenPage, no_camera_browser: Browser
) -> None:
    desk = start_daemon("browser", "--web-names", "sensor.home")
    page = open_page(desk.url.replace("127.0.0.1", "sensor.home"), browser=no_camera_browser)
    expect_no_camera(page, "Browsers allow the camera only on https:// and localhost.")
    assert Axe().run(page).violations_count == 0
    save_screenshot(page, "refused")


def test_a_disconnected_camera_is_explained(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    expect_faces(page)
    page.evaluate("() => recorder.tracks[0].dispatchEvent(new Event('ended'))")
    expect_no_camera(page, "The camera was disconnected")
    assert page.evaluate(TRACK_STATES) == ["ended"]


def test_pictures_are_small_and_at_most_two_are_unanswered(desk: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(desk.url)
    wait_until(lambda: len(page.evaluate("recorder.pictures")) > 20, 60)
    assert page.evaluate("recorder.maxUnanswered") <= 2
    for kind, width, height in page.evaluate("recorder.pictures"):
        assert kind == "image/jpeg"
        assert max(width, height) <= 640
        assert width / height == pytest.approx(16 / 9, abs=0.01)  # the aspect ratio of the clip, nothing cut off
