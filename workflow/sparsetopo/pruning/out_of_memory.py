"""Running out of memory while scoring: one sentence that names the setting to lower."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from sparsetopo.networks.memory import named_out_of_memory


def scoring_out_of_memory(algorithm: str, settings: Sequence[str]) -> AbstractContextManager[None]:
    """Turn a failed allocation inside the block into a SparsetopoError.

    Parameters
    ----------
    algorithm
        Name of the pruning algorithm at work.
    settings
        Its options that need less memory when they are lower, the first to try first.
    """
    names = " or ".join(f"pruning.{algorithm}.{setting}" for setting in settings)
    advice = f"set {names} lower" if settings else "use a device with more"
    return named_out_of_memory(f"{algorithm} ran out of memory while scoring the network: {advice}")
