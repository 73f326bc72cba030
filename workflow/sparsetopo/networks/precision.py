"""Number formats that training computes in: float32, TF32 or bfloat16.

Weights, gradients, momentum and the loss are always float32; what changes is the input of
convolutions and matrix products. torch's own default on a GPU is a mixture: convolutions in TF32
(10 bits of mantissa instead of 23) and matrix products in float32. Here "float32" covers both.
"""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, get_args

import torch

from sparsetopo.errors import ConfigurationError

Precision = Literal["float32", "tf32", "bfloat16"]

# NVIDIA's Ampere, the first with tensor cores for TF32 and bfloat16.
_AMPERE = (8, 0)


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse, by a ConfigurationError, a format that is unknown or that the device does not have."""
    if precision not in get_args(Precision):
        known = ", ".join(get_args(Precision))
        raise ConfigurationError([f"compute.precision: is '{precision}'; known: {known}."])
    if precision == "tf32" and device.type != "cuda":
        raise ConfigurationError(
            [
                f"compute.precision: is 'tf32', which only GPUs have, on device '{device}'; "
                f"use 'float32' or 'bfloat16'."
            ]
        )
    if precision != "float32" and device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if capability < _AMPERE:
            raise ConfigurationError(
                [
                    f"compute.precision: is '{precision}', but device '{device}' has compute "
                    f"capability {capability[0]}.{capability[1]}, and it takes 8.0 (Ampere) or "
                    f"later; use 'float32'."
                ]
            )


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Context for a forward pass and its loss; the backward pass uses the same formats."""
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


@contextlib.contextmanager
def tf32_only_if_asked(precision: str, device: torch.device) -> Iterator[None]:
    """Let a GPU's float32 products use TF32 if and only if the precision is "tf32".

    torch's settings are restored afterwards. Nothing changes on a CPU, which has no TF32.
    """
    if device.type != "cuda":
        yield
        return
    before = {name: switch.fp32_precision for name, switch in _switches().items()}
    wanted = "tf32" if precision == "tf32" else "ieee"
    _write_tf32(dict.fromkeys(before, wanted))
    try:
        yield
    finally:
        _write_tf32(before)


def _switches() -> dict[str, Any]:
    cudnn: Any = torch.backends.cudnn  # replaces its own class, which a type checker cannot see
    return {
        "convolutions": cudnn.conv,
        "recurrent layers": cudnn.rnn,
        "products": torch.backends.cuda.matmul,
    }


def _write_tf32(values: dict[str, str]) -> None:
    # torch has an old and a new interface to these settings, reads some through the old one, and
    # raises an error if the two disagree. So both are written.
    torch.backends.cudnn.allow_tf32 = values["convolutions"] == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = values["products"] == "tf32"
    for name, switch in _switches().items():
        switch.fp32_precision = values[name]
