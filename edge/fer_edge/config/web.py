"""The live page: its address, its token and its certificate."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from fer_edge.config.addresses import in_url, quote
from fer_edge.config.credentials import Secret, load_certificate
from fer_edge.errors import UsageError

OFF = "none"
LOOPBACK = "127.0.0.1"
TOKEN = Secret("web.token_file", "web-token", "FER_EDGE_WEB_TOKEN")
MIN_TOKEN_LENGTH = 8  # characters: failed attempts are limited to a handful a minute
UNENCRYPTED_WARNING = "without --web-cert (web.certificate), pictures and token cross the network unencrypted"
HOST_NAME = r"[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?"
MAX_PORT = 65535

Address = tuple[str, int]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class WebOptions:
    """Options of the live page.

    Attributes:
        listen: Host and port.
        token_file: File with the token; see TOKEN for where else it may be.
        certificate: PEM, for https.
        key: Its private key, PEM; None if it is in the same file.
        names: Further names and addresses by which browsers reach the page.
        trusted_proxies: Networks of the proxies whose X-Forwarded-For counts.
        no_token_for: Networks of the proxies that log their users in themselves, so that none needs the token.
        allow_edit: Whether the page may change the zones in the configuration file.
    """

    listen: Address
    token_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    no_token_for: tuple[Network, ...] = ()
    allow_edit: bool = False

    @property
    def address(self) -> str:
        """HOST:PORT, as in the setting."""
        host, port = self.listen
        return f"{in_url(host)}:{port}"

    @property
    def unencrypted(self) -> bool:
        """Whether pictures and token cross a network unencrypted.

        With `no_token_for` it is the proxy that people connect to.
        """
        return not (self.certificate or is_loopback(self.listen[0]) or self.no_token_for)


def parse_listen(text: str) -> Address | None:
    """Parse `PORT` (this machine only), `HOST:PORT`, `[IPv6]:PORT`, or `none`. Raises UsageError."""
    if text == OFF:
        return None
    found = re.fullmatch(rf"(?:(?P<host>{HOST_NAME}|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d{{1,5}})", text)
    if not found or int(found["port"]) > MAX_PORT:
        raise UsageError(f"{quote(text)}: expected PORT, HOST:PORT (0.0.0.0:8080 for the whole network), or {OFF}")
    return (found["host"] or LOOPBACK).strip("[]"), int(found["port"])


def parse_names(text: str) -> tuple[str, ...]:
    """Parse host names and addresses that are separated by commas. Raises UsageError."""
    names = tuple(part.lower().rstrip(".").strip("[]") for part in split_list(text))
    if wrong := [name for name in names if not (re.fullmatch(HOST_NAME, name) or is_ip_address(name))]:
        raise UsageError(f"{quote(wrong[0])}: expected host names, without ports, separated by commas")
    return names


def parse_proxies(text: str) -> tuple[Network, ...]:
    """Parse addresses and networks that are separated by commas. Raises UsageError."""
    return tuple(map(_parse_network, split_list(text)))


def _parse_network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError as error:
        expected = "expected addresses and networks, without ports, separated by commas: 127.0.0.1,192.168.1.0/24"
        raise UsageError(f"{quote(text)}: {expected}") from error
    if network.prefixlen == 0:
        raise UsageError(f"{quote(text)}: everyone could pretend to be a proxy; expected the addresses of your proxies")
    return network


def split_list(text: str) -> list[str]:
    """Split a text at its commas, without blanks and empty parts."""
    return [part.strip() for part in text.split(",") if part.strip()]


def make_web_options(
    listen: Address | None,
    names: tuple[str, ...] | None = None,
    trusted_proxies: tuple[Network, ...] | None = None,
    no_token_for: tuple[Network, ...] | None = None,
    *,
    allow_edit: bool = False,
    **files: Path | None,
) -> WebOptions | None:
    """Return the options, or None without a page. Raises UsageError for a certificate that cannot be used."""
    if not listen:
        return None
    options = WebOptions(
        listen,
        names=names or (),
        trusted_proxies=trusted_proxies or (),
        no_token_for=no_token_for or (),
        allow_edit=allow_edit,
        **files,
    )
    if options.key and not options.certificate:
        raise UsageError("needs a certificate", setting="web.key", cure="add --web-cert or web.certificate")
    tls_context(options)
    return options


def tls_context(options: WebOptions) -> ssl.SSLContext | None:
    """Return what presents the certificate, or None without one. Raises UsageError if it cannot be used."""
    if not options.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    load_certificate(context, options.certificate, options.key, "web.certificate")
    return context


def check_token(options: WebOptions, token: str | None) -> None:
    """Raise UsageError if the page would be open to the network without a token, or if the token can be guessed."""
    if options.token_file and not token:
        raise UsageError(f"{options.token_file}: there is no token in it", setting=TOKEN.setting)
    if not (token or options.no_token_for or is_loopback(options.listen[0])):
        raise UsageError(
            f"{options.address}: the page would be open to the whole network",
            setting="web.listen",
            cure="set a token (--web-token-file or web.token_file), "
            f"or give the port alone, {options.listen[1]}, to listen on this machine only",
        )
    if token and len(token) < MIN_TOKEN_LENGTH:
        raise UsageError(f"needs a token of at least {MIN_TOKEN_LENGTH} characters", setting=TOKEN.setting)


def describe_access(options: WebOptions, token: str | None) -> str:
    """Who can open the page, for the log and --check."""
    exempt = ", ".join(map(str, options.no_token_for))
    if not exempt:
        return "with a token" if token else "without a token"
    return f"{'with a token, except' if token else 'only'} for {exempt}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_ip_address(host: str) -> bool:
    """Whether the host is an IP address, without brackets."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False
