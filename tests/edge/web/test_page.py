"""The live page in a real browser, for a sensor with its own camera."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.support.browser import SERVER_GONE, OpenPage, StartDaemon
from tests.support.media import WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import boxes, expect_faces, expect_overlay, painted_share, replace_faces, save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_daemon import WebDaemon, events_of, iou

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.inference.model_file import read_model, write_model

PAGE = Path(__file__).parents[3] / "edge" / "fer_edge" / "web" / "static"
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
TOKEN = "correct horse"  # noqa: S105  used in these tests only


@pytest.fixture
def pausable(porch: WebDaemon) -> Iterator[WebDaemon]:
    """The sensor, resumed after the test."""
    yield porch
    porch.send_command("resume")
    wait_until(lambda: porch.state.get("paused") is False)


def test_each_face_has_a_box_at_its_position_with_its_emotion(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    known = [event for event in events_of(WALK) if event["type"] == "end"]
    for event in known:  # each face at its last position in the clip
        wait_until(lambda event=event: any(iou(box, event["box"]) > 0.5 for _, box in boxes(page)), 60)
    answers = {event["emotion"] or "unsure" for event in events_of(WALK)}
    wait_until(lambda: {emotion for emotion, _ in boxes(page)} <= answers, 60)
    assert painted_share(page, "#canvas") == 1
    expect(page.locator("#live-status")).to_have_text(re.compile(r"Watching, \d+(\.\d)? fps"))
    expect(page).to_have_title(f"{porch.device} - fer-edge")
    save_screenshot(page, "desktop-light")


def test_the_card_of_a_face_shows_the_probability_of_every_emotion(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    card = page.get_by_role("group", name="Faces").get_by_role("listitem").filter(has=page.get_by_role("heading")).first
    expect(card.get_by_role("heading")).to_have_text(re.compile(r"Face \d+ (unsure|\w+ \d+ %)"))
    labels = list(events_of(WALK)[0]["scores"])
    assert [meter.get_attribute("aria-label") for meter in card.get_by_role("meter").all()] == labels
    # Read at one instant, in the browser; each is rounded.
    read = "meters => meters.map(meter => Number(meter.getAttribute('aria-valuenow')))"
    assert sum(card.get_by_role("meter").evaluate_all(read)) == pytest.approx(100, abs=4)


def test_the_timeline_marks_the_emotions_that_faces_showed(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    shares = page.locator("#lanes .share").all_text_contents()
    assert all(re.fullmatch(r"\u2013|\d\d? %|100 %", share) for share in shares), shares
    reported = {event["emotion"] or "unsure" for event in porch.published("event")}
    never = set(events_of(WALK)[0]["scores"]) - reported - {emotion for emotion, _ in boxes(page)}
    lanes = {
        name: page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name)) for name in reported | never
    }
    wait_until(lambda: any(painted_share(page, f"#lanes tr:has-text('{name}') canvas") > 0 for name in reported))
    painted = [lanes[name] for name in reported if painted_share(page, f"#lanes tr:has-text('{name}') canvas") > 0]
    for lane in painted:
        expect(lane.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile(r"shown for .* in total, last .* ago")
        )
    for name in never - {emotion for emotion, _ in boxes(page)}:
        expect(lanes[name].get_by_role("img")).to_have_attribute("aria-label", "not shown")


def test_a_face_without_a_certain_emotion_is_unsure(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    place = {"box": [0.1, 0.3, 0.2, 0.3], "full_box": [0.1, 0.3, 0.2, 0.3], "angle": 0}
    replace_faces(page, [{"track": 7, "emotion": None, "score": 0.3, "scores": [0.3, *[0.1] * 6], **place}])
    expect(page.locator("#boxes")).to_have_text(re.compile(r"^7\s+unsure$"))
    expect(page.locator("#faces").get_by_role("heading")).to_have_text(re.compile(r"^Face 7 unsure\s*$"))
    assert page.locator(".meters .current").count() == 0
    save_screenshot(page, "unsure")


def test_the_event_list_shows_the_events_as_subscribers_receive_them(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    wait_until(lambda: len(porch.payloads("event")) > 1, 60)

    def listed() -> list[str]:
        return page.locator("#events pre").all_text_contents()

    wait_until(lambda: listed() == list(reversed(porch.payloads("event")))[:100], 60)
    page.locator("#events summary").first.press("Enter")
    opened = page.locator("#events details[open]")  # a newer one may be first by now
    expect(opened.locator("pre")).to_be_visible()
    event = json.loads(opened.locator("pre").text_content() or "")
    expect(opened.locator("summary")).to_contain_text(f"face {event['track']}")


def test_the_status_shows_broker_model_frames_and_stages(
    porch: WebDaemon, open_page: OpenPage, broker: Mosquitto
) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    facts = dict(zip(page.locator("dt").all_text_contents(), page.locator("dd").all_text_contents(), strict=True))
    info = porch.published("info")[-1]
    assert facts["Broker"] == f"connected to {broker.url}"
    assert facts["Accelerator"] == info["accelerator"]
    assert facts["Version"] == info["version"]
    assert facts["Model"] == f"base ({info['model']['sha256'][:8]})"
    assert facts["Outbox"].endswith("0 lost, 0 refused")
    assert re.fullmatch(r"[\d,]+, \d+ dropped", facts["Frames"])
    stages = page.get_by_role("table", name="Milliseconds per frame")
    expect(stages.get_by_role("rowheader")).to_have_text(["Detect faces", "Classify", "Whole frame"])


def test_pause_turns_the_camera_off_and_removes_picture_and_faces(
    pausable: WebDaemon, open_page: OpenPage, camera: MjpegCamera
) -> None:
    page = open_page(pausable.url)
    expect_faces(page)
    button = page.get_by_role("button", name="Pause")
    expect(button).to_have_attribute("aria-pressed", "false")
    opened = len(camera.paths)
    button.press("Space")
    expect_overlay(page, "Paused")
    expect(page.locator("#overlay")).to_contain_text("The camera is off.")
    expect(button).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: pausable.state.get("paused") is True)
    assert painted_share(page, "#canvas") == 0
    assert boxes(page) == []
    expect(page.locator(".face")).to_have_count(0)
    assert Axe().run(page).violations_count == 0
    save_screenshot(page, "paused")
    assert len(camera.paths) == opened
    page.get_by_role("button", name="Resume").press("Enter")
    expect_faces(page)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert len(camera.paths) == opened + 1  # it released the camera and has opened it again
    wait_until(lambda: painted_share(page, "#canvas") == 1)


def test_a_pause_from_elsewhere_is_shown_and_can_be_ended_on_the_page(pausable: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(pausable.url)
    expect_faces(page)
    pausable.send_command("pause")
    expect_overlay(page, "Paused")
    page.get_by_role("button", name="Pause").click()
    expect_faces(page)


def test_the_page_reconnects_to_a_sensor_that_was_killed_and_keeps_earlier_events(
    start_daemon: StartDaemon, camera: MjpegCamera, open_page: OpenPage
) -> None:
    daemon = start_daemon(camera.url)
    page = open_page(daemon.url, expected_errors=SERVER_GONE)
    expect_faces(page)
    before = page.locator("#events pre").all_text_contents()
    daemon.kill()
    expect_overlay(page, "Connection lost")
    assert painted_share(page, "#canvas") == 0
    daemon.start()
    expect_faces(page)
    wait_until(lambda: set(daemon.payloads("event")) == set(page.locator("#events pre").all_text_contents()), 60)
    assert before
    assert set(before) <= set(daemon.payloads("event"))  # the earlier events are still listed


def test_after_a_change_of_the_token_the_page_asks_for_it_again(
    start_daemon: StartDaemon, camera: MjpegCamera, open_page: OpenPage
) -> None:
    daemon = start_daemon(camera.url, token=TOKEN)
    page = open_page(f"{daemon.url}?token={TOKEN}", expected_errors=(*SERVER_GONE, "401", "ERR_ABORTED"))
    expect_faces(page)
    assert page.url == daemon.url  # the token is not left in the address
    daemon.kill()
    daemon.start(token=f"another {TOKEN}")
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_viewer_too_many_waits_and_retries_when_the_network_is_back(porch: WebDaemon, open_page: OpenPage) -> None:
    first = open_page(porch.url)
    expect_faces(first)
    first.evaluate("() => { recorder.sockets = Array.from({ length: 20 }, () => new WebSocket('/api/live')); }")
    expect(first.locator("#facts")).to_contain_text("Viewers20")
    late = open_page(porch.url)
    expect_overlay(late, "Too many viewers")
    expect(late.locator("#overlay-detail")).to_contain_text("20 viewers are connected already")
    first.close()
    expect(late.locator("#overlay")).to_be_visible()  # it retries only every 15 seconds
    late.evaluate("dispatchEvent(new Event('online'))")
    expect_faces(late)


def test_a_missing_camera_is_shown_as_a_camera_problem(start_daemon: StartDaemon, open_page: OpenPage) -> None:
    camera = MjpegCamera()
    daemon = start_daemon(camera.url)
    page = open_page(daemon.url)
    expect(page.locator("#no-faces")).to_have_text("No face in the picture.")
    camera.stop()
    expect_overlay(page, "Camera problem")
    expect(page.locator("#overlay-detail")).to_have_text(re.compile(r"^no video from this address"))
    assert painted_share(page, "#canvas") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_accessibility_violation(porch: WebDaemon, open_page: OpenPage, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page = open_page(porch.url, width=width, height=height, color_scheme=scheme)
    expect_faces(page)
    page.locator("#events summary").first.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    save_screenshot(page, f"{size}-{scheme}")


CUT_OFF = """() => {
  const hidden = ".visually-hidden, .visually-hidden *, #boxes *";
  return [...document.querySelectorAll(`body *:not(${hidden})`)].filter((node) => {
    const { left, right, width } = node.getBoundingClientRect();
    const isInside = left >= 0 && right <= innerWidth + 0.5;
    return width && (!isInside || node.clientWidth && node.scrollWidth > node.clientWidth + 1);
  }).map((node) => node.outerHTML.slice(0, 80));
}"""


def test_on_a_phone_nothing_is_cut_off_and_buttons_are_large_enough(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url, width=360, height=740, is_mobile=True, has_touch=True, device_scale_factor=2)
    expect_faces(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(CUT_OFF) == []
    too_small = """() => [...document.querySelectorAll("button, summary, select")].filter((node) =>
      node.checkVisibility() && node.getBoundingClientRect().height < 24).length"""
    assert page.evaluate(too_small) == 0


def test_every_control_can_be_reached_by_keyboard_and_the_focus_is_visible(
    porch: WebDaemon, open_page: OpenPage
) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    focused = """() => {
      const node = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      return node === document.body ? null : [node.id || node.tagName, outlineStyle, parseFloat(outlineWidth)];
    }"""
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        if (now := page.evaluate(focused)) is None:
            break
        reached.append(now[0])
        assert now[1:] == ["solid", 3], now
    assert reached[0] == "pause"
    assert "SUMMARY" in reached


def test_a_screen_reader_finds_landmarks_and_announces_faces(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    for part in ("Picture", "Faces", "The last five minutes", "Events", "Status"):
        expect(page.get_by_role("region", name=part)).to_have_count(1)
        expect(page.get_by_role("heading", name=part, exact=True, level=2)).to_have_count(1)
    expect(page.locator("#live-region")).to_have_text(re.compile(r"Face \d+ (appeared|is now|left)"))


def test_a_hidden_page_requests_no_frames_until_it_is_visible_again(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    page.evaluate("""() => {
      Object.assign(recorder, { hidden: true, sends: 0 });
      Object.defineProperty(document, "hidden", { get: () => recorder.hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(1500)
    assert page.evaluate("recorder.sends") == 0
    page.evaluate("() => { recorder.hidden = false; document.dispatchEvent(new Event('visibilitychange')); }")
    wait_until(lambda: page.evaluate("recorder.sends") > 5)
    expect_faces(page)


def test_with_reduced_motion_nothing_is_animated(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url, reduced_motion="reduce")
    expect_faces(page)
    moving = """() => [...document.querySelectorAll("*")].filter((node) => [null, "::before"].some((part) =>
      getComputedStyle(node, part).transitionDuration !== "0s" || getComputedStyle(node, part).animationName !== "none"
    )).map((node) => node.className)"""
    assert page.evaluate(moving) == []


def test_without_the_token_the_page_asks_for_it(
    start_daemon: StartDaemon, camera: MjpegCamera, open_page: OpenPage
) -> None:
    daemon = start_daemon(camera.url, token=TOKEN)
    page = open_page(daemon.url, expected_errors=("401 (Unauthorized)",))
    assert Axe().run(page).violations_count == 0
    save_screenshot(page, "login")
    page.get_by_label("Token").fill("a wrong one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    assert Axe().run(page).violations_count == 0
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Token").press("Enter")
    expect_faces(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()


CLASS_NAMES = (
    "<b onclick=alert(1)>",
    "__proto__",
    "very very very very long a name",
    "喜び",
    "happy",
    "not happy",
    "a'\"&",
)


def test_class_names_are_shown_literally_whatever_they_contain(
    start_daemon: StartDaemon, camera: MjpegCamera, open_page: OpenPage, tmp_path: Path
) -> None:
    shipped = read_model(DEFAULT_MODEL)
    write_model(tmp_path / "odd.tflite", shipped.graph, CLASS_NAMES, {"name": "odd"})
    daemon = start_daemon(camera.url, "--model", tmp_path / "odd.tflite")
    page = open_page(daemon.url, width=360, height=740)
    expect_faces(page)
    assert page.get_by_role("rowheader").all_text_contents()[: len(CLASS_NAMES)] == list(CLASS_NAMES)
    assert page.locator(".face").first.locator(".label").all_text_contents() == list(CLASS_NAMES)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


CONTRASTS = """async () => {
  const { colour } = await import("/colours.js");
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const probe = document.querySelector(".card").appendChild(document.createElement("i"));
  const luminance = (css) => {
    probe.style.color = css;
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const card = luminance("var(--card)");
  const all = Array.from({ length: 30 }, (_, index) => luminance(colour(index)));
  return all.map((one) => Math.max(one, card) / Math.min(one, card));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colour_of_every_class_has_enough_contrast(porch: WebDaemon, open_page: OpenPage, scheme: str) -> None:
    """WCAG 2.2, 1.4.11: the contrast of a graphical object must be at least 3."""
    contrasts = open_page(porch.url, color_scheme=scheme).evaluate(CONTRASTS)
    assert [(index, ratio) for index, ratio in enumerate(contrasts) if ratio < 3] == []


def test_the_page_is_small_and_loads_nothing_from_other_hosts() -> None:
    files = [path for path in PAGE.iterdir() if path.is_file()]
    on_demand = {PAGE / name for name in ("history.js", "zone_editor.js", "zone_layer.js", "zone_shapes.js")}
    assert sum(path.stat().st_size for path in files if path not in on_demand) < 100_000
    assert sum(path.stat().st_size for path in on_demand) < 35_000
    for path in set(files) - on_demand:
        assert not re.search(rf"from \"./({'|'.join(module.name for module in on_demand)})\"", path.read_text()), path
    for path in files:
        assert not re.search(r"https?://(?!www\.w3\.org)\w|innerHTML|style=\"|\son\w+=\"", path.read_text()), path
