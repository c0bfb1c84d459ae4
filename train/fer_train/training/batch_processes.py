"""Processes that make the batches: on a GPU a network learns faster than one processor can augment faces."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import cv2

from fer_edge.errors import FerError
from fer_train.training.batch_maker import Batch, BatchMaker

BATCHES_AHEAD = 2  # of each process


class BatchProcesses:
    """Processes that make the next batches while the network learns from one.

    Each has a connection of its own, which breaks when either side is killed.

    Attributes:
        error: What `make` has raised, since TensorFlow wraps it in an error of its own.
    """

    def __init__(self, maker: BatchMaker, count: int) -> None:
        """Start `count` processes with a copy of `maker`; they are new ones, since a GPU's library cannot be forked."""
        self._steps = maker.steps
        self._processes, self._connections = zip(*(_start(maker) for _ in range(count)), strict=True)
        self._requested: set[int] = set()
        self.error: FerError | None = None

    def make(self, epoch: int, number: int) -> Batch:
        """What `maker.make(epoch, number)` returns; the batches after it are requested, too.

        Raises FerError when a process has ended, e.g. killed since memory was short.
        """
        wanted = epoch * self._steps + number
        count = len(self._connections)
        try:
            for place in range(wanted, wanted + BATCHES_AHEAD * count):
                if place not in self._requested:
                    self._connections[place % count].send(place)
                    self._requested.add(place)
            while True:
                made: tuple[int, Batch] = self._connections[wanted % count].recv()
                self._requested.discard(made[0])
                if made[0] == wanted:  # others were requested before a jump back
                    return made[1]
        except (EOFError, ConnectionError) as error:
            cure = "give fewer, if memory was short; the same command resumes from the last complete epoch"
            self.error = FerError("--workers: one of the processes has ended", cure=cure)
            raise self.error from error

    def close(self) -> None:
        """End the processes; batches that are being made are finished and dropped."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join()


def _start(maker: BatchMaker) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    connection, other = context.Pipe()
    process = context.Process(target=_make_batches, args=(maker, other), daemon=True)
    process.start()
    other.close()
    return process, connection


def _make_batches(maker: BatchMaker, connection: Connection) -> None:
    """Make the batches whose places in the run are requested, until the connection breaks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is up to the parent
    cv2.setNumThreads(1)
    try:
        while True:
            place = connection.recv()
            connection.send((place, maker.make(*divmod(place, maker.steps))))
    except (EOFError, ConnectionError):
        pass
