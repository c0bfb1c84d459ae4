"""The live page with the webcam of a browser, and a broker inside: no Pi at all. Run by `make demo-web`."""

from __future__ import annotations

import socket
import sys
import threading
import time

from tests.demo import free_port, run_line, sum_up

PORT = 8080  # if nobody has it


def page_port() -> int:
    """The usual port, or one that is free."""
    try:
        socket.create_server(("127.0.0.1", PORT)).close()
    except OSError:
        return free_port()
    return PORT


def invite(port: int) -> None:
    """Say where the page is as soon as it is there."""
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
    print(
        f"open http://127.0.0.1:{port}/ in a browser on this machine, and let it use the webcam; Ctrl-C ends\n"
        f"(in one on another machine: there, first, ssh -L {port}:127.0.0.1:{port} HOST)\n",
        flush=True,
    )


def main() -> int:
    """Show the page until a signal comes; 0 when every event arrived and the device went offline in good order."""
    port, page = free_port(), page_port()
    print(f"a broker on mqtt://127.0.0.1:{port}, a subscriber of fer/#, and a browser as camera:\n", flush=True)
    threading.Thread(target=invite, args=(page,), daemon=True).start()
    code, messages = run_line("--camera", "browser", "--web", str(page), port=port)
    _, well = sum_up(messages)
    return code or int(not well)


if __name__ == "__main__":
    sys.exit(main())
