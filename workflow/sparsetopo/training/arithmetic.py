"""What a training run computes on and in: device, number format, compiled or not."""

from dataclasses import dataclass

import torch

from sparsetopo.networks.determinism import resolve_device
from sparsetopo.networks.precision import check_precision


@dataclass(frozen=True)
class Arithmetic:
    """How the numbers of a run are computed; another arithmetic gives other last bits.

    Examples
    --------
    >>> Arithmetic(precision="bfloat16").checked_device()
    device(type='cpu')
    """

    device: str = "cpu"  # or "cuda", "cuda:<number>"
    precision: str = "float32"  # or "tf32", "bfloat16" (`sparsetopo.networks.precision`)
    compile: bool = False  # whether the training steps run through `torch.compile`

    def checked_device(self) -> torch.device:
        """Return the device; a ConfigurationError if it lacks the precision or is not there."""
        device = resolve_device(self.device)
        check_precision(self.precision, device)
        return device
