"""A collected table of the default study's size, with a known relation between metrics and accuracy."""

import itertools

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.tables.metrics import PAPER_METRICS

ALGORITHMS = ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]
SPARSITIES = ["0.6", "0.8", "0.9", "0.95", "0.98"]


@pytest.fixture
def networks() -> pd.DataFrame:
    """140 rows: 7 algorithms, 1 dataset, 2 architectures, 5 sparsities, 2 seeds; raw metrics.

    The accuracy falls with the share of disconnected nodes and with the spectral gap, and with nothing else.
    """
    random = np.random.default_rng(7)
    records = []
    cells = itertools.product(ALGORITHMS, ["Resnet-20", "Resnet-32"], SPARSITIES, [0, 1])
    for algorithm, architecture, sparsity, seed in cells:
        nodes = 20_000 if architecture == "Resnet-20" else 32_000
        share = random.uniform(0, 0.3) * float(sparsity) + 0.05 * ALGORITHMS.index(algorithm)
        gap = random.uniform(1, 5)
        record = {key: random.uniform(1, 100) for key in PAPER_METRICS}
        record |= {"disconnected": share * nodes, "spectral_gap": gap}
        accuracy = 0.96 - 0.5 * share - 0.02 * gap + random.normal(0, 0.002)
        records.append(
            {
                "algorithm": algorithm,
                "dataset": "digits",
                "architecture": architecture,
                "sparsity": sparsity,
                "seed": seed,
                "status": "finished",
                "accuracy": accuracy,
                "best_accuracy": accuracy,
                "dense_accuracy": 0.98,
                "accuracy_drop": 1 - accuracy / 0.98,
                "nodes": nodes,
                "edges": int(nodes * 100 * (1 - float(sparsity))),
                **record,
            }
        )
    return pd.DataFrame(records)
