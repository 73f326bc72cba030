"""The device to compute on, and deterministic algorithms for the length of a block."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils import deterministic

from sparsetopo.errors import ConfigurationError


def resolve_device(name: str) -> torch.device:
    """Return the CPU or CUDA device of that name; a ConfigurationError if torch does not see it.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ConfigurationError(
            [f"device '{name}' is unknown; use 'cpu', 'cuda' or 'cuda:<number>'."]
        )
    if device.type == "cuda" and (device.index or 0) >= (visible := torch.cuda.device_count()):
        restricted = os.environ.get("CUDA_VISIBLE_DEVICES")
        reason = "" if restricted is None else f" (CUDA_VISIBLE_DEVICES is '{restricted}')"
        raise ConfigurationError(
            [
                f"device '{name}' is not there: torch {torch.__version__} sees {visible} CUDA "
                f"devices{reason}; set compute.device to 'cpu', or make the GPU visible to a torch "
                f"built for CUDA."
            ]
        )
    return device


# The module replaces its own class to have settable properties, which a type checker cannot see.
_memory: Any = deterministic


@contextlib.contextmanager
def deterministic_algorithms(device: torch.device) -> Iterator[None]:
    """Request deterministic algorithms inside the block; restore torch's settings after it.

    Operations without a deterministic implementation still run, and torch warns of them. The state
    of torch's random generators is restored too.
    """
    if device.type == "cuda":
        # cuBLAS is reproducible only with a fixed workspace, which it reads when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    mode = torch.get_deterministic_debug_mode()
    fill = _memory.fill_uninitialized_memory
    benchmark = torch.backends.cudnn.benchmark
    # Not torch.use_deterministic_algorithms: it imports torch._inductor (1.6 s).
    torch.set_deterministic_debug_mode("warn")
    # Filling torch.empty with NaN helps to find bugs in torch; here it only costs time.
    _memory.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        _memory.fill_uninitialized_memory = fill
        torch.backends.cudnn.benchmark = benchmark
