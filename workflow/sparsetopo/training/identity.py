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
from sparsetopo.training.recipe import Recipe


def run_digest(
    model: nn.Module,
    dataset: PreparedDataset,
    recipe: Recipe,
    order_labels: tuple[str, str, int],
    mask: Mapping[str, NDArray[np.bool_]] | None,
    **arithmetic: Any,
) -> str:
    """SHA-256 of everything the final weights depend on.

    torch's version is included because its kernels, and so the last bits, change between versions.

    Parameters
    ----------
    model
        At its initial weights.
    dataset, recipe, order_labels, mask
        As given to `sparsetopo.training.train.train`.
    arithmetic
        JSON-able: kind of device, precision, whether the network is compiled.
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
        **arithmetic,
    }
    return checksum(arrays, record)
