"""Released per-layer results of random masks, and random masks of the same size and shape.

The masks of uniform, ER and ERK are random within a layer, so what the authors released for a layer
of n kept weights is a draw from the same distribution as ours for n random weights. Trained weights
are not released: only what depends on the mask alone can be compared.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[4] / "shared"))
PUBLISHED = SHARED / "reference" / "published"
TABLES = ("ramanujan", "rolled", "rolled_channel")
CELL = ["pruning", "model", "dataset", "sparsity", "seed", "layer_id"]
RANDOM = ("uniform", "er", "erk")
OUR_NAMES = {"CONV-6": "Conv-6", "Resnet-20": "Resnet-20"}
CLASSES = 10  # of CIFAR-10, the only data set used here


def missing() -> str | None:
    """Say which table is missing, or None."""
    for table in TABLES:
        if not (PUBLISHED / f"{table}.csv.xz").is_file():
            return (
                f"the released results are not at {PUBLISHED} (set SPARSETOPO_SHARED to the folder)"
            )
    return None


def released(table: str) -> pd.DataFrame:
    """Rows of random masks of Conv-6 and Resnet-20 on CIFAR-10, with the shape of each layer."""
    rows = pd.read_csv(PUBLISHED / f"{table}.csv.xz").drop_duplicates(CELL)
    chosen = rows.pruning.isin(RANDOM) & rows.model.isin(OUR_NAMES) & (rows.dataset == "CIFAR-10")
    rows = rows[chosen].sort_values(CELL).replace(-np.inf, np.nan)
    parts = []
    for model, part in rows.groupby("model"):
        shapes = weight_shapes(OUR_NAMES[model])
        networks = len(part) // len(shapes)
        assert len(part) == networks * len(shapes)
        parts.append(part.assign(shape=shapes * networks))
    found = pd.concat(parts)
    if "no_params" in found:
        assert (found["no_params"] == found["shape"].map(np.prod)).all()
    return found


def weight_shapes(architecture: str) -> list[tuple[int, ...]]:
    """Shapes of the layers' weights, in the order of the modules."""
    from torch import nn

    from sparsetopo.architectures import build

    model = build(architecture, (3, 32, 32), CLASSES)
    return [
        tuple(module.weight.shape)
        for module in model.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]


def random_mask(shape: tuple[int, ...], kept: int, random: np.random.Generator) -> np.ndarray:
    """Mask with `kept` weights, all equally likely."""
    mask = np.zeros(int(np.prod(shape)), dtype=bool)
    mask[random.choice(mask.size, kept, replace=False)] = True
    return mask.reshape(shape)
