"""Authentication: a token, a cookie that stands for it, and a limit on wrong attempts."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from collections import OrderedDict

from fer_edge.clock import Clock

log = logging.getLogger(__name__)

COOKIE_LIFETIME = 30 * 86_400  # seconds
MAX_ATTEMPTS = 5  # wrong tokens from one address within ATTEMPT_WINDOW, after which it is blocked
ATTEMPT_WINDOW = 60.0  # seconds
MAX_ADDRESSES = 1024  # with wrong attempts that are remembered


class TooManyAttemptsError(Exception):
    """Too many wrong tokens came from an address.

    Attributes:
        retry_after: Whole seconds until the next attempt is checked.
    """

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.retry_after = int(wait) + 1


class Authenticator:
    """Checks tokens and cookies; everyone is let in if there is no token.

    A cookie is its expiry date and the HMAC of that date with the token: it survives a restart of the server, and is
    void once the token changes.
    """

    def __init__(self, token: str | None, clock: Clock) -> None:
        self.required = token is not None
        self._token = (token or "").encode()
        self._clock = clock
        self._attempts = FailedAttempts(clock)

    def check_token(self, token: str, address: str) -> bool:
        """Whether this is the token. Raises TooManyAttemptsError, even if it is, while `address` is blocked."""
        self._attempts.check(address)
        is_correct = hmac.compare_digest(_digest(token.encode()), _digest(self._token))
        if not is_correct:
            self._attempts.record(address)
        return is_correct

    def make_cookie(self) -> str:
        """The value of a cookie for a client that has sent the token."""
        expires = str(int(self._clock.wall()) + COOKIE_LIFETIME)
        return f"{expires}.{self._sign(expires)}"

    def check_cookie(self, cookie: str) -> bool:
        """Whether a cookie was made here and has not expired."""
        expires, _, signature = cookie.partition(".")
        is_genuine = hmac.compare_digest(signature.encode(), self._sign(expires).encode())
        return is_genuine and self._clock.wall() < int(expires)

    def _sign(self, text: str) -> str:
        return hmac.new(_digest(self._token), text.encode(), hashlib.sha256).hexdigest()


class FailedAttempts:
    """Counts wrong tokens per address, or per /64 network in IPv6, which is what one household gets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError while `address` is blocked."""
        recent = self._recent(_network(address))
        if len(recent) >= MAX_ATTEMPTS:
            raise TooManyAttemptsError(recent[0] + ATTEMPT_WINDOW - self._clock.monotonic())

    def record(self, address: str) -> None:
        """A wrong token came from `address`."""
        network = _network(address)
        recent = [*self._recent(network), self._clock.monotonic()]
        self._times[network] = recent
        self._times.move_to_end(network)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)
        if len(recent) == MAX_ATTEMPTS:
            log.warning("page: %d wrong tokens from %s; further attempts are blocked for now", MAX_ATTEMPTS, address)

    def __len__(self) -> int:
        """Number of addresses that are remembered."""
        return len(self._times)

    def _recent(self, network: str) -> list[float]:
        now = self._clock.monotonic()
        return [time for time in self._times.get(network, []) if now - time < ATTEMPT_WINDOW]


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
