"""Requests to a camera over HTTP, and its responses, read within limits of time and size."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from urllib.parse import quote, unquote, urlunsplit

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import CHECK_ADDRESS, CHECK_CABLE
from fer_edge.cameras.http_limits import (
    HttpHandler,
    HttpsHandler,
    NoFtpHandler,
    RedirectHandler,
    TimeLimit,
    TimeLimitError,
)
from fer_edge.config.addresses import Address, in_url

READ_TIMEOUT = 3.0  # seconds without a byte
HEAD_TIMEOUT = 6.0  # seconds from a request to the end of the head of its response, redirects included
PICTURE_TIMEOUT = 10.0  # seconds for all of a picture
MAX_PICTURE_SIZE = 1 << 25  # bytes

_RESERVED = "%/:=&?~#+!$,;'@()*[]"  # what `quote` must leave alone in a path that may be encoded already


class HttpClient:
    """Requests one address, with the user and password in it (Basic or Digest).

    Attributes:
        limit: For the responses; `get` restarts it.
    """

    def __init__(self, address: Address, *, timeout: float = READ_TIMEOUT, head_timeout: float = HEAD_TIMEOUT) -> None:
        """`timeout` is in seconds without a byte, `head_timeout` in seconds for the head of a response."""
        host = in_url(address.host) + (f":{address.port}" if address.port else "")
        path, query = (quote(part, _RESERVED) for part in (address.path, address.query))
        self._url = urlunsplit((address.scheme, host, path, query, ""))
        self._timeout, self._head_timeout = timeout, head_timeout
        self.limit = TimeLimit()
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if address.user is not None:
            passwords.add_password(None, self._url, unquote(address.user), unquote(address.password or ""))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg: cameras sign their own
        self._opener = urllib.request.build_opener(
            HttpHandler(self.limit),
            HttpsHandler(self.limit, context),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
            RedirectHandler(),
            NoFtpHandler(),
        )
        self._opener.addheaders = [("User-Agent", "fer-edge")]

    def get(self) -> http.client.HTTPResponse | None:
        """Send a request. None for a response that is not HTTP as the standard has it.

        Raises:
            CameraError: There is no response, or it reports an error. Its message never contains the address.
        """
        self.limit.restart(self._head_timeout)
        try:
            response: http.client.HTTPResponse = self._opener.open(self._url, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            error.close()
            raise _no_video(f"HTTP {error.code}") from None
        except (OSError, ValueError, IndexError) as error:  # URLError; IndexError: "nonce=" without a value
            reason = getattr(error, "reason", error)
            known = isinstance(error, OSError)  # another error might repeat the address
            raise _no_video(str(getattr(reason, "strerror", None) or reason) if known else "not a response") from None
        except http.client.HTTPException:
            return None
        return response


def _no_video(reason: str) -> CameraError:
    return CameraError(f"no video from this address ({reason})", cure=CHECK_ADDRESS)


class BodyReader:
    """Reads pictures from the body of a response.

    Every method raises CameraError when the camera sends nothing, no end, or too much.
    """

    def __init__(
        self, response: http.client.HTTPResponse, limit: TimeLimit, *, timeout: float = PICTURE_TIMEOUT
    ) -> None:
        """`limit` is that of the client, which is restarted with `timeout`, in seconds, for each picture."""
        self._response, self._limit, self._timeout = response, limit, timeout
        self._received = bytearray()

    def read_all(self) -> bytes:
        """The whole body: a single picture."""
        self._limit.restart(self._timeout)
        while self._fill():
            pass
        return bytes(self._received)

    def read_part(self, boundary: bytes) -> bytes:
        """The content of the next part of a multipart body (RFC 2046), where `boundary` separates two parts."""
        self._limit.restart(self._timeout)
        head = b""
        while not head.strip():
            head = self._take_until(re.compile(rb"\r?\n\r?\n"))
        if length := re.search(rb"content-length:\s*(\d{1,9})\s*$", head, re.IGNORECASE | re.MULTILINE):
            return self._take(int(length[1]))
        return self._take_until(re.compile(rb"\r?\n--+" + re.escape(boundary)))

    def close(self) -> None:
        """Close the connection."""
        self._response.close()

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            self._fill_or_fail()
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _take_until(self, separator: re.Pattern[bytes]) -> bytes:
        searched = 0
        while not (found := separator.search(self._received, searched)):
            searched = max(0, len(self._received) - 100)  # the separator may be received in two pieces
            self._fill_or_fail()
        taken = bytes(self._received[: found.start()])
        del self._received[: found.end()]
        return taken

    def _fill_or_fail(self) -> None:
        if not self._fill():
            raise _no_more_frames()

    def _fill(self) -> bool:
        """Receive some bytes; return whether there were any."""
        if len(self._received) > MAX_PICTURE_SIZE:
            raise _no_end()
        try:
            self._limit.check()
            chunk = self._response.read1(1 << 16)
        except TimeLimitError as error:
            raise _no_end() from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _no_more_frames() from error
        self._received += chunk
        return bool(chunk)


def _no_end() -> CameraError:
    return CameraError("its picture has no end", cure=CHECK_ADDRESS)


def _no_more_frames() -> CameraError:
    return CameraError("it delivers no more frames", cure=CHECK_CABLE)
