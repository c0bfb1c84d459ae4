"""The metrics, as Prometheus parses them."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from tests.support.waiting import wait_until
from tests.support.web_client import request
from tests.support.web_daemon import WebDaemon

EXAMPLES = Path(__file__).parents[3] / "edge" / "examples"


def test_prometheus_parses_the_metrics(porch: WebDaemon) -> None:
    wait_until(lambda: porch.published("event"))
    response = request(porch, "/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(response.body) for sample in family.samples]
    values = {sample.name: sample.value for sample in samples}
    assert values["fer_frames_total"] > 0
    assert values["fer_broker_connected"] == values["fer_camera_up"] == 1
    assert values["fer_broker_stalls_total"] == 0
    assert values["process_resident_memory_bytes"] > 1e7
    assert values["fer_unsure_faces"] >= 0
    by_type = {sample.labels["type"]: sample.value for sample in samples if sample.name == "fer_events_total"}
    assert by_type["start"] >= 1
    info = next(sample.labels for sample in samples if sample.name == "fer_sensor_info")
    assert (info["device"], info["model"]) == (porch.device, "base")


def test_openmetrics_is_served_if_it_is_asked_for(porch: WebDaemon) -> None:
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
    assert request(porch, "/metrics", headers=headers).body.endswith("# EOF\n")


def test_the_grafana_dashboard_of_sensors_uses_only_metrics_that_exist(porch: WebDaemon) -> None:
    exported = {
        sample.name
        for family in text_string_to_metric_families(request(porch, "/metrics").body)
        for sample in family.samples
    }
    used = set(re.findall(r"\bfer_[a-z_]+|process_[a-z_]+", (EXAMPLES / "grafana-sensors.json").read_text()))
    assert len(used) > 12
    assert used - exported <= {"fer_temperature_celsius"}  # absent without a thermometer
