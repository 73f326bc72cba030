"""Edges of Conv-6 against the networks that the paper's authors released.

Conv-6 is the architecture whose released graphs are wired as the paper says. The full comparison is
``tests/benchmarks/published_edges.py``.

Tolerances. Our networks have other initial weights, images and random numbers than the released
ones, so means can agree up to their standard errors only. Spreads over seeds, relative to the mean:

- random masks: those of the released networks, pooled over the data sets and the three algorithms
  (the released masks of one seed use the same random numbers, so the cells share their chances);
- ER moreover: the released common factor of the densities is off by up to 2.2 %, differently in each
  cell but the same for all its seeds (ERK at 0.98 has the same densities and is not), as if it had
  been searched for and found approximately: 2.5 % more;
- SNIP: 2.5 % covers what we measured over seeds (up to 2.2 %) and what was released (up to 2.6 %);
- GraSP and ProsPR, whose scores depend on the sample: 1.5 % and 15 % were released at most;
- SynFlow, which depends on the initial weights alone: 0.8 % (released: up to 0.7 %).

A released mean is of three networks or fewer. Five standard errors: the spreads are known from few
networks, and 45 cells are tested at once.
"""

import numpy as np
import pytest
from tests.benchmarks.conv6_edges import (
    CLASSES,
    RELEASED,
    SPARSITIES,
    edges,
    masks,
    released,
    summary,
)
from tests.benchmarks.scoring_images import PACKS, SHARED, TrainingImages

pytestmark = pytest.mark.skipif(
    not RELEASED.is_file(),
    reason=f"the released results are not at {RELEASED} (set SPARSETOPO_SHARED to the folder)",
)
STANDARD_ERRORS = 5
SPREADS = {"snip": 0.025, "synflow": 0.008, "grasp": 0.015}


@pytest.fixture(scope="module")
def theirs():
    """Mean, sample standard deviation and number of the released networks of every cell."""
    return summary(released())


def random_spread(theirs, sparsity):
    """Relative standard deviation over seeds of random masks, pooled over nine cells."""
    rows = theirs[theirs.index.get_level_values("sparsity") == sparsity]
    rows = rows[rows.index.get_level_values("algorithm").isin(["uniform", "er", "erk"])]
    assert len(rows) == 9
    return float(np.sqrt(((rows["std"] / rows["mean"]) ** 2).mean()))


def test_the_released_networks_are_there(theirs):
    for dataset in CLASSES:
        for sparsity in SPARSITIES:
            assert theirs.loc[("erk", dataset, sparsity), "count"] == 3


@pytest.mark.parametrize("dataset", CLASSES)
@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        ("uniform", {}),
        ("uniform", {"scope": "global"}),
        ("erk", {}),
        ("er", {"allocation": "released"}),
    ],
    ids=["uniform", "global uniform", "erk", "released er"],
)
def test_random_masks(algorithm, options, dataset, theirs):
    for sparsity, mask in masks(dataset, algorithm, 0, None, **options):
        row = theirs.loc[(algorithm, dataset, sparsity)]
        tolerance = STANDARD_ERRORS * random_spread(theirs, sparsity) * np.sqrt(1 + 1 / 3)
        assert edges(dataset, mask) == pytest.approx(row["mean"], rel=tolerance), sparsity


@pytest.mark.parametrize("dataset", CLASSES)
def test_the_released_er_is_neither_the_cited_one_nor_erk(dataset, theirs):
    """The definition has far more edges, ERK's redistribution a few percent more."""
    row = theirs.loc[("er", dataset, "0.6")]
    spread = random_spread(theirs, "0.6")
    for algorithm, factor in (("er", 2.5), ("erk", 1 + 5 * spread)):
        _, mask = next(masks(dataset, algorithm, 0, None, sparsities=("0.6",)))
        assert edges(dataset, mask) > factor * row["mean"]


def assert_near(algorithm, dataset, sparsities, theirs, data):
    for sparsity, mask in masks(dataset, algorithm, 0, data, sparsities):
        row = theirs.loc[(algorithm, dataset, sparsity)]
        tolerance = STANDARD_ERRORS * SPREADS[algorithm] * np.sqrt(1 + 1 / row["count"])
        assert edges(dataset, mask) == pytest.approx(row["mean"], rel=tolerance), sparsity


@pytest.mark.middle
@pytest.mark.skipif(
    not (SHARED / "data" / PACKS["CIFAR-10"][0]).is_file(),
    reason=f"there are no image packs in {SHARED / 'data'} (set SPARSETOPO_SHARED to the folder)",
)
def test_snip(theirs, tmp_path):
    images = TrainingImages("CIFAR-10", tmp_path)
    assert_near("snip", "CIFAR-10", ("0.9", "0.98"), theirs, images)


@pytest.mark.slow
def test_synflow(theirs):
    assert_near("synflow", "CIFAR-10", ("0.6", "0.98"), theirs, None)


PACK = SHARED / "data" / PACKS["CIFAR-10"][0]


@pytest.mark.slow
@pytest.mark.skipif(not PACK.is_file(), reason=f"there is no image pack {PACK}")
def test_grasp(theirs, tmp_path):
    assert_near("grasp", "CIFAR-10", SPARSITIES, theirs, TrainingImages("CIFAR-10", tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(not PACK.is_file(), reason=f"there is no image pack {PACK}")
def test_prospr_without_the_first_step(theirs, tmp_path):
    """The released networks follow from the authors' code; the derivative of algorithm 1 gives others.

    Measured, ours over the released at the five sparsities: 1.02, 1.00, 0.99, 1.02, 0.93; with the
    first step 1.05, 1.10, 1.18, 1.35, 1.43. Tolerance: 10 %, twice the spread at 0.8, plus that of
    the cell.
    """
    images = TrainingImages("CIFAR-10", tmp_path)
    for sparsity, mask in masks("CIFAR-10", "prospr", 0, images, first_step="constant"):
        row = theirs.loc[("prospr", "CIFAR-10", sparsity)]
        tolerance = 0.1 + row["std"] / row["mean"]
        assert edges("CIFAR-10", mask) == pytest.approx(row["mean"], rel=tolerance), sparsity


@pytest.mark.middle
def test_the_spread_of_random_masks_over_seeds(theirs):
    """A standard deviation of 12 seeds has a standard error of 21 %, the released one of three seeds 50 %.

    (The released masks of a seed share their random numbers over the data sets.) A factor of 2.5 is about two of them,
    and still tells masks drawn over all layers from masks with the same number in every layer (a twentieth of it).
    """
    found = []
    for seed in range(12):
        ((_, mask),) = masks("CIFAR-10", "uniform", seed, None, ("0.98",), scope="global")
        found.append(edges("CIFAR-10", mask))
    ours = np.std(found, ddof=1) / np.mean(found)
    rows = theirs[theirs.index.get_level_values("sparsity") == "0.98"]
    rows = rows[rows.index.get_level_values("algorithm") == "uniform"]
    released_spread = float(np.sqrt(((rows["std"] / rows["mean"]) ** 2).mean()))
    assert 1 / 2.5 < ours / released_spread < 2.5
