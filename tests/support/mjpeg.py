"""A network camera that sends JPEGs over HTTP, as cheap ones do."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOP_TIMEOUT = 10.0  # seconds


def jpeg(number: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """Encode a picture of noise with a bright bar that moves from one number to the next."""
    import cv2  # the rest of this module must work where only the standard library is installed
    import numpy as np

    noise = np.random.default_rng(number).integers(60, 160, (size[1], size[0]), np.uint8)
    noise[:, 8 * (number % 40) : 8 * (number % 40) + 8] = 250
    return bytes(cv2.imencode(".jpg", noise)[1])


class MjpegCamera:
    """Serves a multipart stream of JPEGs on the loopback interface until it is stopped.

    Attributes:
        picture: Makes the n-th JPEG of a stream.
        fps: JPEGs per second.
        login: USER:PASSWORD that it asks for; none if empty.
        paths: The path of each request.
        url: The address, with a user name, a password and a query.
    """

    def __init__(self, port: int = 0, picture: Callable[[int], bytes] = jpeg, fps: float = 25.0) -> None:
        self.picture, self.fps, self.paths = picture, fps, list[str]()
        self.running, self.login = True, ""
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.paths.append(self.path)
                login = base64.b64encode(camera.login.encode()).decode()
                if camera.login and self.headers["Authorization"] != f"Basic {login}":
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for number in itertools.takewhile(lambda _: camera.running, itertools.count()):
                    content = camera.picture(number)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + content + b"\r\n")
                    except OSError:
                        return
                    time.sleep(1 / camera.fps)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://user:secret@127.0.0.1:{self.port}/video?token=secret"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the streams and close the port."""
        self.running = False
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(STOP_TIMEOUT)
