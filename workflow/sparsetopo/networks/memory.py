"""Running out of memory: one sentence that names the setting to lower."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

import torch

from sparsetopo.errors import SparsetopoError

# In messages of a plain RuntimeError: from torch's CPU allocator (c10/core/impl/alloc_cpu.cpp) on
# Linux and elsewhere, from the CUDA driver, and from cuBLAS and cuDNN about their workspace.
_SIGNS = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that a device or the machine ran out of memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def first_line(error: BaseException) -> str:
    """First line of an error's message that is not empty, or else the error's type."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)


@contextlib.contextmanager
def named_out_of_memory(sentence: str) -> Iterator[None]:
    """Turn a failed allocation inside the block into a SparsetopoError.

    The sentence says what ran out of memory and which setting to lower, without a full stop;
    torch's own first line, which says how much was asked for, is added.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise SparsetopoError(f"{sentence} ({first_line(error)}).") from error


def network_must_fit(device: torch.device) -> AbstractContextManager[None]:
    """Say that the device has no memory for the network, if an allocation inside the block fails."""
    return named_out_of_memory(
        f"device '{device}' has no memory left for the network: free it, or use another one"
    )
