"""The broker's side of a run."""

from __future__ import annotations

from functools import partial

from fer_edge.config.broker import Broker
from fer_edge.config.model import Config
from fer_edge.mqtt.command_dispatcher import Command, CommandDispatcher
from fer_edge.mqtt.commands import answer_health
from fer_edge.mqtt.homeassistant import announce
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.reports import Reports
from fer_edge.sensor import Sensor


class MqttDevice:
    """Publishes what a sensor sees and tells, and hears commands to it; served by the loop over the frames."""

    def __init__(self, config: Config, broker: Broker, sensor: Sensor, password: str | None) -> None:
        """Start to connect."""
        self._sensor = sensor
        self.publisher = sensor.publisher = Publisher(broker, password, config.device, sensor.outbox)
        health = sensor.health()
        self._reports = Reports(self.publisher, sensor.info, health.message, sensor.clock)
        self._reports.tell(sensor.state())
        if config.discovery:
            announce(self.publisher, config.discovery, config.device, sensor.info)
        commands: dict[str, Command] = {**sensor.controls.commands, "health": partial(answer_health, health)}
        self._commands = CommandDispatcher(self.publisher, commands)

    def put(self, line: str) -> None:
        """Add an event, a line of JSON. Raises DeliveryError when delivery has failed for good."""
        self.publisher.put(line)

    def report(self) -> None:
        """Say what is to be said by now. Raises DeliveryError when delivery has failed for good."""
        self.publisher.check()
        self._reports.tell(self._sensor.state(), self._sensor.controls.state_every)

    def answer(self) -> None:
        """Carry out commands that were heard."""
        self._commands.run()
