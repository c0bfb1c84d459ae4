"""A camera over HTTP whose response the test writes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REALM, NONCE = "camera", "0123456789"
USER, PASSWORD = "us er", "se:cret/@?"
CREDENTIALS = "us%20er:se%3Acret%2F%40%3F"

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def http_camera(respond: Respond) -> Iterator[str]:
    """Serve what `respond` writes as the response to each request, and yield the address without credentials."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                respond(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/capture"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def send(handler: BaseHTTPRequestHandler, content: bytes, kind: str = "image/jpeg") -> None:
    """Send a body of a known length."""
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def demand_digest(handler: BaseHTTPRequestHandler) -> bool:
    """Whether the request has the right credentials as RFC 2617 has it; if not, ask for them."""
    header = handler.headers.get("Authorization", "")
    fields = dict(field.replace('"', "").split("=", 1) for field in header.partition(" ")[2].split(", ") if field)
    secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()  # noqa: S324 - the protocol
    request = hashlib.md5(f"GET:{handler.path}".encode()).hexdigest()  # noqa: S324
    counted = f"{fields.get('nc')}:{fields.get('cnonce')}:{fields.get('qop')}"
    expected = hashlib.md5(f"{secret}:{NONCE}:{counted}:{request}".encode()).hexdigest()  # noqa: S324
    if header.startswith("Digest ") and fields.get("response") == expected:
        return True
    handler.send_response(401)
    handler.send_header("WWW-Authenticate", f'Digest realm="{REALM}", qop="auth", nonce="{NONCE}", algorithm=MD5')
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return False
