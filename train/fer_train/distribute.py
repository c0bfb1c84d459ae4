"""One run on several GPUs, or on several machines, through keras.distribution.

It works with the JAX backend, where each process trains on its share of every batch and the gradients, and the
statistics of batch normalisation, are those of the whole batch. (keras.distribution has no other backend that works
across processes, and MultiWorkerMirroredStrategy of TensorFlow does not know Keras 3: keras-team/keras#20585.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fer_edge.errors import UsageError

VARIABLES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID")


@dataclass(frozen=True)
class Processes:
    """Who takes part: the address host:port of the first process, how many there are, and which one this is."""

    address: str
    count: int = 1
    index: int = 0

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str]) -> Processes:
        """From `HOST:PORT,COUNT,INDEX`, or `auto`: the variables KERAS_DISTRIBUTION_*, else this machine's devices.

        Raises UsageError.
        """
        parts = text.split(",")
        if text == "auto":
            address, number, place = (environment.get(name, "") for name in VARIABLES)
            parts = [address, number or "1", place or "0"]
        try:
            count, index = int(parts[1]), int(parts[2])
            good = len(parts) == 3 and 0 <= index < count and (":" in parts[0] or count == 1)
        except (IndexError, ValueError):
            good = False
        if not good:
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
        """Which part of every batch this process makes: (index, count)."""
        return self.index, self.count


def join(processes: Processes) -> None:
    """Meet the other processes.

    Call it before anything else uses the backend. Raises UsageError on another backend than JAX.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise UsageError(f"--distribute: needs KERAS_BACKEND=jax, it is {keras.backend.backend()}")
    if processes.count > 1:
        import jax

        # For processors; GPUs have their own. JAX leaves this function untyped.
        jax.config.update("jax_cpu_collectives_implementation", "gloo")  # type: ignore[no-untyped-call]
        keras.distribution.initialize(processes.address, processes.count, processes.index)


def spread() -> None:
    """From now on, models are built as copies on every device, each for its share of a batch."""
    import keras

    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
