"""What `make demo` and `make demo-web` run, without the installation."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import cv2
import pytest
from tests.support.media import HEAD, MEDIA
from tests.support.waiting import wait_until
from tests.support.web_daemon import run_async

from fer_edge.cameras.files import VideoFile

ROOT = MEDIA.parent.parent


def test_the_demo_prints_what_a_subscriber_receives() -> None:
    demo = MEDIA.parent / "demo.py"
    done = subprocess.run([sys.executable, str(demo)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "fer/demo/status  online" in lines
    assert "fer/demo/status  offline" in lines
    assert any("fer/demo/event" in line and "start" in line for line in lines)
    assert any("fer/demo/event" in line and "end" in line for line in lines)
    assert "none missing; device offline at the end" in lines[-1]
    assert "Traceback" not in done.stderr


async def send_clip(address: str, clip: Path) -> None:
    """Send a clip like a browser does: 25 pictures a second, at most two of them unanswered."""
    jpegs = [cv2.imencode(".jpg", frame.grey)[1].tobytes() for frame in VideoFile(clip)]
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}api/camera") as socket:
        for number, jpeg in enumerate(jpegs):
            await socket.send_bytes(jpeg)
            await asyncio.sleep(1 / 25)
            if number:
                assert await socket.receive_json(timeout=10) == {"type": "next"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_web_demo_takes_pictures_of_a_browser_and_ends_cleanly_on_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        demo = subprocess.Popen([sys.executable, "-m", "tests.demo_web"], cwd=ROOT, stdout=stdout, stderr=stderr)
    try:
        found = wait_until(lambda: re.search(r"open (http://127\.0\.0\.1:\d+/)", out.read_text()), 60)
        run_async(send_clip(found[1], HEAD))
        wait_until(lambda: re.search(r"fer/demo/event  \S+  face 1  start", out.read_text()))
        demo.send_signal(number)
        assert demo.wait(30) == 0, out.read_text() + err.read_text()
    finally:
        demo.kill()
    assert re.search(r"fer/demo/event  \S+  face 1  end", out.read_text())
    assert "none missing; device offline at the end" in out.read_text().splitlines()[-1]
    assert "Traceback" not in err.read_text()
