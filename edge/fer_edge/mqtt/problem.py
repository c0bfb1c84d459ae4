"""Explains why a broker cannot be used, and how to fix it."""

from __future__ import annotations

import socket
import ssl

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.config.broker import DEFAULT_PORTS, Broker
from fer_edge.config.credentials import describe_tls_error
from fer_edge.errors import Problem

CHECK_PORT = "check the port in mqtt.url"
CHECK_HOST = "check the host in mqtt.url"
CHECK_ACCESS_LIST = "check the broker's access list"
CHECK_LOGIN = "check the user in mqtt.url and the password"

BAD_LOGIN, NOT_AUTHORIZED = 0x86, 0x87  # reason codes of MQTT 5; paho translates those of MQTT 3.1.1

# Why the broker's certificate is refused, by OpenSSL's X509_V_ERR_*.
CHECK_AUTHORITY = "mqtt.ca must hold the authority that signed it"
CHECK_NAME = "mqtt.url must have the name or address that it was issued for"
CERTIFICATE_CURES = {
    2: CHECK_AUTHORITY,
    9: "set the clock of this device (timedatectl)",
    10: "renew it or the authority in mqtt.ca, whichever has expired; or set the clock of this device (timedatectl)",
    18: "mqtt.ca must hold this very certificate, as no authority signed it",
    19: CHECK_AUTHORITY,
    20: CHECK_AUTHORITY,
    21: CHECK_AUTHORITY,
    62: CHECK_NAME,
    64: CHECK_NAME,
    85: "Python 3.13 requires it: issue the certificate again with authorityKeyIdentifier=keyid",
    92: "Python 3.13 requires it: create the authority again with keyUsage=critical,keyCertSign",
}
REISSUE = "issue the broker's certificate again"

# Why the broker refuses ours, by the reason in OpenSSL's name of its alert.
CHECK_CLIENT_CERTIFICATE = "mqtt.certificate must be signed by an authority that the broker trusts"
ADD_CLIENT_CERTIFICATE = "set mqtt.certificate and mqtt.key"
CLIENT_CERTIFICATE_FAULTS = {
    "CERTIFICATE_REQUIRED": Problem("requires a client certificate", ADD_CLIENT_CERTIFICATE),
    "HANDSHAKE_FAILURE": Problem(
        "refuses the TLS handshake", f"if it requires a client certificate, {ADD_CLIENT_CERTIFICATE}"
    ),
    "UNKNOWN_CA": Problem("refuses our certificate: unknown authority", CHECK_CLIENT_CERTIFICATE),
    "CERTIFICATE_EXPIRED": Problem("refuses our certificate: expired", "renew mqtt.certificate"),
    "CERTIFICATE_REVOKED": Problem("refuses our certificate: revoked", "renew mqtt.certificate"),
    "BAD_CERTIFICATE": Problem(
        "refuses our certificate", "check the dates of mqtt.certificate, and the broker's clock"
    ),
    "UNSUPPORTED_CERTIFICATE": Problem(
        "refuses our certificate: made for another purpose", "issue mqtt.certificate for clients"
    ),
    "CERTIFICATE_UNKNOWN": Problem("refuses our certificate", CHECK_CLIENT_CERTIFICATE),
    "ACCESS_DENIED": Problem("refuses our certificate: access denied", CHECK_ACCESS_LIST),
}

NO_ANSWER = "closed the connection without an MQTT answer"
TLS_RECORD, HTTP_RESPONSE = (b"\x15\x03", b"\x16\x03"), b"HTTP/"  # how what a server sends may begin
USE_TLS = "use mqtts:// or wss://"
CURES: dict[type[Exception], str] = {
    paho.WebsocketConnectionError: "check port and path in mqtt.url; a port without WebSockets needs mqtt:// or mqtts://",
    ConnectionRefusedError: f"start the broker, or {CHECK_PORT}",
    socket.gaierror: CHECK_HOST,
    ValueError: CHECK_HOST,
}


def explain_failure(error: Exception, broker: Broker) -> Problem:
    """Why no network or TLS connection to `broker` could be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"its certificate is refused: {error.verify_message.rstrip('.')}"
        return Problem(text, CERTIFICATE_CURES.get(error.verify_code, REISSUE))
    if isinstance(error, TimeoutError):
        return Problem("timed out", f"{CHECK_HOST}, and any firewall on the way")
    if broker.encrypted and (isinstance(error, ConnectionResetError | ssl.SSLEOFError) or _is_plain_text(error)):
        return Problem(
            "no TLS at this port",
            f"{broker.scheme}:// needs the broker's TLS port, usually {DEFAULT_PORTS[broker.scheme]}",
        )
    if isinstance(error, ssl.SSLError):
        return _explain_alert(error) or Problem(f"TLS failed: {describe_tls_error(error)}")
    text = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
    return Problem(text, next((cure for kind, cure in CURES.items() if isinstance(error, kind)), None))


def explain_no_answer(error: Exception | None, head: bytes, broker: Broker) -> Problem:
    """Why a network connection was made but no MQTT connection.

    Args:
        error: What ended the connection, if that is known: an error of the protocol or of TLS.
        head: The first bytes that were received.
        broker: The broker.
    """
    if isinstance(error, ssl.SSLError) and (problem := _explain_alert(error)):
        return problem
    if not broker.encrypted and head.startswith(TLS_RECORD):
        return Problem("expects TLS at this port", USE_TLS)
    if head.startswith(HTTP_RESPONSE):
        return Problem("a web server is at this port", CHECK_PORT)
    if error and head:
        return Problem(str(error), CHECK_PORT)
    return Problem(NO_ANSWER, CHECK_PORT if broker.encrypted else f"{CHECK_PORT}; if it expects TLS, {USE_TLS}")


def _explain_alert(error: ssl.SSLError) -> Problem | None:
    name = (error.reason or "").partition("_ALERT_")[2]
    return CLIENT_CERTIFICATE_FAULTS.get(name)


def _is_plain_text(error: Exception) -> bool:
    return isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER"


def explain_refusal(code: ReasonCode) -> Problem:
    """Why the broker refused the connection."""
    return Problem(f"refused: {code}", CHECK_LOGIN if code.value in {BAD_LOGIN, NOT_AUTHORIZED} else None)
