"""The MQTT side of a run: publishes its description, state, events and health, and carries out commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fer_edge.cameras.frame import Frame
from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.config.model import Config
from fer_edge.errors import FerError
from fer_edge.events import STATE_MEASURES, encode
from fer_edge.mqtt.command_dispatcher import CommandDispatcher
from fer_edge.mqtt.commands import CommandContext, RunSwitches
from fer_edge.mqtt.homeassistant.announcement import Announcement
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.problem import CHECK_ACCESS_LIST
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.run_settings import RunSettings, SettingsFile
from fer_edge.mqtt.topics import IMAGE, MINUTE
from fer_edge.tracking.track import TrackedFace

FLUSH_TIMEOUT = 5.0  # seconds to deliver what is left at the end
STOP_TIMEOUT = 1.5  # the same when the run is stopped, which must be done within 5 seconds
STATE_EXPIRY = 600  # seconds after which the broker discards a state that is not sent again
FIRST_HEALTH, HEALTH_INTERVAL = 10.0, 60.0  # seconds from the start to the first `health`, and between two of them


class UndeliveredError(FerError):
    """The run ended and the broker does not have every event."""


class HealthReader(Protocol):
    """Source of the `health` message."""

    def message(self) -> dict[str, Any]:
        """The message as of now; rates are since the last one."""
        ...


class StatusSource(Protocol):
    """What is used of `fer_edge.run.status.RunStatus`."""

    @property
    def info(self) -> dict[str, Any]:
        """The `info` message."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock of the run."""
        ...

    def state(self) -> dict[str, Any]:
        """The `state` message."""
        ...

    def open_health(self) -> HealthReader:
        """A new source of `health` messages."""
        ...


class StateReporter:
    """Keeps the retained message `state` on the broker up to date."""

    def __init__(self, publisher: Publisher, monotonic: Callable[[], float]) -> None:
        self._publisher, self._monotonic = publisher, monotonic
        self._state: dict[str, Any] = {}
        self._sent_at = monotonic()

    def update(self, state: dict[str, Any], score_interval: float) -> None:
        """Publish `state` if it has changed; if only measures have, at most every `score_interval` seconds."""
        now = self._monotonic()
        changed = {key for key, value in state.items() if self._state.get(key, ...) != value}
        if changed.difference(STATE_MEASURES) or (changed and now - self._sent_at >= score_interval):
            self._state, self._sent_at = state, now
        self._publisher.retain("state", self._state, STATE_EXPIRY)


class InfoReporter:
    """Keeps `info`, and the discovery message that describes its entities, up to date."""

    def __init__(self, publisher: Publisher, info: dict[str, Any]) -> None:
        """Publish `info`."""
        self._publisher, self._info = publisher, info
        self._announcement: Announcement | None = None
        publisher.retain("info", info)

    def announce(self, announcement: Announcement) -> None:
        """Keep this announcement up to date, too."""
        self._announcement = announcement

    def update(self, info: dict[str, Any]) -> None:
        """Publish what has changed."""
        if info == self._info:
            return
        self._info = info
        self._publisher.retain("info", info)
        if self._announcement:
            self._announcement.publish(info)


class HealthReporter:
    """Publishes `health` at a regular interval."""

    def __init__(
        self, publisher: Publisher, health: Callable[[], dict[str, Any]], monotonic: Callable[[], float]
    ) -> None:
        self._publisher, self._health, self._monotonic = publisher, health, monotonic
        self._due_at = monotonic() + FIRST_HEALTH

    def update(self) -> None:
        """Publish the message when it is due."""
        now = self._monotonic()
        if now >= self._due_at:
            self._due_at = now + HEALTH_INTERVAL
            self._publisher.send("health", self._health())


class Session:
    """The reports and commands of a run, from its start on."""

    def __init__(self, publisher: Publisher, config: Config, status: StatusSource, controls: RunSwitches) -> None:
        self.controls = controls
        self._status, self._publisher = status, publisher
        monotonic = status.clock.monotonic
        self.context = CommandContext(
            controls,
            RunSettings(controls.pipeline, SettingsFile(config.settings_file) if config.settings_file else None),
            lambda jpeg: publisher.send_text(IMAGE, jpeg),
            # A reader of its own: the command `health` must not shorten the interval of the regular message.
            status.open_health().message,
            status.clock.wall,
            config.allow_snapshots,
        )
        self._health = HealthReporter(publisher, status.open_health().message, monotonic)
        self._state = StateReporter(publisher, monotonic)
        self._info = InfoReporter(publisher, status.info)
        self._report_state()
        if config.discovery:
            self._info.announce(Announcement(publisher, config.discovery, config.device, status.info, monotonic))
        self.dispatcher = CommandDispatcher(publisher, self.context)

    def report(self) -> None:
        """Publish what is due. Raises DeliveryError when delivery has failed for good."""
        self._publisher.check()
        self._info.update(self._status.info)
        self._report_state()
        self._health.update()

    def _report_state(self) -> None:
        self._state.update(self._status.state(), self.context.settings.state_interval)
        self._publisher.retain("settings", self.context.settings.values())


class MqttDevice:
    """Publishes a run to a broker and carries out commands: an observer of the run.

    Attributes:
        publisher: The connection to the broker.
    """

    def __init__(self, config: Config, broker: Broker, outbox: Outbox, password: str | None) -> None:
        self._config, self._outbox = config, outbox
        self.publisher = Publisher(broker, password, config.device, outbox)
        self._session: Session | None = None

    def on_start(self, status: StatusSource, controls: RunSwitches) -> None:
        """Connect only now, so that a signal during start-up can still shut down cleanly."""
        self._session = Session(self.publisher, self._config, status, controls)
        self.publisher.start()

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Keep the frame for the command `snapshot`."""
        if self._session:
            self._session.context.frame = frame

    def on_event(self, message: dict[str, Any]) -> None:
        """Add an event to the outbox. Raises DeliveryError when delivery has failed for good."""
        self.publisher.put(encode(message))

    def on_report(self, topic: str, message: dict[str, Any]) -> None:
        """Add a report to the outbox. Raises DeliveryError when delivery has failed for good."""
        if topic != MINUTE or self._config.minutes:
            self.publisher.put(encode(message), topic)

    def poll(self) -> None:
        """Publish what is due, then carry out commands. Raises DeliveryError when delivery has failed for good."""
        if self._session:
            self._session.report()
            self._session.dispatcher.run()

    def finish(self) -> None:
        """Deliver what is left. Raises UndeliveredError when the broker refused events or does not have all in time."""
        if not self._session:
            return
        self._session.report()
        if not self.publisher.flush(STOP_TIMEOUT if self._session.controls.stopping else FLUSH_TIMEOUT):
            problem = self.publisher.problem
            self.publisher.stop_delivery()
            self._outbox.save()
            raise UndeliveredError(f"broker {problem}; {describe_undelivered(self._outbox)}")
        if self.publisher.refused:
            raise UndeliveredError(
                f"broker {self.publisher.address}: refused {self.publisher.refused} events", cure=CHECK_ACCESS_LIST
            )

    def close(self) -> None:
        """Publish `offline` and disconnect."""
        self.publisher.close()


def describe_undelivered(outbox: Outbox) -> str:
    """How many events were not delivered, and what becomes of them. The outbox has been saved."""
    count, kept = len(outbox), outbox.on_disk
    if not count:
        return f"{outbox.lost} events were lost" if outbox.lost else "there were no events"
    if not outbox.path:
        fate = "they are lost (--outbox FILE keeps them)"
    elif kept == count:
        fate = f"they wait in {outbox.path}"
    else:
        lost = f"{count - kept} are lost ({outbox.path}: {outbox.problem})"
        fate = f"{kept} wait in {outbox.path}, {lost}" if kept else lost
    earlier = f", and {outbox.lost} were lost before" if outbox.lost else ""
    return f"{count} events were not delivered{earlier}; {fate}"
