"""TLS against a real Mosquitto, with certificates made by the openssl command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.media import MEDIA
from tests.support.mosquitto import read_messages
from tests.support.mqtt import filled_outbox, password_file
from tests.support.processes import run
from tests.support.tls import Authority, TlsMosquitto
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker, make_broker
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

FACE = MEDIA / "faces" / "bryan.png"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "strange")


@pytest.fixture
def encrypted(authority: Authority, tmp_path: Path) -> Iterator[TlsMosquitto]:
    mosquitto = TlsMosquitto(tmp_path, authority)
    yield mosquitto
    mosquitto.close()


def tls_broker(port: int, **files: Path) -> Broker:
    broker = make_broker(Broker("127.0.0.1", port, scheme="mqtts"), **files)
    assert broker
    return broker


def problem_with(port: int, **files: Path) -> str:
    """Why a broker cannot be used; no event must reach it."""
    with Publisher(tls_broker(port, **files), None, "cam", filled_outbox("secret")) as publisher:
        wait_until(lambda: "no MQTT answer" not in publisher.problem)
        assert not publisher.connected
        return publisher.problem


def test_a_broker_certified_by_the_trusted_authority_is_accepted(encrypted: TlsMosquitto, authority: Authority) -> None:
    encrypted.serve()
    file = encrypted.subscribe()
    with Publisher(tls_broker(encrypted.tls_port, ca=authority.ca), None, "cam", filled_outbox("x")) as publisher:
        assert publisher.flush(10)
    wait_until(lambda: read_messages(file)[-1:] == [("fer/cam/status", "offline")])
    assert ("fer/cam/event", "x") in read_messages(file)


def test_certificates_are_checked_with_websockets_too(
    encrypted: TlsMosquitto, authority: Authority, stranger: Authority
) -> None:
    encrypted.serve(extra="protocol websockets")
    for ca, accepted in ((stranger.ca, False), (authority.ca, True)):
        broker = make_broker(Broker("127.0.0.1", encrypted.tls_port, scheme="wss", path="/mqtt"), ca=ca)
        assert broker
        with Publisher(broker, None, "cam", filled_outbox("x")) as publisher:
            assert publisher.flush(10 if accepted else 1) == accepted


@pytest.mark.parametrize(
    ("subject", "valid", "reason", "cure"),
    [
        (
            "IP:127.0.0.2",
            (-1, 2),
            "IP address mismatch, certificate is not valid for '127.0.0.1'",
            "mqtt.url must have",
        ),
        (
            "DNS:elsewhere",
            (-1, 2),
            "IP address mismatch, certificate is not valid for '127.0.0.1'",
            "mqtt.url must have",
        ),
        ("IP:127.0.0.1", (-3, -1), "certificate has expired", "renew it"),
        ("IP:127.0.0.1", (1, 2), "certificate is not yet valid", "set the clock of this device"),
    ],
)
def test_a_certificate_for_another_name_or_time_is_refused_with_its_cure(
    encrypted: TlsMosquitto,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
    subject: str,
    valid: tuple[int, int],
    reason: str,
    cure: str,
) -> None:
    encrypted.serve(subject, start=valid[0], days=valid[1])
    problem = problem_with(encrypted.tls_port, ca=authority.ca)
    assert problem == f"mqtts://127.0.0.1:{encrypted.tls_port}: its certificate is refused: {reason}"
    assert f"broker {problem}: {cure}" in caplog.text


def test_a_certificate_of_an_unknown_authority_is_refused(encrypted: TlsMosquitto, stranger: Authority) -> None:
    encrypted.serve()
    for files in ({"ca": stranger.ca}, {}):
        assert "its certificate is refused: unable to get local issuer" in problem_with(encrypted.tls_port, **files)


def test_nothing_is_sent_to_a_port_without_tls(encrypted: TlsMosquitto, authority: Authority) -> None:
    encrypted.serve()
    file = encrypted.subscribe()
    assert "no TLS at this port" in problem_with(encrypted.port, ca=authority.ca)
    assert read_messages(file) == []


def test_a_tls_port_without_tls_is_reported_with_its_cure(
    encrypted: TlsMosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    encrypted.serve()
    with Publisher(Broker("127.0.0.1", encrypted.tls_port), None, "cam", Outbox()):
        wait_until(lambda: "if it expects TLS, use mqtts://" in caplog.text)


def test_a_client_certificate_is_sent_to_a_broker_that_requires_one(
    encrypted: TlsMosquitto, authority: Authority
) -> None:
    encrypted.serve(extra=f"cafile {authority.ca}\nrequire_certificate true")
    certificate, key = authority.certify("device", "DNS:device")
    broker = tls_broker(encrypted.tls_port, ca=authority.ca, certificate=certificate, key=key)
    with Publisher(broker, None, "cam", Outbox()) as publisher:
        assert publisher.flush(10)
    assert "requires a client certificate" in problem_with(encrypted.tls_port, ca=authority.ca)


@pytest.mark.parametrize(("known", "days", "reason"), [(False, 2, "unknown authority"), (True, -1, "expired")])
def test_a_client_certificate_that_the_broker_refuses_is_reported(
    encrypted: TlsMosquitto, authority: Authority, stranger: Authority, known: bool, days: int, reason: str
) -> None:
    encrypted.serve(extra=f"cafile {authority.ca}\nrequire_certificate true")
    certificate, key = (authority if known else stranger).certify("device", "DNS:device", days, start=-3)
    problem = problem_with(encrypted.tls_port, ca=authority.ca, certificate=certificate, key=key)
    assert problem.endswith(f": refuses our certificate: {reason}")


def test_a_daemon_accepts_and_refuses_by_its_flags_and_logs_one_line(
    encrypted: TlsMosquitto, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    encrypted.serve(extra=f"per_listener_settings false\npassword_file {password_file(tmp_path, 'anna', 'hunter2')}")
    flags = ["--camera", FACE, "--mqtt", f"mqtts://anna@127.0.0.1:{encrypted.tls_port}", "--mqtt-password-file", secret]
    for ca, code in ((authority.ca, 0), (stranger.ca, 1)):
        done = run("fer_edge", *flags, "--mqtt-ca", ca)
        assert done.code == code, done.err
        assert "hunter2" not in done.err
    lines = [line for line in done.err.splitlines() if "unable to get local issuer" in line]
    assert len(lines) == 2  # when it began, and as the error at the end
