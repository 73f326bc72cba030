"""The rankings of the paper (tables 4, 11 and 12) from the results that its authors released, and what checks them.

The folder is that of the environment variable SPARSETOPO_SHARED (default: `shared` beside the project).
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from sparsetopo.analysis.paper.released import read_released
from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.permuted import permuted_weights
from sparsetopo.analysis.ranking.rbo import chance_rbo
from sparsetopo.analysis.tables.feature_sets import size_free
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import ramanujan_means
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[5] / "shared"))
PUBLISHED = SHARED / "reference" / "published"
PRINTED = Path(__file__).parents[4] / "resources" / "paper"
SCORED, RANDOM = ["snip", "grasp", "synflow", "prospr"], ["uniform", "er", "erk"]
POOLS = {"all": SCORED + RANDOM, "scored": SCORED, "random": RANDOM}

pytestmark = pytest.mark.skipif(
    not (PUBLISHED / "unrolled.csv.xz").is_file(),
    reason=f"the released results are not in {PUBLISHED} (set SPARSETOPO_SHARED to the folder that has them)",
)


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    released = read_released(PUBLISHED)
    means = ramanujan_means(released.ramanujan)
    return released.networks.merge(means, how="left", on=list(CELL), validate="one_to_one")


@pytest.fixture(scope="module")
def tables(networks):
    free = scale(networks, size_free(PAPER_METRICS))
    return rank_networks(
        networks,
        PAPER_METRICS,
        POOLS,
        size_free=free,
        settings=RankingSettings(permutations=1000, resamples=50),
    )


def _met(ranking: pd.DataFrame) -> pd.Series:
    """Printed cells of tables 4, 11 and 12 met to .01, of each strategy."""
    printed = pd.concat(
        [
            pd.read_csv(PRINTED / f"ranking_{pool}.csv", dtype={"sparsity": str}).assign(pool=pool)
            for pool in POOLS
        ]
    )
    keys = ["pool", "architecture", "sparsity", "strategy"]
    printed = printed.loc[printed["sparsity"] != "mean", [*keys, "rbo"]]
    both = ranking.merge(printed, on=keys, suffixes=("", "_printed"))
    assert both.groupby("strategy").size().eq(60).all()
    return ((both["rbo"] - both["rbo_printed"]).abs() <= 0.0101).groupby(both["strategy"]).sum()


def test_cells_of_the_papers_tables(tables):
    met = _met(tables.ranking)
    assert met["layer_density"] == 60
    assert met["lambda_imsg"] >= 57
    assert met["delta_r_imdb"] >= 53
    assert met["mixture"] >= 48
    assert met["delta_r"] < 40  # it cannot be had from the released columns


def test_permuted_weights_meet_few_cells(networks):
    measured = networks[networks["nodes"].notna()]
    found = permuted_weights(measured, PAPER_METRICS, POOLS)
    met = found.groupby("permutation")[found.columns].apply(lambda rows: _met(rows)["mixture"])
    assert met[0] >= 50
    assert met[1:].max() <= 20
    assert met[1:].mean() <= 8


def test_what_the_checks_find(tables):
    """Weights from other data sets do nearly as well; an algorithm's that never saw it do worse."""
    rbo = tables.means.groupby(["pool", "strategy"])["rbo"].mean()
    everyone = rbo["all"]
    assert everyone["chance"] == pytest.approx(chance_rbo(7))
    assert everyone["mixture"] - everyone["mixture_other_datasets"] < 0.04
    assert 0.05 < everyone["mixture"] - everyone["mixture_other_algorithms"] < 0.15
    assert everyone["mixture_other_algorithms"] > everyone["chance"] + 0.1
    assert abs(everyone["size"] - everyone["chance"]) < 0.05
    # Of the random ones the number of edges alone tells as much as the mixture.
    assert rbo["random"]["edges"] > rbo["random"]["mixture"] - 0.05


def test_every_row_has_a_null_and_an_interval(tables):
    ranked = tables.ranking[tables.ranking["strategy"] != "chance"]
    assert ranked[["null_mean", "null_95", "p_value", "low", "high"]].notna().all(axis=None)
    assert (ranked["low"] <= ranked["high"]).all()
    sizes = ranked["algorithms"].map(chance_rbo)
    assert (ranked["null_mean"] - sizes).abs().max() < 0.02
