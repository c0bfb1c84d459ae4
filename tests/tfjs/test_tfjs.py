"""Export to TensorFlow.js, and the example in the browser. `make test-tfjs` installs what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.support.browser import ALLOW_CAMERA, CHROMIUM, FLAGS, TIMEOUT, open_page
from tests.support.processes import run
from tests.support.synthetic_faces import striped_faces

from fer_convert.export.tfjs import RUNTIME
from fer_data.classifiers import open_classifier

ENVIRONMENT = Path(os.environ.get("FER_EDGE_TFJS", "")).absolute()
NODE_MODULES = ENVIRONMENT / "node_modules"
EXAMPLE = Path(__file__).parents[2] / "convert" / "examples" / "browser" / "index.html"
FACES = striped_faces(14, seed=5)

pytestmark = [
    pytest.mark.skipif("FER_EDGE_TFJS" not in os.environ, reason="NOT TESTED: run make test-tfjs"),
    pytest.mark.timeout(900),  # seconds; the converter imports two more frameworks
]


@pytest.fixture(scope="module")
def site(trained: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the example, as convert/README.md describes it."""
    site = tmp_path_factory.mktemp("site")
    environment = {"PATH": f"{ENVIRONMENT / 'bin'}:{os.environ['PATH']}", "NODE_PATH": str(NODE_MODULES)}
    flags = ["--format", "tfjs", "--data", data, "--out", site / "model"]
    done = run("fer_convert", "export", trained, *flags, env=environment)
    assert done.code == 0, done.err
    assert done.out.startswith("100 faces: same class for 100.0%")
    shutil.copy(EXAMPLE, site)
    shutil.copy(NODE_MODULES / RUNTIME / "dist" / "tf.min.js", site)
    return site


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    """The example in a Chromium whose camera films the first face."""
    clip = site / "face.y4m"
    cv2.imwrite(str(site / "face.png"), FACES.pixels[0])
    scale = ["-vf", "scale=640:640,pad=960:640:160:0", "-pix_fmt", "yuv420p", "-frames:v", "5"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-loop", "1", "-i", site / "face.png", *scale, clip], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    camera = [ALLOW_CAMERA, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *camera])
        page, errors = open_page(browser.new_context(), f"http://127.0.0.1:{server.server_port}/", ["WebGL"])
        yield page
        browser.close()
    server.shutdown()
    server.server_close()
    assert errors.found == []


def show_picture(page: Page, path: Path) -> None:
    """Choose a picture, and wait for its result or for the error."""
    status = page.get_by_role("status")
    status.evaluate("status => { status.textContent = ''; }")
    page.set_input_files("#picture", path)
    expect(status).not_to_have_text("", timeout=TIMEOUT)


def test_the_page_classifies_pictures_and_the_webcam_as_the_model_does(page: Page, site: Path, trained: Path) -> None:
    classifier = open_classifier(trained)
    status = page.get_by_role("status")
    for number, (face, scores) in enumerate(zip(FACES.pixels, classifier.classify(FACES.pixels), strict=True)):
        picture = site / f"{number}.png"
        cv2.imwrite(str(picture), face)
        show_picture(page, picture)
        shares = [f"{100 * score:.0f} %" for score in scores]
        expect(status).to_have_text(f"{classifier.labels[scores.argmax()]} {shares[scores.argmax()]}")
        assert page.locator("#scores td:last-child").all_text_contents() == shares
    assert page.locator("#scores th").all_text_contents() == list(classifier.labels)
    status.evaluate("status => { status.textContent = ''; }")
    page.get_by_role("button", name="Webcam").click()
    expect(status).to_contain_text(FACES.classes[FACES.labels[0]], timeout=TIMEOUT)
    page.screenshot(path=os.environ.get("FER_EDGE_SCREENSHOT") or site / "page.png", full_page=True)


@pytest.mark.parametrize(("width", "height"), [(960, 640), (640, 960), (640, 640)])
def test_only_the_square_that_is_classified_is_not_darkened(page: Page, site: Path, width: int, height: int) -> None:
    picture = np.full((height, width), 200, np.uint8)
    cv2.imwrite(str(site / "grey.png"), picture)
    show_picture(page, site / "grey.png")
    sides = page.locator("#view").evaluate("view => [view.width, view.height]")
    assert sides == [480 * side // max(width, height) for side in (width, height)]
    shades = page.locator("#view").evaluate("""view => {
      const { data, width, height } = view.getContext("2d").getImageData(0, 0, view.width, view.height);
      const shade = (x, y) => data[4 * (Math.floor(y * height) * width + Math.floor(x * width))];
      return [shade(0.5, 0.5), shade(0.05, 0.5), shade(0.5, 0.05)];
    }""")
    assert shades == [200, 80 if width > height else 200, 80 if height > width else 200]


def test_a_file_that_cannot_be_decoded_clears_the_last_picture_and_its_result(page: Page, site: Path) -> None:
    (site / "notes.png").write_text("no picture")
    show_picture(page, site / "face.png")
    expect(page.get_by_role("status")).to_contain_text(" %")
    show_picture(page, site / "notes.png")
    expect(page.get_by_role("status")).to_have_text("notes.png: not a picture that this browser can decode")
    assert set(page.locator("#scores td:last-child").all_text_contents()) == {""}
    assert set(page.locator("meter").evaluate_all("meters => meters.map((meter) => meter.value)")) == {0}
    view = page.locator("#view")
    data = "view.getContext('2d').getImageData(0, 0, view.width, view.height).data"
    assert not view.evaluate(f"view => {data}.some(Boolean)"), "transparent"
