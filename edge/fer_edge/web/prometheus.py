"""The metrics of a run, for Prometheus."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from fer_edge.monitoring.health import Health
from fer_edge.web.hub import Hub

EVENT_TYPES = ("start", "update", "end")


class MetricsCollector(Collector):
    """Collects state and health on each request."""

    def __init__(self, hub: Hub, health: Health) -> None:
        self._hub, self._health = hub, health

    def describe(self) -> list[Metric]:
        """Nothing, so that the registry does not collect when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        status, health = self._hub.status, self._health.message()
        state = status.state()
        yield self._info()
        yield _gauge("fer_up_seconds", "Seconds since the start.", health["uptime_s"])
        yield _gauge("fer_faces", "Faces tracked now.", state["faces"])
        yield self._emotions()
        yield _gauge("fer_unsure_faces", "Faces without an emotion that is certain.", self._faces_by_emotion()[None])
        yield _gauge("fer_paused", "Whether the sensor is paused.", state["paused"])
        yield _gauge("fer_camera_up", "Whether the camera delivers frames.", status.camera_problem is None)
        yield _gauge("fer_degraded", "Whether the work is reduced.", health["degraded"] is not None)
        yield _gauge("fer_frames_per_second", "Frames per second since the last reading.", health["fps"])
        yield _stages(health["stages_ms"])
        yield _counter("fer_frames", "Frames processed.", health["frames"])
        yield _counter("fer_frames_dropped", "Frames dropped because the sensor was busy.", health["dropped"])
        yield self._events()
        yield _gauge("fer_outbox_events", "Events waiting for the broker.", health["queue"])
        yield _counter("fer_events_lost", "Events lost.", health["lost"])
        yield _counter("fer_events_refused", "Events refused by the broker.", health["refused"])
        if status.broker:
            yield _gauge("fer_broker_connected", "Whether the broker is connected.", status.broker["connected"])
            yield _counter("fer_broker_stalls", "Connections without acknowledgements, renewed.", health["stalls"])
        if health["temperature_c"] is not None:
            yield _gauge("fer_temperature_celsius", "Temperature of the processor.", health["temperature_c"])
        if health["rss_mb"] is not None:
            yield _gauge("process_resident_memory_bytes", "Resident memory.", health["rss_mb"] * 1e6)
        yield _gauge("fer_viewers", "Pages connected.", len(self._hub.viewers))

    def _info(self) -> Metric:
        info = self._hub.status.info
        labels = {"device": self._hub.status.device, "model": info["model"]["name"], "sha256": info["model"]["sha256"]}
        labels |= {key: info[key] for key in ("version", "accelerator", "camera")}
        return InfoMetricFamily("fer_sensor", "Model, accelerator and camera.", labels)

    def _emotions(self) -> Metric:
        family = GaugeMetricFamily("fer_emotion_faces", "Faces by emotion.", labels=["emotion"])
        for label in self._hub.status.labels:
            family.add_metric([label], self._faces_by_emotion()[label])
        return family

    def _faces_by_emotion(self) -> Counter[str | None]:
        faces = self._hub.history.faces if self._hub.status.faces else []
        return Counter(face["emotion"] for face in faces)

    def _events(self) -> Metric:
        family = CounterMetricFamily("fer_events", "Events by type.", labels=["type"])
        for kind in EVENT_TYPES:
            family.add_metric([kind], self._hub.history.event_counts[kind])
        return family


def _stages(stages: dict[str, dict[str, float]]) -> Metric:
    name, text = "fer_stage_seconds", "Duration of a stage of the pipeline, since the last reading."
    family = GaugeMetricFamily(name, text, labels=["stage", "quantile"])
    for stage, times in stages.items():
        family.add_metric([stage, "0.5"], times["p50"] / 1000)
        family.add_metric([stage, "0.95"], times["p95"] / 1000)
    return family


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, text, value=math.nan if value is None else float(value))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
