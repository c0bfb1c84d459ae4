"""The cookies of users who have logged out."""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import stat
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

LINE = re.compile(r"(\d{1,12}) ([0-9a-f]{64})")  # the expiry date and the digest of a cookie


class Logouts:
    """Cookies that are no longer accepted, until they expire, kept in a file so that a restart does not forget them."""

    def __init__(self, file: Path | None, wall: Callable[[], float]) -> None:
        """Read the file.

        Args:
            file: Its folder exists; None keeps the cookies in memory only.
            wall: Clock, in seconds since the epoch.
        """
        self._file, self._wall = file, wall
        self._expiries = self._read()  # by digest

    def __contains__(self, cookie: str) -> bool:
        """Whether the user of this cookie has logged out."""
        return _digest(cookie) in self._expiries

    def add(self, cookie: str, expiry: int) -> None:
        """The user of a cookie, which expires then, has logged out."""
        now = self._wall()
        self._expiries = {digest: time for digest, time in self._expiries.items() if now < time}
        self._expiries[_digest(cookie)] = expiry
        if self._file:
            self._write(self._file)

    def _read(self) -> dict[str, int]:
        if not self._file:
            return {}
        try:
            if not stat.S_ISREG(self._file.stat().st_mode):  # a FIFO might never deliver anything
                raise OSError(errno.EINVAL, "not a regular file")
            text = self._file.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.warning("page: %s: %s; logouts before this start are not known", self._file, _reason(error))
            return {}
        return {found[2]: int(found[1]) for line in text.splitlines() if (found := LINE.fullmatch(line))}

    def _write(self, file: Path) -> None:
        partial = file.with_name(f"{file.name}.part")
        try:
            partial.write_text("".join(f"{time} {digest}\n" for digest, time in self._expiries.items()))
            partial.replace(file)
        except OSError as error:
            log.warning("page: %s: %s; the next start will not know of this logout", file, _reason(error))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode(errors="surrogatepass")).hexdigest()


def _reason(error: OSError) -> str:
    return str(error.strerror).lower()
