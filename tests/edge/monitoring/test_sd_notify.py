"""Notifications as they arrive at systemd's socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.notify_socket import NotifySocket

from fer_edge.monitoring.sd_notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def test_without_systemd_nothing_is_sent() -> None:
    notifier = Notifier(None)
    notifier.notify(ready=1)
    assert not notifier


def test_a_message_is_a_line_for_each_field(tmp_path: Path, systemd: NotifySocket) -> None:
    notifier = Notifier(str(tmp_path / "notify"))
    notifier.notify(ready=1, status="two\nlines")
    assert notifier
    assert systemd.received() == ["READY=1\nSTATUS=two lines"]


def test_an_address_may_be_a_name_in_the_abstract_namespace() -> None:
    name = f"fer-edge-test-{os.getpid()}"
    systemd = NotifySocket(f"\0{name}")
    Notifier(f"@{name}").notify(stopping=1)
    assert systemd.received() == ["STOPPING=1"]
    systemd.socket.close()


def test_a_systemd_that_is_gone_or_does_not_read_blocks_nothing(tmp_path: Path, systemd: NotifySocket) -> None:
    Notifier(str(tmp_path / "nobody")).notify(ready=1)
    capacity = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 1
    for _ in range(capacity + 1):
        Notifier(str(tmp_path / "notify")).notify(watchdog=1)
    assert len(systemd.received()) == capacity


def test_without_a_file_descriptor_left_a_message_is_dropped(systemd: NotifySocket, tmp_path: Path) -> None:
    lines = [
        "import resource, sys",
        "from fer_edge.monitoring.sd_notify import Notifier",
        "notifier, (soft, hard) = Notifier(sys.argv[1]), resource.getrlimit(resource.RLIMIT_NOFILE)",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))",
        "notifier.notify(status='dropped')",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))",
        "notifier.notify(status='sent')",
    ]
    script = [sys.executable, "-c", "\n".join(lines), tmp_path / "notify"]
    subprocess.run(script, check=True, timeout=60)
    assert systemd.received() == ["STATUS=sent"]


def test_a_reload_has_the_time_when_it_began(tmp_path: Path, systemd: NotifySocket) -> None:
    Notifier(str(tmp_path / "notify"), FakeClock(12.5)).notify_reloading()
    assert systemd.received() == ["RELOADING=1\nMONOTONIC_USEC=12500000"]
