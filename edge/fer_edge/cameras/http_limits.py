"""Limits the time that a camera may take for a response over HTTP, however it spreads its bytes.

The timeout of a socket is for one call, so a camera that sends a byte now and then would never reach it.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPConnection, HTTPSConnection
from typing import IO, Any, NoReturn


class TimeLimit:
    """A time until which bytes may be received from a camera."""

    def __init__(self) -> None:
        self._deadline = 0.0

    def restart(self, seconds: float) -> None:
        """Allow this many seconds from now on."""
        self._deadline = time.monotonic() + seconds

    def check(self) -> None:
        """Raise TimeLimitError if the time is over."""
        if time.monotonic() > self._deadline:
            raise TimeLimitError("no complete response in time")


class TimeLimitError(TimeoutError):
    """A camera takes too long for a response or a picture."""


class _LimitedReader(io.RawIOBase):
    """Reads from a socket within a time limit."""

    def __init__(self, raw: io.RawIOBase, limit: TimeLimit) -> None:
        self._raw, self._limit = raw, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._limit.check()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    """A response that is read within a time limit, its head included."""

    def __init__(self, sock: socket.socket, *arguments: Any, limit: TimeLimit, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_LimitedReader(self.fp.detach(), limit))


class HttpHandler(urllib.request.HTTPHandler):
    """Opens http:// addresses, with a time limit."""

    def __init__(self, limit: TimeLimit) -> None:
        super().__init__()
        self._limit = limit

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by urllib."""
        return self.do_open(_connect(HTTPConnection, self._limit), req)


class HttpsHandler(urllib.request.HTTPSHandler):
    """Opens https:// addresses, with a time limit."""

    def __init__(self, limit: TimeLimit, context: ssl.SSLContext) -> None:
        super().__init__()
        self._limit, self._tls = limit, context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by urllib."""
        return self.do_open(_connect(HTTPSConnection, self._limit), req, context=self._tls)


def _connect(kind: type[HTTPConnection], limit: TimeLimit) -> Any:
    """A function that makes a connection of a kind with a time limit."""

    def connect(host: str, **options: Any) -> HTTPConnection:
        connection = kind(host, **options)
        connection.response_class = functools.partial(_LimitedResponse, limit=limit)  # type: ignore[assignment]
        return connection

    return connect


class RedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows redirects without reading their bodies, which urllib would do to the end, however long they are."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Called by urllib."""
        fp.close()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class NoFtpHandler(urllib.request.FTPHandler):
    """Refuses a redirect to FTP: a response of FTP has no length and no limits of time."""

    def ftp_open(self, req: urllib.request.Request) -> NoReturn:
        """Called by urllib."""
        raise urllib.error.URLError("it redirects to FTP")
