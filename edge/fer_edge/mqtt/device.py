"""The MQTT side of a run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from fer_edge.cameras.frame import Frame
from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.config.model import Config
from fer_edge.errors import FerError
from fer_edge.events import encode
from fer_edge.monitoring.health import Health
from fer_edge.mqtt.command_dispatcher import Command, CommandDispatcher
from fer_edge.mqtt.commands import Commands, Controls, answer_health
from fer_edge.mqtt.homeassistant import announce
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.reports import Reports
from fer_edge.tracking.track import TrackedFace

FLUSH_TIMEOUT = 5.0  # seconds to deliver what is left at the end
STOP_TIMEOUT = 1.5  # the same when the run is stopped, which must be done within 5 seconds


class UndeliveredError(FerError):
    """The run ended and the broker does not have every event."""


class Status(Protocol):
    """Describes a run."""

    @property
    def info(self) -> dict[str, Any]:
        """The message `info`."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock of the run."""
        ...

    def state(self) -> dict[str, Any]:
        """The message `state`."""
        ...

    def open_health(self) -> Health:
        """A new source of the message `health`."""
        ...


class MqttDevice:
    """Publishes a run at a broker and carries out commands: an observer of the run."""

    def __init__(self, config: Config, broker: Broker, outbox: Outbox, password: str | None) -> None:
        self._config = config
        self._outbox = outbox
        self.address = str(broker)
        self._open_publisher = partial(Publisher, broker, password, config.device, outbox)
        self._session: _Session | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached."""
        return self._session is not None and self._session.publisher.connected

    @property
    def problem(self) -> str:
        """Why the broker cannot be reached."""
        return self._session.publisher.problem if self._session else "not connected yet"

    @property
    def refused(self) -> int:
        """Number of events that the broker refused."""
        return self._session.publisher.counts["refused"] if self._session else 0

    def on_start(self, status: Status, controls: Controls) -> None:
        """Start to connect."""
        self._session = _Session(self._open_publisher(), self._config, status, controls)
        self._session.publisher.start()

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Keep the frame for the command `snapshot`."""
        if self._session:
            self._session.commands.frame = frame

    def on_event(self, message: dict[str, Any]) -> None:
        """Add an event to the outbox. Raises DeliveryError when delivery has failed for good."""
        if self._session:
            self._session.publisher.put(encode(message))

    def poll(self) -> None:
        """Publish what is due, then carry out commands. Raises DeliveryError when delivery has failed for good."""
        if self._session:
            self._session.report()
            self._session.dispatcher.run()

    def finish(self) -> None:
        """Deliver what is left. Raises UndeliveredError when the broker does not have every event in time."""
        if not self._session:
            return
        self._session.report()
        if not self._session.publisher.flush(STOP_TIMEOUT if self._session.controls.stopping else FLUSH_TIMEOUT):
            raise UndeliveredError(f"broker {self.problem}; {self._describe_undelivered()}")

    def close(self) -> None:
        """Publish `offline` and disconnect."""
        if self._session:
            self._session.publisher.close()

    def _describe_undelivered(self) -> str:
        """How many events were not delivered, and what becomes of them."""
        count, path = len(self._outbox), self._config.outbox
        if not count:
            return "there were no events"
        kept = f"they wait in {path}" if path else "they are lost (--outbox FILE keeps them)"
        return f"{count} events were not delivered; {kept}"


class _Session:
    """What exists from the start of the run on."""

    def __init__(self, publisher: Publisher, config: Config, status: Status, controls: Controls) -> None:
        self.publisher = publisher
        self.controls = controls
        self._status = status
        health = status.open_health()
        self._reports = Reports(publisher, status.info, health.message, status.clock.monotonic)
        self._reports.tell(status.state())
        if config.discovery:
            announce(publisher, config.discovery, config.device, status.info)
        self.commands = Commands(controls, status.clock.wall, snapshots=config.allow_snapshots)
        commands: dict[str, Command] = {**self.commands.commands, "health": partial(answer_health, health)}
        self.dispatcher = CommandDispatcher(publisher, commands)

    def report(self) -> None:
        """Publish what is due. Raises DeliveryError when delivery has failed for good."""
        self.publisher.check()
        self._reports.tell(self._status.state(), self.commands.state_every)
