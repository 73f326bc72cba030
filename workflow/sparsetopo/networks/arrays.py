"""From tensors to the arrays that the selection works on."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_arrays(scores: Mapping[str, Tensor]) -> dict[str, NDArray[np.floating]]:
    """NumPy arrays of the scores, in their own dtype; half precisions become float32."""
    arrays = {}
    for name, score in scores.items():
        if score.dtype not in (torch.float32, torch.float64):
            score = score.float()
        arrays[name] = score.detach().cpu().numpy()
    return arrays
