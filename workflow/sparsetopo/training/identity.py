"""What a training run is recognised by, so that only its own checkpoint is resumed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sparsetopo.checksums import checksum
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.networks.arrays import model_arrays
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe


def run_digest(
    model: nn.Module,
    dataset: PreparedDataset,
    recipe: Recipe,
    order_labels: tuple[str, str, int],
    mask: Mapping[str, NDArray[np.bool_]] | None,
    arithmetic: Arithmetic,
) -> str:
    """SHA-256 of everything the final weights depend on.

    The parameters are those of `sparsetopo.training.train.train`, the model at its initial weights.
    torch's version is included because its implementation, and so the last bits, changes between
    versions; of the device only the kind, as any GPU may resume a run.
    """
    arrays: dict[str, NDArray[Any]] = {"data:" + n: a for n, a in dataset.arrays.items()}
    arrays |= {"initial:" + n: a for n, a in model_arrays(model).items()}
    arrays |= {"mask:" + n: np.asarray(a) for n, a in (mask or {}).items()}
    record = {
        "recipe": recipe.to_record(),
        "order": list(order_labels),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": torch.device(arithmetic.device).type,
        "precision": arithmetic.precision,
        "compile": arithmetic.compile,
    }
    return checksum(arrays, record)
