"""Edges of pruned Conv-6 networks: ours, and those that the paper's authors released.

Conv-6 is the architecture whose released graphs are wired as the paper says. Its number of edges
tells in which layers an algorithm keeps weights: a weight of the first layers has 1,024 edges, one
of the linear layers a few.
"""

import os
from pathlib import Path

import pandas as pd

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[3] / "shared"))
RELEASED = SHARED / "reference" / "published" / "unrolled.csv.xz"
CLASSES = {"CIFAR-10": 10, "CIFAR-100": 100, "Tiny-ImageNet": 200}
SPARSITIES = ("0.6", "0.8", "0.9", "0.95", "0.98")
INPUT_SHAPE = (3, 32, 32)


def released() -> pd.DataFrame:
    """One row a released network: algorithm, dataset, sparsity (as written), seed, edges."""
    table = pd.read_csv(RELEASED).drop_duplicates()
    table = table[table["model"] == "CONV-6"]
    return pd.DataFrame(
        {
            "algorithm": table["pruning"],
            "dataset": table["dataset"].replace({"tinyimagenet": "Tiny-ImageNet"}),
            "sparsity": table["sparsity"].map("{:g}".format),
            "seed": table["seed"],
            "edges": table["edges"],
        }
    )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and sample standard deviation of the edges of each (algorithm, dataset, sparsity)."""
    grouped = table.groupby(["algorithm", "dataset", "sparsity"])["edges"]
    return grouped.agg(["mean", "std", "count"])


def network(dataset: str, seed: int):
    """Conv-6 with the initial weights of a cell."""
    from sparsetopo.architectures import build
    from sparsetopo.networks.initialise import initialise

    model = build("Conv-6", INPUT_SHAPE, CLASSES[dataset])
    initialise(model, dataset, "Conv-6", seed)
    return model


def masks(dataset: str, algorithm: str, seed: int, data, sparsities=SPARSITIES, **options):
    """Yield (sparsity, mask) of one network; single-shot algorithms score once."""
    from sparsetopo.pruning import is_single_shot, prune, score

    model = network(dataset, seed)
    arguments = {"seed": seed, "stream_labels": (dataset, "Conv-6"), **options}
    if data is None:
        arguments["input_shape"] = INPUT_SHAPE
    scores = score(model, algorithm, data, **arguments) if is_single_shot(algorithm) else None
    for sparsity in sparsities:
        if scores is not None:
            yield sparsity, scores.mask(sparsity)
        else:
            yield sparsity, prune(model, algorithm, sparsity, data, **arguments)


def edges(dataset: str, mask) -> int:
    """Edges of the multipartite graph of a mask of Conv-6."""
    from sparsetopo import encode

    return encode(network(dataset, 0), INPUT_SHAPE, mask).num_edges
