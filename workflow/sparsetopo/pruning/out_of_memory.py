"""Running out of memory while scoring: one sentence that names the setting to lower."""

import contextlib
from collections.abc import Iterator, Sequence

from sparsetopo.errors import SparsetopoError
from sparsetopo.training.memory import is_out_of_memory


@contextlib.contextmanager
def named_out_of_memory(algorithm: str, settings: Sequence[str]) -> Iterator[None]:
    """Turn a failed allocation inside the block into a SparsetopoError.

    Parameters
    ----------
    algorithm
        Name of the pruning algorithm at work.
    settings
        Its options that need less memory when they are lower, the first to try first.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        names = " or ".join(f"pruning.{algorithm}.{setting}" for setting in settings)
        advice = f"set {names} lower" if settings else "use a device with more"
        raise SparsetopoError(
            f"{algorithm} ran out of memory while scoring the network: {advice} "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__})."
        ) from error
