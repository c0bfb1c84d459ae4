"""One run on several GPUs or machines, through keras.distribution.

It works with the JAX backend: each process trains on its share of every batch, and the gradients and the statistics of
batch normalisation are those of the whole batch. (keras.distribution has no other backend that works across processes,
and TensorFlow's MultiWorkerMirroredStrategy does not support Keras 3: keras-team/keras#20585.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import UsageError
from fer_train.training.rendezvous import MEETING_TIMEOUT, meet

VARIABLES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID")


@dataclass(frozen=True)
class Processes:
    """The processes of a run.

    Attributes:
        address: Host and port of the first process, host:port; "" for a run in one process.
        count: The number of processes.
        index: The number of this process, from 0.
    """

    address: str
    count: int = 1
    index: int = 0

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str]) -> Processes:
        """From `HOST:PORT,COUNT,INDEX`, or `auto`: the variables KERAS_DISTRIBUTION_*, else this process alone.

        Raises UsageError.
        """
        parts = text.split(",")
        if text == "auto":
            address, number, place = (environment.get(name, "") for name in VARIABLES)
            parts = [address.partition(",")[0], number or "1", place or "0"]  # of several, the first one's
        try:
            count, index = int(parts[1]), int(parts[2])
            valid = len(parts) == 3 and 0 <= index < count and (count == 1 or _has_port(parts[0]))
        except (IndexError, ValueError):
            valid = False
        if not valid:
            raise UsageError(
                f"--distribute {','.join(parts)}: must be HOST:PORT,COUNT,INDEX with INDEX from 0 to COUNT-1, "
                f"or auto with {', '.join(VARIABLES)}"
            )
        return cls(parts[0], count, index)

    def check_batch(self, batch: int) -> None:
        """Raises UsageError when a batch cannot be shared evenly."""
        if batch % self.count:
            raise UsageError(f"--batch {batch}: must be a multiple of the {self.count} processes")

    @property
    def share(self) -> tuple[int, int]:
        """The share of every batch that this process takes: (index, count)."""
        return self.index, self.count


def _has_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and 0 < int(port) < 2**16


def check_backend() -> None:
    """Raises UsageError when the backend is not JAX."""
    import keras

    if keras.backend.backend() != "jax":
        raise UsageError(f"--distribute: the backend is {keras.backend.backend()}", cure="set KERAS_BACKEND=jax")


def join(processes: Processes, *, timeout: float = MEETING_TIMEOUT) -> None:
    """Connect to the other processes; to be called before anything else uses the backend.

    Args:
        processes: The processes of the run.
        timeout: How long to wait for them, seconds.

    Raises:
        UsageError: The port cannot be used.
        MissingProcessError: The others have not all connected in time.
    """
    if processes.count > 1:
        import jax

        local = meet(processes.address, processes.count, processes.index, timeout=timeout)
        jax.distributed.initialize(processes.address, processes.count, processes.index)
        _connect_cpus(local)


def _connect_cpus(local: str) -> None:
    """Let CPUs exchange gradients by Gloo at the address `local` of this machine; GPUs have their own means.

    By default Gloo takes the address of the host name: on Debian that is 127.0.1.1, which no other machine can reach,
    and in a container there may be none. JAX has no public way to set it.
    """
    from jax._src import distributed, xla_bridge
    from jax.extend.backend import register_backend_factory
    from jaxlib import _jax

    def make_client() -> Any:
        client = distributed.global_state.client
        return xla_bridge.make_cpu_client(_jax.make_gloo_tcp_collectives(distributed_client=client, hostname=local))

    register_backend_factory("cpu", make_client, fail_quietly=False)


def use_data_parallel() -> None:
    """Build models from now on as replicas on every device, each of which takes a share of every batch."""
    import keras

    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
