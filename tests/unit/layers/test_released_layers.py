"""Metrics of random layers against the released ones, which are of other random masks.

Every released row is compared with the mean of nothing but its like: two masks, a and b, of the
same shape and number of weights, drawn here. If our definition is theirs, released - a is
distributed like b - a: its mean is 0 and its spread is that of b - a.

Tolerances: five standard errors for means. They are made of hundreds of rows of different layers,
but the released masks of one seed use the same random numbers, so the rows are not independent:
spreads may differ by a third.
"""

import math

import numpy as np
import pandas as pd
import pytest
from tests.unit.layers.released_layers import missing, random_mask, released

from sparsetopo.layers import bge_topometrics, ramanujan_metrics, rolled, rolled_channel

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

STANDARD_ERRORS = 5
SPREAD = 4 / 3
RAMANUJAN_COLUMNS = {"delta_r": "degree_bound", "delta_r_imdb": "iterative_degree_bound"}
TOPOMETRIC_COLUMNS = {
    "motif": "motif",
    "n1": "1-hop_nei",
    "k_core": "k-core",
    "cut_edges": "cut-edges",
    "cut_nodes": "cut-nodes",
    "components": "no_connected_components",
    "component_size": "mean_connected_components",
}
SIZES = [
    # Layers of at most so many weights, seeds: seconds, and a minute or two.
    pytest.param(20_000, [0], id="small"),
    pytest.param(300_000, [0, 1, 2], id="all", marks=pytest.mark.slow),
]


def chosen(table, most_weights, seeds):
    """Released rows of sparse layers; those of more than `most_weights` take too long here."""
    rows = released(table)
    size = rows["shape"].map(math.prod)
    return rows[(size <= most_weights) & rows.seed.isin(seeds) & (rows.layer_sparsity < 1)]


def compare(theirs, first, second):
    """Fail unless theirs - first is distributed like second - first; say how they differ."""
    both = np.isfinite(theirs) & np.isfinite(first)
    differences = (theirs - first)[both]
    chance = (second - first)[np.isfinite(second) & np.isfinite(first)]
    error = differences.std() / len(differences) ** 0.5
    spreads = np.abs(differences).mean(), np.abs(chance).mean()  # few rows are far out
    print(f"{differences.mean():+.5f} ± {error:.5f}; spread {spreads[0]:.4f} / {spreads[1]:.4f}")
    assert abs(differences.mean()) <= STANDARD_ERRORS * error
    assert spreads[1] / SPREAD <= spreads[0] <= spreads[1] * SPREAD


@pytest.mark.parametrize(("most_weights", "seeds"), SIZES)
def test_differences_of_bound(most_weights, seeds):
    random = np.random.default_rng(0)
    rows = chosen("ramanujan", most_weights, seeds)
    assert len(rows) > 200
    drawn = [
        pd.DataFrame(
            [
                ramanujan_metrics(rolled(np.ones(shape), random_mask(shape, kept, random)))
                for shape, kept in zip(rows["shape"], rows.no_weights, strict=True)
            ]
        ).astype(float)
        for _ in range(2)
    ]
    for ours, column in RAMANUJAN_COLUMNS.items():
        theirs = rows[column].to_numpy()
        first, second = (part[ours].to_numpy() for part in drawn)
        print(f"\n{ours}: {len(rows)} rows, ", end="")
        compare(theirs, first, second)
        gone, kept = np.isnan(theirs) & ~np.isnan(first), ~np.isnan(theirs) & np.isnan(first)
        print(f"missing {np.isnan(theirs).sum()}, {np.isnan(first).sum()}", end=", ")
        print(f"only in one: {gone.sum()}, {kept.sum()}")
        assert abs(gone.sum() - kept.sum()) <= STANDARD_ERRORS * (gone.sum() + kept.sum()) ** 0.5
    # Not divided by the bound, the metric is far from theirs.
    absolute = drawn[0]["delta_r_absolute"].to_numpy()
    assert np.abs(absolute - rows["degree_bound"].to_numpy()).mean() > 0.3


@pytest.mark.middle
@pytest.mark.parametrize(("most_weights", "seeds"), SIZES)
@pytest.mark.parametrize(
    ("table", "build"), [("rolled", rolled), ("rolled_channel", rolled_channel)]
)
def test_topometrics_of_the_mask(table, build, most_weights, seeds):
    random = np.random.default_rng(0)
    kept = released("rolled").set_index(["pruning", "model", "sparsity", "seed", "layer_id"]).edges
    rows = chosen(table, most_weights, seeds)
    counts = kept.loc[list(rows.set_index(kept.index.names).index)].to_numpy()
    drawn = []
    for _ in range(2):
        values = []
        for shape, count in zip(rows["shape"], counts, strict=True):
            graph = build(np.ones(shape), random_mask(shape, count, random))
            values.append(
                bge_topometrics(graph) | {"nodes": graph.num_nodes, "edges": graph.num_edges}
            )
        drawn.append(pd.DataFrame(values))
    assert (drawn[0].nodes.to_numpy() == rows.nodes.to_numpy()).all()
    for ours, column in {**TOPOMETRIC_COLUMNS, "edges": "edges"}.items():
        theirs = rows[column].to_numpy(dtype=float)
        first, second = (part[ours].to_numpy(dtype=float) for part in drawn)
        print(f"\n{table} {ours}: {len(rows)} rows, ", end="")
        if build is rolled and ours in ("n1", "edges"):  # a function of the number of weights
            np.testing.assert_allclose(theirs, first, atol=1e-6)
        else:
            compare(*map(np.log1p, (theirs, first, second)))  # layers differ in size
