"""One run on several GPUs or machines, through keras.distribution.

It works with the JAX backend: each process trains on its share of every batch, and the gradients and the statistics of
batch normalisation are those of the whole batch. (keras.distribution has no other backend that works across processes,
and TensorFlow's MultiWorkerMirroredStrategy does not support Keras 3: keras-team/keras#20585.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fer_edge.errors import UsageError

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
            parts = [address, number or "1", place or "0"]
        try:
            count, index = int(parts[1]), int(parts[2])
            valid = len(parts) == 3 and 0 <= index < count and (":" in parts[0] or count == 1)
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


def join(processes: Processes) -> None:
    """Connect to the other processes; to be called before anything else uses the backend.

    Raises UsageError when the backend is not JAX.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise UsageError(f"--distribute: the backend is {keras.backend.backend()}", cure="set KERAS_BACKEND=jax")
    if processes.count > 1:
        import jax

        # For CPUs; GPUs have their own. JAX leaves this function untyped.
        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # type: ignore[no-untyped-call]
        keras.distribution.initialize(processes.address, processes.count, processes.index)


def use_data_parallel() -> None:
    """Build models from now on as replicas on every device, each of which takes a share of every batch."""
    import keras

    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
