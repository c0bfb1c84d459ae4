"""The live page in a real browser: what a viewer sees of a sensor with a camera of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.edge.web.conftest import Start, Visit
from tests.support import WALK, Mosquitto, wait_until
from tests.support.mjpeg import MjpegCamera
from tests.support.page_view import boxes, coloured, expect_faces, expect_veil, keep
from tests.support.web_daemon import Daemon, overlap, printed

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.inference.model_file import read_model, write_model

PAGE = Path(__file__).parents[3] / "edge" / "fer_edge" / "web" / "static"
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
TOKEN = "correct horse"  # noqa: S105  of this test alone
AWAY = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")  # what a browser says of a server that is not there


@pytest.fixture
def going(porch: Daemon) -> Iterator[Daemon]:
    """The sensor, which goes on after the test whatever the test did."""
    yield porch
    porch.send("resume", "")
    wait_until(lambda: porch.state.get("paused") is False)


def test_the_faces_are_boxed_where_they_are_and_named(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    expect_faces(page)
    known = [event for event in printed(WALK) if event["type"] == "end"]
    for event in known:  # where each face of the clip is when it ends, and what it is said to show
        wait_until(lambda event=event: any(overlap(box, event["box"]) > 0.5 for _, box in boxes(page)), 60)
    wait_until(lambda: {emotion for emotion, _ in boxes(page)} <= {event["emotion"] for event in printed(WALK)}, 60)
    assert coloured(page, "#canvas") == 1
    expect(page.locator("#pulse")).to_have_text(re.compile(r"Live, \d+(\.\d)? fps"))
    expect(page).to_have_title(f"{porch.device} - fer-edge")
    keep(page, "desktop-light")


def test_a_card_says_of_each_face_how_probable_each_emotion_is(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    expect_faces(page)
    card = page.get_by_role("group", name="Faces").get_by_role("listitem").filter(has=page.get_by_role("heading")).first
    expect(card.get_by_role("heading")).to_have_text(re.compile(r"Face \d+ \w+ \d+ %"))
    labels = list(printed(WALK)[0]["scores"])
    assert [meter.get_attribute("aria-label") for meter in card.get_by_role("meter").all()] == labels
    shares = [int(meter.get_attribute("aria-valuenow") or "") for meter in card.get_by_role("meter").all()]
    assert sum(shares) == pytest.approx(100, abs=8)  # each is rounded, and they were read one after the other


def test_the_time_line_marks_what_the_faces_showed(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    expect_faces(page)
    said = {event["emotion"] for event in porch.said("event")}
    never = set(printed(WALK)[0]["scores"]) - said - {emotion for emotion, _ in boxes(page)}
    lanes = {
        name: page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name)) for name in said | never
    }
    wait_until(lambda: any(coloured(page, f"#lanes tr:has-text('{name}') canvas") > 0 for name in said))
    painted = [lanes[name] for name in said if coloured(page, f"#lanes tr:has-text('{name}') canvas") > 0]
    for lane in painted:
        expect(lane.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"for .* in all, last .* ago"))
    for name in never - {emotion for emotion, _ in boxes(page)}:
        expect(lanes[name].get_by_role("img")).to_have_attribute("aria-label", "not seen")


def test_the_log_holds_the_events_as_a_subscriber_gets_them(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    wait_until(lambda: len(porch.texts("event")) > 1, 60)

    def shown() -> list[str]:
        return page.locator("#events pre").all_text_contents()

    wait_until(lambda: shown() == list(reversed(porch.texts("event")))[:100], 60)
    page.locator("#events summary").first.press("Enter")
    opened = page.locator("#events details[open]")  # which may not be the first any more
    expect(opened.locator("pre")).to_be_visible()
    event = json.loads(opened.locator("pre").text_content() or "")
    expect(opened.locator("summary")).to_contain_text(f"face {event['track']}")


def test_the_status_tells_how_the_sensor_fares(porch: Daemon, visit: Visit, broker: Mosquitto) -> None:
    page = visit(porch.url)
    expect_faces(page)
    facts = dict(zip(page.locator("dt").all_text_contents(), page.locator("dd").all_text_contents(), strict=True))
    info = porch.said("info")[-1]
    assert facts["Broker"] == f"connected to {broker.url}"
    assert facts["Accelerator"] == info["accelerator"]
    assert facts["Version"] == info["version"]
    assert facts["Model"] == f"base ({info['model']['sha256'][:8]})"
    assert facts["Outbox"].endswith("0 lost, 0 refused")
    assert re.fullmatch(r"[\d,]+, \d+ dropped", facts["Frames"])
    stages = page.get_by_role("table", name="Milliseconds a frame")
    expect(stages.get_by_role("rowheader")).to_have_text(["Find faces", "Classify", "All of a frame"])


def test_pause_turns_the_camera_off_and_shows_nothing_of_before(
    going: Daemon, visit: Visit, camera: MjpegCamera
) -> None:
    page = visit(going.url)
    expect_faces(page)
    button = page.get_by_role("button", name="Pause")
    expect(button).to_have_attribute("aria-pressed", "false")
    opened = len(camera.paths)
    button.press("Space")
    expect_veil(page, "Paused")
    expect(page.locator("#veil")).to_contain_text("The camera is off.")
    expect(button).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: going.state.get("paused") is True)
    assert coloured(page, "#canvas") == 0
    assert boxes(page) == []
    expect(page.locator(".face")).to_have_count(0)
    assert Axe().run(page).violations_count == 0
    keep(page, "paused")
    assert len(camera.paths) == opened
    page.get_by_role("button", name="Resume").press("Enter")
    expect_faces(page)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert len(camera.paths) == opened + 1  # it had let go of the camera, and has opened it again
    wait_until(lambda: coloured(page, "#canvas") == 1)


def test_a_pause_of_somebody_else_is_shown_and_can_be_ended_here(going: Daemon, visit: Visit) -> None:
    page = visit(going.url)
    expect_faces(page)
    going.send("pause", "")
    expect_veil(page, "Paused")
    page.get_by_role("button", name="Pause").click()
    expect_faces(page)


def test_the_page_comes_back_with_a_sensor_that_was_killed(start: Start, camera: MjpegCamera, visit: Visit) -> None:
    daemon = start(camera.url)
    page = visit(daemon.url, due=AWAY)
    expect_faces(page)
    before = page.locator("#events pre").all_text_contents()
    daemon.kill()
    expect_veil(page, "Connection lost")
    assert coloured(page, "#canvas") == 0
    daemon.start()
    expect_faces(page)
    wait_until(lambda: set(daemon.texts("event")) == set(page.locator("#events pre").all_text_contents()), 60)
    assert before
    assert set(before) <= set(daemon.texts("event"))  # what happened before is still there


def test_who_logged_in_by_an_older_token_logs_in_again(start: Start, camera: MjpegCamera, visit: Visit) -> None:
    daemon = start(camera.url, token=TOKEN)
    page = visit(f"{daemon.url}?token={TOKEN}", due=(*AWAY, "401", "ERR_ABORTED"))
    expect_faces(page)
    assert page.url == daemon.url  # the token is not left in the address
    daemon.kill()
    daemon.start(token=f"another {TOKEN}")
    expect(page.get_by_label("Token")).to_be_visible()


def test_where_too_many_look_on_one_waits(porch: Daemon, visit: Visit) -> None:
    crowd = visit(porch.url)
    expect_faces(crowd)
    crowd.evaluate("() => { witness.crowd = Array.from({ length: 20 }, () => new WebSocket('/api/live')); }")
    expect(crowd.locator("#facts")).to_contain_text("Watching20")
    late = visit(porch.url)
    expect_veil(late, "No place left")
    expect(late.locator("#veil-detail")).to_contain_text("20 are looking on already")
    crowd.close()
    expect(late.locator("#veil")).to_be_visible()  # it tries again only now and then
    late.evaluate("dispatchEvent(new Event('online'))")
    expect_faces(late)


def test_a_camera_that_is_away_is_told(start: Start, visit: Visit) -> None:
    camera = MjpegCamera()
    daemon = start(camera.url)
    page = visit(daemon.url)
    expect(page.locator("#no-faces")).to_have_text("No face in the picture.")
    camera.stop()
    expect_veil(page, "Camera trouble")
    expect(page.locator("#veil-detail")).to_have_text("no video from this address")
    assert coloured(page, "#canvas") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_barrier(porch: Daemon, visit: Visit, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page = visit(porch.url, width=width, height=height, color_scheme=scheme)
    expect_faces(page)
    page.locator("#events summary").first.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    keep(page, f"{size}-{scheme}")


def test_nothing_is_cut_on_a_phone(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url, width=360, height=740, is_mobile=True, has_touch=True, device_scale_factor=2)
    expect_faces(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    beyond = """() => [...document.querySelectorAll("body *:not(.unseen, .unseen *, #boxes *)")].filter((node) => {
      const { left, right, width } = node.getBoundingClientRect();
      const inside = left >= 0 && right <= innerWidth + 0.5;
      return width && (!inside || node.clientWidth && node.scrollWidth > node.clientWidth + 1);
    }).map((node) => node.outerHTML.slice(0, 80))"""
    assert page.evaluate(beyond) == []
    small = """() => [...document.querySelectorAll("button, summary, select")].filter((node) =>
      node.checkVisibility() && node.getBoundingClientRect().height < 24).length"""
    assert page.evaluate(small) == 0


def test_all_that_can_be_done_can_be_done_by_keyboard_and_the_focus_is_seen(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
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


def test_a_screen_reader_is_told_who_comes_and_what_changes(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    expect_faces(page)
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    for part in ("Picture", "Faces", "The last five minutes", "Events", "Status"):
        expect(page.get_by_role("region", name=part)).to_have_count(1)
        expect(page.get_by_role("heading", name=part, exact=True, level=2)).to_have_count(1)
    expect(page.locator("#news")).to_have_text(re.compile(r"Face \d+(:| came| left)"))


def test_a_hidden_page_asks_for_no_frame_and_a_seen_one_for_all(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url)
    expect_faces(page)
    page.evaluate("""() => {
      Object.assign(witness, { hidden: true, sends: 0 });
      Object.defineProperty(document, "hidden", { get: () => witness.hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(1500)
    assert page.evaluate("witness.sends") == 0
    page.evaluate("() => { witness.hidden = false; document.dispatchEvent(new Event('visibilitychange')); }")
    wait_until(lambda: page.evaluate("witness.sends") > 5)
    expect_faces(page)


def test_reduced_motion_leaves_nothing_moving_by_itself(porch: Daemon, visit: Visit) -> None:
    page = visit(porch.url, reduced_motion="reduce")
    expect_faces(page)
    moving = """() => [...document.querySelectorAll("*")].filter((node) => [null, "::before"].some((part) =>
      getComputedStyle(node, part).transitionDuration !== "0s" || getComputedStyle(node, part).animationName !== "none"
    )).map((node) => node.className)"""
    assert page.evaluate(moving) == []


def test_who_has_no_token_logs_in(start: Start, camera: MjpegCamera, visit: Visit) -> None:
    daemon = start(camera.url, token=TOKEN)
    page = visit(daemon.url, due=("401 (Unauthorized)",))
    assert Axe().run(page).violations_count == 0
    keep(page, "login")
    page.get_by_label("Token").fill("a wrong one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    assert Axe().run(page).violations_count == 0
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Token").press("Enter")
    expect_faces(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()


ODD = ("<b onclick=alert(1)>", "__proto__", "very very very very long a name", "喜び", "happy", "not happy", "a'\"&")


def test_classes_of_any_name_are_shown_by_their_name(
    start: Start, camera: MjpegCamera, visit: Visit, tmp_path: Path
) -> None:
    shipped = read_model(DEFAULT_MODEL)
    write_model(tmp_path / "odd.tflite", shipped.graph, ODD, {"name": "odd"})
    daemon = start(camera.url, "--model", tmp_path / "odd.tflite")
    page = visit(daemon.url, width=360, height=740)
    expect_faces(page)
    assert page.get_by_role("rowheader").all_text_contents()[: len(ODD)] == list(ODD)
    assert page.locator(".face").first.locator(".label").all_text_contents() == list(ODD)
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
def test_the_colour_of_every_class_stands_out(porch: Daemon, visit: Visit, scheme: str) -> None:
    """By WCAG 2.2, 1.4.11: a graphical object has a contrast of 3 at least."""
    contrasts = visit(porch.url, color_scheme=scheme).evaluate(CONTRASTS)
    assert [(index, ratio) for index, ratio in enumerate(contrasts) if ratio < 3] == []


def test_the_page_is_small_and_needs_nothing_from_elsewhere() -> None:
    files = [path for path in PAGE.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 100_000
    for path in files:
        assert not re.search(r"https?://(?!www\.w3\.org)\w|innerHTML|style=\"|\son\w+=\"", path.read_text()), path
