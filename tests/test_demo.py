"""`make demo`, without the making."""

from __future__ import annotations

import subprocess
import sys

from tests.support import MEDIA


def test_the_demonstration_shows_what_a_subscriber_received() -> None:
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
