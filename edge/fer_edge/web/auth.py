"""Who may come in: a token, the cookie that stands for it, and how often one may guess."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from collections import OrderedDict
from collections.abc import Callable

log = logging.getLogger(__name__)

LASTS = 30 * 86_400  # seconds that a cookie is good for
GUESSES, WINDOW = 5, 60.0  # wrong tokens of an address within so many seconds, after which it has to wait
ADDRESSES = 1024  # that are remembered


class TooManyAttemptsError(Exception):
    """Too many wrong tokens came from there. `wait`: whole seconds until the next is looked at."""

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = int(wait) + 1


class Authenticator:
    """Knows the token, if there is one. wall, monotonic: clocks, seconds.

    A cookie is a date and its HMAC by the token: it outlives a restart, and dies with the token.
    """

    def __init__(self, token: str | None, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self.open = token is None
        self._token = (token or "").encode()
        self._wall = wall
        self._guesses = LoginAttempts(monotonic)

    def admits(self, token: str, address: str) -> bool:
        """Whether this is the token. Raises TooManyAttemptsError, be it or not, when `address` guessed too often."""
        self._guesses.check(address)
        right = hmac.compare_digest(_digest(token.encode()), _digest(self._token))
        if not right:
            self._guesses.wrong(address)
        return right

    def cookie(self) -> str:
        """The value of a cookie for somebody who knew the token."""
        expires = str(int(self._wall()) + LASTS)
        return f"{expires}.{self._sign(expires)}"

    def knows(self, cookie: str) -> bool:
        """Whether a cookie is one of ours, and still good."""
        expires, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._sign(expires).encode())
        return genuine and self._wall() < int(expires)

    def _sign(self, text: str) -> str:
        return hmac.new(_digest(self._token), text.encode(), hashlib.sha256).hexdigest()


class LoginAttempts:
    """Counts wrong tokens by address; the network of one in IPv6, as a home has a whole /64."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError when it has to wait."""
        recent = self._recent(_home(address))
        if len(recent) >= GUESSES:
            raise TooManyAttemptsError(recent[0] + WINDOW - self._clock())

    def wrong(self, address: str) -> None:
        """A wrong token came from there."""
        home = _home(address)
        recent = [*self._recent(home), self._clock()]
        self._wrong[home] = recent
        self._wrong.move_to_end(home)
        if len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)
        if len(recent) == GUESSES:
            log.warning("page: %d wrong tokens from %s; it has to wait", GUESSES, address)

    def _recent(self, home: str) -> list[float]:
        return [time for time in self._wrong.get(home, []) if self._clock() - time < WINDOW]


def _home(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
