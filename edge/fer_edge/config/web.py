"""Where the live page is, and who may see it."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from fer_edge.config.credentials import Secret, load_certificate
from fer_edge.errors import UsageError

OFF = "none"
LOOPBACK = "127.0.0.1"
TOKEN = Secret("web.token_file", "web-token", "FER_EDGE_WEB_TOKEN")
SHORTEST = 8  # characters of a token: a stranger has a handful of guesses a minute
IN_THE_CLEAR = "without --web-cert whoever listens on the network sees the pictures and the token"
NAME = r"[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?"

Address = tuple[str, int]


@dataclass(frozen=True)
class WebOptions:
    """listen: host and port. token_file: see TOKEN. certificate, key: PEM, for https. names: more names of the host."""

    listen: Address
    token_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """As in a flag."""
        host, port = self.listen
        return f"{in_url(host)}:{port}"

    @property
    def in_the_clear(self) -> bool:
        """Whether pictures and token go over a network as they are."""
        return not (self.certificate or is_loopback(self.listen[0]))


def parse_listen(text: str) -> Address | None:
    """`PORT`, on this machine alone, `HOST:PORT`, `[IPv6]:PORT`, or None for `none`. Raises UsageError."""
    if text == OFF:
        return None
    found = re.fullmatch(rf"(?:(?P<host>{NAME}|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d{{1,5}})", text)
    if not found or int(found["port"]) > 65535:
        raise UsageError(f"{text!r}: expected PORT, HOST:PORT (0.0.0.0:8080 for the whole network), or {OFF}")
    return (found["host"] or LOOPBACK).strip("[]"), int(found["port"])


def parse_names(text: str) -> tuple[str, ...]:
    """Names of hosts, with commas between. Raises UsageError."""
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if wrong := [name for name in names if not re.fullmatch(NAME, name)]:
        raise UsageError(f"{wrong[0]!r}: expected names of hosts, without a port, with commas between")
    return names


def make_options(
    listen: Address | None, names: tuple[str, ...] | None = None, **files: Path | None
) -> WebOptions | None:
    """The options, or None when there is no page. Raises UsageError for a certificate that cannot be used."""
    if not listen:
        return None
    options = WebOptions(listen, names=names or (), **files)
    if options.key and not options.certificate:
        raise UsageError("needs a certificate", setting="web.key", cure="add --web-cert or web.certificate")
    tls_context(options)
    return options


def tls_context(options: WebOptions) -> ssl.SSLContext | None:
    """What shows the certificate, if there is one. Raises UsageError when it cannot be used."""
    if not options.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    load_certificate(context, options.certificate, options.key, "web.certificate")
    return context


def check_token(options: WebOptions, token: str | None) -> None:
    """Raise UsageError when the page would stand open to whom it should not, or its token could be guessed."""
    if options.token_file and not token:
        raise UsageError(f"{options.token_file}: there is no token in it", setting=TOKEN.setting)
    if not token and not is_loopback(options.listen[0]):
        raise UsageError(
            f"{options.address}: the page would be open to the whole network",
            setting="web.listen",
            cure="set a token (--web-token-file or web.token_file), "
            f"or listen on this machine only ({options.listen[1]})",
        )
    if token and len(token) < SHORTEST:
        raise UsageError(f"needs a token of at least {SHORTEST} characters", setting=TOKEN.setting)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_url(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
