"""Why a broker cannot be used, and the cure for it."""

from __future__ import annotations

import socket
import ssl

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.config.broker import Broker
from fer_edge.mqtt.limited_client import ProtocolError
from fer_edge.mqtt.problem import explain_failure, explain_no_answer, explain_refusal

PLAIN, ENCRYPTED = Broker("broker.lan", 1883), Broker("broker.lan", 8883, scheme="mqtts")


def certificate_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "text", "cure"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            "connection refused",
            "start the broker, or check the port",
        ),
        (socket.gaierror(-2, "Name or service not known"), "name or service not known", "check the host in mqtt.url"),
        (ValueError("Invalid host."), "invalid host.", "check the host in mqtt.url"),
        (TimeoutError(110, "Connection timed out"), "timed out", "check the host in mqtt.url, and any firewall"),
    ],
)
def test_a_network_failure_has_its_cure(error: Exception, text: str, cure: str) -> None:
    problem = explain_failure(error, PLAIN)
    assert str(problem) == problem.text == text
    assert problem.cure
    assert problem.cure.startswith(cure)


def test_a_failure_without_a_known_cure_has_none() -> None:
    problem = explain_failure(OSError(113, "No route to host"), PLAIN)
    assert (problem.text, problem.cure) == ("no route to host", None)


@pytest.mark.parametrize(
    ("code", "message", "cure"),
    [
        (9, "certificate is not yet valid", "clock of this device"),
        (10, "certificate has expired", "renew it"),
        (18, "self-signed certificate", "mqtt.ca must hold this very certificate"),
        (20, "unable to get local issuer certificate", "mqtt.ca must hold the authority"),
        (26, "unsuitable certificate purpose", "issue the broker's certificate again"),
        (62, "Hostname mismatch.", "mqtt.url must have the name"),
        (85, "Missing Authority Key Identifier", "authorityKeyIdentifier=keyid"),
        (92, "CA cert does not include key usage extension", "keyCertSign"),
    ],
)
def test_a_refused_certificate_has_the_cure_for_its_fault(code: int, message: str, cure: str) -> None:
    problem = explain_failure(certificate_error(code, message), ENCRYPTED)
    assert problem.text == f"its certificate is refused: {message.rstrip('.')}"
    assert problem.cure
    assert cure in problem.cure


@pytest.mark.parametrize("error", [ConnectionResetError(), ssl.SSLEOFError(), tls_error("WRONG_VERSION_NUMBER")])
def test_a_port_without_tls_is_recognized(error: Exception) -> None:
    problem = explain_failure(error, ENCRYPTED)
    assert problem.text == "no TLS at this port"
    assert problem.cure
    assert "8883" in problem.cure


@pytest.mark.parametrize(
    ("error", "head", "broker", "text", "cure"),
    [
        (
            tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            b"",
            ENCRYPTED,
            "requires a client certificate",
            "set mqtt.cert",
        ),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), b"", ENCRYPTED, "unknown authority", "signed by an authority"),
        (tls_error("SSLV3_ALERT_CERTIFICATE_EXPIRED"), b"", ENCRYPTED, "expired", "renew mqtt.certificate"),
        (tls_error("UNEXPECTED_EOF_WHILE_READING"), b"", ENCRYPTED, "without an MQTT answer", "check the port"),
        (None, b"", PLAIN, "without an MQTT answer", "use mqtts://"),
        (None, b"\x15\x03\x03\x00\x02", PLAIN, "expects TLS at this port", "use mqtts://"),
        (ProtocolError("x"), b"HTTP/", PLAIN, "a web server", "check the port"),
        (ProtocolError("sent a malformed packet"), b"SSH-2", PLAIN, "sent a malformed packet", "check the port"),
    ],
)
def test_a_connection_without_an_mqtt_answer_is_explained_by_what_ended_it(
    error: Exception | None, head: bytes, broker: Broker, text: str, cure: str
) -> None:
    problem = explain_no_answer(error, head, broker)
    assert text in problem.text
    assert problem.cure
    assert cure in problem.cure


def test_a_reset_without_tls_is_only_a_reset() -> None:
    assert explain_failure(ConnectionResetError(104, "Connection reset by peer"), PLAIN).cure is None


@pytest.mark.parametrize(
    ("code", "cure"),
    [("Not authorized", True), ("Bad user name or password", True), ("Server busy", False)],
)
def test_a_refused_login_has_a_cure(code: str, cure: bool) -> None:
    problem = explain_refusal(ReasonCode(PacketTypes.CONNACK, code))
    assert problem.text == f"refused: {code}"
    assert problem.cure == ("check the user in mqtt.url and the password" if cure else None)
