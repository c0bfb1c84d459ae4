"""The broker that events go to: its address, its certificate and the password."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from fer_edge.config.addresses import hide_in_path, hide_secrets, in_url, parse_address
from fer_edge.config.credentials import Secret, check_regular, describe_tls_error, load_certificate
from fer_edge.errors import UsageError

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
NO_BROKER = "none"
PASSWORD = Secret("mqtt.password_file", "mqtt-password", "FER_EDGE_MQTT_PASSWORD")
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
ENCRYPTED = ("mqtts", "wss")
WEBSOCKET = ("ws", "wss")
FORM = f"mqtt://[user@]host[:port], mqtts://, ws:// or wss://, or {NO_BROKER}"
DEFAULT_PATH = "/mqtt"  # of a WebSocket


@dataclass(frozen=True)
class Broker:
    """How to reach the broker and prove identities.

    Attributes:
        host: Name or address.
        port: TCP port.
        user: For the login, or None.
        scheme: mqtt, mqtts, ws or wss.
        path: Of the WebSocket; empty without one.
        ca: Certificates of the authorities to trust, PEM; None for those of the system.
        certificate: Client certificate, PEM, for a broker that requires one.
        key: Its private key, PEM; None if it is in the same file.
        password_file: See read_password.
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
        return f"{self.scheme}://{in_url(self.host)}:{self.port}{hide_in_path(self.path)}"

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme in ENCRYPTED

    @property
    def over_websockets(self) -> bool:
        """Whether the connection is a WebSocket."""
        return self.scheme in WEBSOCKET


def parse_broker(text: str) -> Broker | None:
    """Parse `mqtt://[user@]host[:port]`, `mqtts://` (TLS), `ws://` or `wss://` with a path, or `none`.

    Raises UsageError for anything else, and for a password, because every user can read the list of processes.
    """
    if text == NO_BROKER:
        return None
    masked = hide_secrets(text)
    if text.partition("://")[0].lower() not in DEFAULT_PORTS:
        raise UsageError(f"{masked}: expected {FORM}")
    address = parse_address(text, FORM)
    if address.password is not None:
        cure = f"put it into {PASSWORD.variable}, or into the file named by --mqtt-password-file"
        raise UsageError(f"{masked}: a password does not belong here", cure=cure)
    websocket = address.scheme in WEBSOCKET
    has_path = bool(address.path.strip("/")) and not websocket
    if has_path or address.query or address.fragment:
        raise UsageError(f"{masked}: expected {FORM}")
    return Broker(
        address.host,
        address.port or DEFAULT_PORTS[address.scheme],
        address.user and unquote(address.user),
        address.scheme,
        (address.path or DEFAULT_PATH) if websocket else "",
    )


def make_broker(
    url: Broker | None,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    password_file: Path | None = None,
) -> Broker | None:
    """Add the files to a broker's address, as parse_broker returns it. Raises UsageError if they do not go together."""
    if not url:
        return None
    if (ca or certificate) and not url.encrypted:
        raise UsageError(
            f"needs TLS, and {url} has none",
            setting="mqtt.ca" if ca else "mqtt.certificate",
            cure="use mqtts:// or wss://",
        )
    if key and not certificate:
        raise UsageError("needs a certificate", setting="mqtt.key", cure="add --mqtt-cert or mqtt.certificate")
    if password_file and not url.user:
        raise UsageError(
            f"needs a user, and {url} has none",
            setting="mqtt.password_file",
            cure=f"use {url.scheme}://USER@{url.host}",
        )
    broker = replace(url, ca=ca, certificate=certificate, key=key, password_file=password_file)
    if broker.encrypted:
        tls_context(broker)
    return broker


def tls_context(broker: Broker) -> ssl.SSLContext:
    """Return what verifies the broker's certificate and host name, and presents our certificate, if any.

    Raises UsageError for a file that cannot be used.
    """
    try:
        check_regular(broker.ca)
        context = ssl.create_default_context(cafile=broker.ca)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            f"{broker.ca}: {describe_tls_error(error)}; expected certificates in PEM", setting="mqtt.ca"
        ) from error
    if broker.certificate:
        load_certificate(context, broker.certificate, broker.key, "mqtt.certificate")
    return context


def read_password(broker: Broker, environment: Mapping[str, str]) -> str | None:
    """Return the password of the broker's user, if any. Raises UsageError for an unreadable file."""
    return PASSWORD.read(broker.password_file, environment)
