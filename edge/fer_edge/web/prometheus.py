"""The figures of a run as Prometheus reads them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from fer_edge.web.hub import Hub

EVENTS = ("start", "update", "end")


class MetricsCollector(Collector):
    """Collects what `state` and `health` tell, each time that it is asked."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> list[Metric]:
        """Nothing: the registry then does not collect before there is something to tell."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        state, health, sensor = self._hub.run.state(), self._hub.health.message(), self._hub.run
        info = sensor.info
        about = {"device": sensor.device, "model": info["model"]["name"], "sha256": info["model"]["sha256"]}
        about |= {key: info[key] for key in ("version", "accelerator", "camera")}
        yield InfoMetricFamily("fer_sensor", "What runs here.", about)
        yield _gauge("fer_up_seconds", "Seconds since the start.", health["uptime_s"])
        yield _gauge("fer_faces", "Faces that are followed.", state["faces"])
        yield self._emotions()
        yield _gauge("fer_paused", "Whether it is paused.", state["paused"])
        yield _gauge("fer_camera_up", "Whether the camera gives frames.", sensor.camera_problem is None)
        yield _gauge("fer_degraded", "Whether less is done than was asked for.", health["degraded"] is not None)
        yield _gauge("fer_frames_per_second", "Frames a second, since the last reading.", health["fps"])
        yield _stages(health["stages_ms"])
        yield _counter("fer_frames", "Frames that were looked at.", health["frames"])
        yield _counter("fer_frames_dropped", "Frames that nobody had time for.", health["dropped"])
        yield self._events()
        yield _gauge("fer_outbox_events", "Events that wait for the broker.", health["queue"])
        yield _counter("fer_events_lost", "Events that were lost.", health["lost"])
        yield _counter("fer_events_refused", "Events that the broker refused.", health["refused"])
        if sensor.broker:
            yield _gauge("fer_broker_connected", "Whether the broker is there.", sensor.broker["connected"])
        if health["temperature_c"] is not None:
            yield _gauge("fer_temperature_celsius", "Of the processor.", health["temperature_c"])
        if health["rss_mb"] is not None:
            yield _gauge("process_resident_memory_bytes", "Memory that it holds.", health["rss_mb"] * 1e6)
        yield _gauge("fer_viewers", "Pages that look on.", len(self._hub.viewers))

    def _emotions(self) -> Metric:
        family = GaugeMetricFamily("fer_emotion_faces", "Faces by their emotion.", labels=["emotion"])
        shown = Counter(face["emotion"] for face in self._hub.faces) if self._hub.run.faces else Counter()
        for label in self._hub.run.labels:
            family.add_metric([label], shown[label])
        return family

    def _events(self) -> Metric:
        family = CounterMetricFamily("fer_events", "Events by their type.", labels=["type"])
        for kind in EVENTS:
            family.add_metric([kind], self._hub.counts[kind])
        return family


def _stages(stages: dict[str, dict[str, float]]) -> Metric:
    name, text = "fer_stage_seconds", "How long a stage of a frame takes, since the last reading."
    family = GaugeMetricFamily(name, text, labels=["stage", "quantile"])
    for stage, times in stages.items():
        family.add_metric([stage, "0.5"], times["p50"] / 1000)
        family.add_metric([stage, "0.95"], times["p95"] / 1000)
    return family


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, text, value=math.nan if value is None else float(value))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
