"""Explains why a broker cannot be used, and how to fix it."""

from __future__ import annotations

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.config.broker import Broker
from fer_edge.config.credentials import describe_tls_error
from fer_edge.errors import Problem

CHECK_PORT = "check the port in mqtt.url"
CHECK_HOST = "check the host in mqtt.url"
CHECK_ACCESS_LIST = "check the broker's access list"
CHECK_LOGIN = "check the user in mqtt.url and the password"

BAD_LOGIN, NOT_AUTHORIZED = 0x86, 0x87  # reason codes of MQTT 5; paho translates those of MQTT 3.1.1

# Certificates that Python 3.13 refuses, by OpenSSL's X509_V_ERR_*.
CERTIFICATE_CURES = {
    85: "Python 3.13 requires it: issue the certificate again with authorityKeyIdentifier=keyid",
    92: "Python 3.13 requires it: create the authority again with keyUsage=critical,keyCertSign",
}
CHECK_CERTIFICATE = "mqtt.ca must hold the authority that signed it, and mqtt.url the name it was issued for"


def explain_failure(error: Exception, broker: Broker) -> Problem:
    """Why no network or TLS connection to `broker` could be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"its certificate is refused: {error.verify_message.rstrip('.')}"
        return Problem(text, CERTIFICATE_CURES.get(error.verify_code, CHECK_CERTIFICATE))
    if isinstance(error, TimeoutError):
        return Problem("timed out", f"{CHECK_HOST}, and any firewall on the way")
    if broker.encrypted and (isinstance(error, ConnectionResetError | ssl.SSLEOFError) or _is_plain_text(error)):
        return Problem("no TLS at this port", "mqtts:// needs the broker's TLS port, usually 8883")
    if isinstance(error, ssl.SSLError):
        return Problem(f"TLS failed: {describe_tls_error(error)}")
    text = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
    if isinstance(error, ConnectionRefusedError):
        return Problem(text, f"start the broker, or {CHECK_PORT}")
    return Problem(text, CHECK_HOST if isinstance(error, socket.gaierror | ValueError) else None)


def _is_plain_text(error: Exception) -> bool:
    return isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER"


def explain_refusal(code: ReasonCode) -> Problem:
    """Why the broker refused the connection."""
    return Problem(f"refused: {code}", CHECK_LOGIN if code.value in {BAD_LOGIN, NOT_AUTHORIZED} else None)
