"""The live page with a browser's webcam as the camera, and an embedded broker. Run by `make demo-web`."""

from __future__ import annotations

import socket
import sys
import threading
import time

from tests.demo import free_port, print_summary, run_demo

PREFERRED_PORT = 8080


def page_port() -> int:
    """The preferred port if it is free, else any free port."""
    try:
        socket.create_server(("127.0.0.1", PREFERRED_PORT)).close()
    except OSError:
        return free_port()
    return PREFERRED_PORT


def print_address(port: int) -> None:
    """Print the address of the page as soon as it is served."""
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
    print(
        f"open http://127.0.0.1:{port}/ in a browser on this machine and allow the webcam; Ctrl-C stops the demo\n"
        f"(from another machine, first run there: ssh -L {port}:127.0.0.1:{port} HOST)\n",
        flush=True,
    )


def main() -> int:
    """Serve the page until a signal; returns 0 if every event arrived and the device went offline cleanly."""
    port, page = free_port(), page_port()
    print(f"broker on mqtt://127.0.0.1:{port}, subscriber of fer/#, browser as camera:\n", flush=True)
    threading.Thread(target=print_address, args=(page,), daemon=True).start()
    code, messages = run_demo("--camera", "browser", "--web", str(page), port=port)
    _, complete = print_summary(messages)
    return code or int(not complete)


if __name__ == "__main__":
    sys.exit(main())
