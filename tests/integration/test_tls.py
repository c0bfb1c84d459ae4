"""TLS against a real Mosquitto, with certificates made by the openssl command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import MEDIA, command, heard, wait_until
from tests.support.tls import Authority, TlsMosquitto

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
    broker = TlsMosquitto(tmp_path, authority)
    yield broker
    broker.close()


def problem(url_port: int, **files: Path) -> str:
    """What is said of a broker that must not be trusted."""
    outbox = Outbox()
    outbox.put("secret")
    made = Publisher(broker(url_port, **files), None, "cam", outbox)
    made.start()
    try:
        wait_until(lambda: "no MQTT answer" not in made.problem)
        assert not made.connected
        return made.problem
    finally:
        made.close()


def broker(port: int, **files: Path) -> Broker:
    made = make_broker(Broker("127.0.0.1", port, scheme="mqtts"), **files)
    assert made
    return made


def test_a_broker_certified_by_our_own_authority_is_trusted(encrypted: TlsMosquitto, authority: Authority) -> None:
    encrypted.serve()
    file = encrypted.subscribe()
    outbox = Outbox()
    outbox.put("x")
    made = Publisher(broker(encrypted.tls_port, ca=authority.ca), None, "cam", outbox)
    made.start()
    assert made.flush(10)
    made.close()
    wait_until(lambda: ("fer/cam/event", "x") in heard(file))
    assert heard(file)[-1] == ("fer/cam/status", "offline")


def test_websockets_over_tls_are_checked_like_the_rest(
    encrypted: TlsMosquitto, authority: Authority, stranger: Authority
) -> None:
    encrypted.serve(extra="protocol websockets")
    for ca, works in ((stranger.ca, False), (authority.ca, True)):
        outbox = Outbox()
        outbox.put("x")
        address = make_broker(Broker("127.0.0.1", encrypted.tls_port, scheme="wss", path="/mqtt"), ca=ca)
        assert address
        made = Publisher(address, None, "cam", outbox)
        made.start()
        assert made.flush(10 if works else 1) == works
        made.close()


@pytest.mark.parametrize(
    ("subject", "days", "complaint"),
    [
        ("IP:127.0.0.2", 2, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("DNS:elsewhere", 2, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("IP:127.0.0.1", -1, "certificate has expired"),
    ],
)
def test_a_certificate_that_is_not_right_is_refused(
    encrypted: TlsMosquitto, authority: Authority, subject: str, days: int, complaint: str
) -> None:
    encrypted.serve(subject, days)
    told = problem(encrypted.tls_port, ca=authority.ca)
    assert told == f"mqtts://127.0.0.1:{encrypted.tls_port}: its certificate is refused: {complaint}"


def test_a_certificate_of_an_authority_that_we_do_not_know_is_refused(
    encrypted: TlsMosquitto, stranger: Authority
) -> None:
    encrypted.serve()
    for files in ({"ca": stranger.ca}, {}):
        assert "its certificate is refused: unable to get local issuer" in problem(encrypted.tls_port, **files)


def test_a_plain_port_is_not_spoken_to_in_the_clear(encrypted: TlsMosquitto, authority: Authority) -> None:
    encrypted.serve()
    file = encrypted.subscribe()
    assert "no TLS at this port" in problem(encrypted.port, ca=authority.ca)
    assert heard(file) == []


def test_a_broker_that_wants_a_certificate_gets_ours(encrypted: TlsMosquitto, authority: Authority) -> None:
    encrypted.serve(extra=f"cafile {authority.ca}\nrequire_certificate true")
    certificate, key = authority.certify("device", "DNS:device")
    made = Publisher(
        broker(encrypted.tls_port, ca=authority.ca, certificate=certificate, key=key), None, "cam", Outbox()
    )
    made.start()
    assert made.flush(10)
    made.close()
    assert "closed the connection" in problem(encrypted.tls_port, ca=authority.ca)


def test_the_flags_do_the_same_and_the_trouble_is_one_line(
    encrypted: TlsMosquitto, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    secret.write_text("hunter2\n")
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "hunter2"], check=True)
    encrypted.serve(extra=f"per_listener_settings false\npassword_file {passwords}")
    flags = ["--camera", FACE, "--mqtt", f"mqtts://anna@127.0.0.1:{encrypted.tls_port}", "--mqtt-password-file", secret]
    for ca, code in ((authority.ca, 0), (stranger.ca, 1)):
        done = subprocess.run(
            command("fer_edge", *flags, "--mqtt-ca", ca),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ,
        )
        assert done.returncode == code, done.stderr
        assert "hunter2" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if "unable to get local issuer" in line]
    assert len(lines) == 2  # when it began, and as the reason of the end
