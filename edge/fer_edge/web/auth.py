"""Authentication: a token, a cookie that stands for it, and a limit on wrong attempts."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections import OrderedDict

from fer_edge.clock import Clock
from fer_edge.web.logouts import Logouts

log = logging.getLogger(__name__)

COOKIE_LIFETIME = 30 * 86_400  # seconds
MAX_ATTEMPTS = 5  # different wrong tokens from one address within ATTEMPT_WINDOW, after which it is blocked
ATTEMPT_WINDOW = 60.0  # seconds
MAX_COMPARISONS = 20  # wrong ones from one address within COMPARISON_WINDOW, after which no token is compared
COMPARISON_WINDOW = 3600.0  # seconds
MAX_ADDRESSES = 1024  # with wrong attempts that are remembered


class TooManyAttemptsError(Exception):
    """Too many wrong tokens came from an address.

    Attributes:
        retry_after: Whole seconds until it is no longer blocked.
    """

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.retry_after = int(wait) + 1


class Authenticator:
    """Checks tokens and cookies; everyone is let in if there is no token.

    A cookie is its expiry date, a random id and the HMAC of both with the token: it survives a restart of the server,
    and is void once the token changes or its user has logged out.

    Wrong tokens in links are counted apart from those in forms and headers. Any page can make its visitor's browser
    open links, but not send a header, or a form with the Origin of the live page. So a page from elsewhere can block
    links at most, and the login form still works.
    """

    def __init__(self, token: str | None, clock: Clock, logouts: Logouts | None = None) -> None:
        self.required = token is not None
        self._token = _digest(token or "")
        self._clock = clock
        self._attempts, self._attempts_in_links = FailedAttempts(clock), FailedAttempts(clock)
        self._logouts = logouts or Logouts(None, clock.wall)

    def check_token(self, token: str, address: str, *, in_link: bool = False) -> bool:
        """Whether this is the token.

        Args:
            token: What the client sent.
            address: Of the client.
            in_link: Whether it was part of a URL.

        Raises:
            TooManyAttemptsError: It is wrong and `address` is blocked; or it was not compared, because
                MAX_COMPARISONS is reached.
        """
        attempts = self._attempts_in_links if in_link else self._attempts
        attempts.check(address)
        digest = _digest(token)
        if hmac.compare_digest(digest, self._token):
            return True
        attempts.record(address, digest)
        return False

    def make_cookie(self) -> str:
        """The value of a cookie for a client that has sent the token."""
        content = f"{int(self._clock.wall()) + COOKIE_LIFETIME}.{secrets.token_hex(8)}"
        return f"{content}.{self._sign(content)}"

    def check_cookie(self, cookie: str) -> bool:
        """Whether a cookie was made here, has not expired, and its user has not logged out."""
        content, _, signature = cookie.rpartition(".")
        is_genuine = hmac.compare_digest(_digest(signature), _digest(self._sign(content)))
        return is_genuine and self._clock.wall() < _expiry(cookie) and cookie not in self._logouts

    def revoke_cookie(self, cookie: str) -> None:
        """Accept a cookie no longer."""
        if self.check_cookie(cookie):
            self._logouts.add(cookie, _expiry(cookie))

    def _sign(self, text: str) -> str:
        return hmac.new(self._token, _encode(text), hashlib.sha256).hexdigest()


class FailedAttempts:
    """Counts different wrong tokens per network, see `network_of`.

    The same wrong token again does not count, so a program with an old token does not block its address.

    While an address is blocked the right token is still accepted, so that others behind the same address can log in.
    What keeps it from being guessed is MAX_COMPARISONS: 480 a day, against the 300 an hour that a block alone allows.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, dict[bytes, float]] = OrderedDict()  # of each wrong token's digest, by network

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError if no further token from `address` is to be compared."""
        times = self._recent(network_of(address), COMPARISON_WINDOW)
        self._raise_beyond(MAX_COMPARISONS, list(times.values()), COMPARISON_WINDOW)

    def record(self, address: str, digest: bytes) -> None:
        """A wrong token with this digest came from `address`. Raises TooManyAttemptsError if that is blocked."""
        network = network_of(address)
        earlier = list(self._recent(network, ATTEMPT_WINDOW).values())
        times = self._times[network] = self._recent(network, COMPARISON_WINDOW)
        is_new = digest not in times
        times.setdefault(digest, self._clock.monotonic())
        self._times.move_to_end(network)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)
        if is_new and len(earlier) == MAX_ATTEMPTS - 1:
            log.warning("page: %d wrong tokens from %s; further attempts are blocked for now", MAX_ATTEMPTS, address)
        self._raise_beyond(MAX_ATTEMPTS, earlier, ATTEMPT_WINDOW)

    def __len__(self) -> int:
        """Number of addresses that are remembered."""
        return len(self._times)

    def _recent(self, network: str, window: float) -> dict[bytes, float]:
        now = self._clock.monotonic()
        return {digest: time for digest, time in self._times.get(network, {}).items() if now - time < window}

    def _raise_beyond(self, limit: int, times: list[float], window: float) -> None:
        if len(times) >= limit:
            raise TooManyAttemptsError(times[-limit] + window - self._clock.monotonic())


def network_of(address: str) -> str:
    """The address itself, or its /64 network in IPv6, which is what one household gets."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def _expiry(cookie: str) -> int:
    return int(cookie.partition(".")[0])


def _digest(text: str) -> bytes:
    return hashlib.sha256(_encode(text)).digest()


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # which stand for bytes in a header that are no UTF-8
