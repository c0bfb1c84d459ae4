"""What an app of Home Assistant asks the Supervisor for."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "of the Supervisor"  # noqa: S105  of a test


class Supervisor:
    """Answers `/services/mqtt` as the Supervisor does: with the broker, or with status 400 if no app offers one.

    Attributes:
        url: Its address.
        broker: What it answers; None for no broker.
        body: What it answers in place of JSON with the broker.
        status: Of the HTTP response without a broker.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.broker: dict[str, Any] | None = None
        self.body, self.status = "", 400
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.path == "/services/mqtt" and self.headers["Authorization"] == f"Bearer {TOKEN}"
                if known and owner.broker:
                    self._send(200, owner.body or json.dumps({"result": "ok", "data": owner.broker}))
                else:
                    self._send(owner.status, '{"result": "error", "message": "Service not enabled"}')

            def _send(self, status: int, body: str) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
