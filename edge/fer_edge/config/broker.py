"""Where events go: the broker's address, its certificate and the password."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from fer_edge.config.credentials import Secret, describe_tls_error, load_certificate
from fer_edge.errors import UsageError

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
NO_BROKER = "none"
PASSWORD = Secret("mqtt.password_file", "mqtt-password", "FER_EDGE_MQTT_PASSWORD")
PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
WEBSOCKET_PATH = "/mqtt"


@dataclass(frozen=True)
class Broker:
    """An address, and how to prove who is there.

    ca: certificates of the authorities to trust, PEM; None for those of the system. certificate, key: ours, PEM, for a
    broker that asks for them. password_file: see read_password.
    """

    host: str
    port: int
    user: str | None = None
    scheme: str = "mqtt"
    path: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    password_file: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def encrypted(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.scheme in {"mqtts", "wss"}

    @property
    def over_websockets(self) -> bool:
        """Whether MQTT is carried by websockets."""
        return self.scheme in {"ws", "wss"}


def parse_broker(text: str) -> Broker | None:
    """`mqtt://[user@]host[:port]`, `mqtts://` (TLS), `ws://` or `wss://` with a path, or `none`.

    Raises UsageError for anything else, and for a password, which everybody could read in the list of processes.
    """
    if text == NO_BROKER:
        return None
    wanted = f"{without_password(text)}: "
    url = urlsplit(text)
    try:
        port = url.port or PORTS.get(url.scheme, 0)
    except ValueError:
        raise UsageError(f"{wanted}the port must be a number between 1 and 65535") from None
    if url.password is not None:
        raise UsageError(
            f"{wanted}a password does not belong here; put it into {PASSWORD.variable} or --mqtt-password-file"
        )
    if not _is_address(url):
        raise UsageError(f"{wanted}expected mqtt://[user@]host[:port], mqtts://, ws:// or wss://, or {NO_BROKER}")
    path = (url.path or WEBSOCKET_PATH) if url.scheme in {"ws", "wss"} else ""
    return Broker(url.hostname or "", port, url.username and unquote(url.username), url.scheme, path)


def _is_address(url: SplitResult) -> bool:
    has_path = bool(url.path.strip("/")) and url.scheme not in {"ws", "wss"}
    return url.scheme in PORTS and bool(url.hostname) and not (has_path or url.query or url.fragment)


def without_password(text: str) -> str:
    """A text in which the password of an address is hidden."""
    return re.sub(r"//([^:@/]*):.*@", r"//\1:***@", text)


def with_files(
    broker: Broker | None,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    password_file: Path | None = None,
) -> Broker | None:
    """The same broker with the files of --mqtt-ca and its kin. Raises UsageError when they cannot be used with it."""
    if not broker:
        return None
    if (ca or certificate) and not broker.encrypted:
        raise UsageError(
            f"needs TLS, and {broker} has none",
            setting="mqtt.ca" if ca else "mqtt.certificate",
            cure="use mqtts:// or wss://",
        )
    if key and not certificate:
        raise UsageError("needs a certificate", setting="mqtt.key", cure="add --mqtt-cert or mqtt.certificate")
    if password_file and not broker.user:
        raise UsageError(
            f"needs a user, and {broker} has none",
            setting="mqtt.password_file",
            cure=f"use {broker.scheme}://USER@{broker.host}",
        )
    made = replace(broker, ca=ca, certificate=certificate, key=key, password_file=password_file)
    if made.encrypted:
        tls_context(made)
    return made


def tls_context(broker: Broker) -> ssl.SSLContext:
    """What checks the broker's certificate and host name, always, and shows ours. Raises UsageError for a bad file."""
    try:
        context = ssl.create_default_context(cafile=broker.ca)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            f"{broker.ca}: {describe_tls_error(error)}; expected certificates in PEM", setting="mqtt.ca"
        ) from error
    if broker.certificate:
        load_certificate(context, broker.certificate, broker.key, "mqtt.certificate")
    return context


def read_password(broker: Broker, environment: Mapping[str, str]) -> str | None:
    """The password of the broker's user, if there is one. Raises UsageError when a file cannot be read."""
    return PASSWORD.read(broker.password_file, environment)
