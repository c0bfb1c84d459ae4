"""--check: the broker, with real ones that refuse in the usual ways."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.demo import embedded_broker
from tests.support.checks import run_check
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port
from tests.support.tls import Authority, TlsMosquitto
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker, make_broker, parse_broker
from fer_edge.config.model import Config
from fer_edge.diagnostics.broker import check_broker
from fer_edge.diagnostics.finding import Finding, fail, ok
from fer_edge.mqtt.exchange import ExchangeError
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

FACE = MEDIA / "faces" / "bryan.png"


def check(broker: Broker | None) -> Finding:
    try:
        return check_broker(Config(camera="", broker=broker, device="cam"), {})
    except ExchangeError as error:
        return fail(str(error))


@pytest.fixture
def restricted(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker whose only user is anna, with the password `right`; she may write to the topics of the device cam."""
    passwords, rules = tmp_path / "passwords", tmp_path / "acl"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "right"], check=True)
    rules.write_text("user anna\ntopic readwrite fer/cam/#\n")
    broker = Mosquitto(tmp_path)
    broker.start(f"allow_anonymous false\npassword_file {passwords}\nacl_file {rules}")
    yield broker
    broker.close()


def test_no_broker_is_ok() -> None:
    assert check(None) == ok("not configured")


@pytest.mark.parametrize(
    ("password", "device", "level", "text"),
    [
        ("right", "cam", "ok", "MQTT 5, with a user"),
        ("wrong", "cam", "FAIL", "refused: Not authorized: check the user in mqtt.url and the password"),
        ("right", "other", "FAIL", "fer/other/check: Not authorized: check the broker's access list"),
    ],
)
def test_a_wrong_password_and_a_forbidden_topic_fail_with_their_cures(
    restricted: Mosquitto, password: str, device: str, level: str, text: str
) -> None:
    url = restricted.url.replace("//", "//anna@")
    environment = {"FER_EDGE_MQTT_PASSWORD": password}
    code, parts = run_check("--camera", FACE, "--mqtt", url, "--device", device, env=environment)
    assert (code, parts["broker"].level) == (int(level == "FAIL"), level)
    assert text in parts["broker"].text
    assert password not in parts["broker"].text


def test_a_missing_password_file_fails_by_the_name_of_its_flag(tmp_path: Path) -> None:
    flags = ["--mqtt", "mqtt://anna@127.0.0.1", "--mqtt-password-file", tmp_path / "none"]
    code, parts = run_check(*flags, "--camera", FACE)
    assert code == 1
    assert parts["broker"].text == f"--mqtt-password-file {tmp_path / 'none'}: no such file or directory"


def test_a_password_file_that_every_user_can_read_is_a_warning(restricted: Mosquitto, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("right")
    password.chmod(0o644)
    broker = make_broker(parse_broker(f"mqtt://anna@127.0.0.1:{restricted.port}"), password_file=password)
    finding = check(broker)
    assert finding.level == "warn"
    assert finding.text.endswith(
        f"; {password}: every user of this machine can read the secret in it: chmod 600 {password}"
    )


def test_a_broker_that_cannot_report_a_denial_is_ok_with_that_remark() -> None:
    port = free_port()
    with embedded_broker(port):
        finding = check(parse_broker(f"mqtt://127.0.0.1:{port}"))
    text = "MQTT 3.1.1, which cannot report what an access list denies, without a user"
    assert finding == ok(f"mqtt://127.0.0.1:{port}: {text}")


def test_an_unreachable_broker_fails_with_the_cure() -> None:
    finding = check(parse_broker(f"mqtt://127.0.0.1:{free_port()}"))
    assert finding.level == "FAIL"
    assert "connection refused: start the broker, or check the port in mqtt.url" in finding.text
    finding = check(parse_broker("mqtt://nowhere.invalid"))
    assert finding.level == "FAIL"
    assert "nowhere.invalid" in finding.text


def test_an_untrusted_certificate_and_a_port_without_tls_fail_with_the_cure(tmp_path: Path) -> None:
    encrypted = TlsMosquitto(tmp_path, Authority(tmp_path / "ours"))
    encrypted.serve()
    try:
        address = parse_broker(f"mqtts://127.0.0.1:{encrypted.tls_port}")
        finding = check(make_broker(address, ca=Authority(tmp_path / "strange").ca))
        assert finding.level == "FAIL"
        assert "its certificate is refused" in finding.text
        assert "mqtt.ca must hold the authority that signed it" in finding.text
        assert check(make_broker(address, ca=tmp_path / "ours" / "ca.pem")).level == "ok"
        finding = check(make_broker(parse_broker(f"mqtts://127.0.0.1:{encrypted.port}"), ca=None))
        assert "usually 8883" in finding.text
    finally:
        encrypted.close()


def test_a_running_device_is_not_disturbed(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("fer/cam/#")
    address = parse_broker(mosquitto.url)
    assert address
    running = Publisher(address, None, "cam", Outbox())
    running.start()
    wait_until(lambda: running.connected)
    assert check(address).level == "ok"
    wait_until(lambda: any(topic == "fer/cam/check" for topic, _ in read_messages(file)))
    assert running.connected
    assert [text for topic, text in read_messages(file) if topic == "fer/cam/status"] == ["online"]
    running.close()
