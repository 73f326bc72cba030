"""Pages of studies that were made up: of the default size, of four networks, and one that lacks much."""

import itertools

import numpy as np
import pandas as pd
from tests.unit.analysis.regression.regressions import FAST

from sparsetopo.analysis.importance import importance_of_weights
from sparsetopo.analysis.prediction.headline import headline
from sparsetopo.analysis.prediction.scores import prediction_table
from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.regression.cases import study_cases
from sparsetopo.analysis.regression.scores import regression_table
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.feature_sets import feature_sets
from sparsetopo.analysis.tables.metrics import PAPER_METRICS, study_metrics
from sparsetopo.analysis.tables.summary import study_facts
from sparsetopo.plots.pages.document import PageItem
from sparsetopo.plots.pages.study import StudyPage

ALGORITHMS = ("snip", "grasp", "synflow", "prospr", "uniform", "er", "erk")
SPARSITIES = ("0.6", "0.8", "0.9", "0.95", "0.98")
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 40"><circle cx="20" cy="20" r="9"/></svg>'


def networks(
    algorithms=ALGORITHMS,
    sparsities=SPARSITIES,
    architectures=("Resnet-20", "Resnet-32"),
    datasets=("digits",),
    seeds=(0, 1),
):
    """A collected table; the accuracy falls with the share of disconnected nodes."""
    random = np.random.default_rng(3)
    records = []
    for cell in itertools.product(algorithms, datasets, architectures, sparsities, seeds):
        metrics = {name: random.uniform(1, 100) for name in PAPER_METRICS}
        accuracy = 0.95 - 0.004 * metrics["disconnected"] * float(cell[3])
        records.append(
            {
                **dict(zip(("algorithm", "dataset", "architecture", "sparsity", "seed"), cell, strict=True)),
                **{"achieved_sparsity": float(cell[3]), "status": "finished", "weights": "initial"},
                **{"accuracy": accuracy, "dense_accuracy": 0.97, "accuracy_drop": 1 - accuracy / 0.97},
                **{"nodes": 2000, "edges": int(1e6 * (1 - float(cell[3])))},
                **metrics,
                "strength_trained": metrics["strength"] * random.uniform(0.9, 1.1),
            }
        )  # fmt: skip
    return pd.DataFrame(records)


def tables(own, *, checks=True):
    """What the analyses make of a table of networks, with few repeats."""
    metrics = study_metrics(own.columns)
    sets = feature_sets(own, None, metrics)
    settings = CrossValidation(regressors=FAST, subset_kinds=["all", "architecture"])
    cases = study_cases(sets, repeats=1, check_repeats=1, scaling="subset", checks=False)
    pools = {"all": sorted(own["algorithm"].unique())}
    ranked = rank_networks(
        own, metrics, pools, size_free=sets["MGE-size-free"].table,
        settings=RankingSettings(checks=checks, permutations=50, resamples=10),
    )  # fmt: skip
    return {
        "networks": own,
        "dense": pd.DataFrame({"dataset": ["digits"], "accuracy": [0.97]}),
        "prediction": prediction_table(sets, settings, repeats=1, resamples=20),
        "importance": importance_of_weights(own, metrics),
        "regression": regression_table(cases, settings),
        "ranking": ranked.ranking,
        "ranking_means": ranked.means,
    }


def page(own_tables, *, title="Topology of sparse networks: study <mine>", notices=()):
    """The page of a study, with a figure where one of its sections has one."""
    own, dense = own_tables["networks"], own_tables["dense"]
    shown = [name for name in own_tables if name != "dense"]
    return StudyPage(
        title=title,
        headline=headline(own, dense, own_tables["prediction"], own_tables["ranking_means"]),
        notices=notices,
        facts=study_facts(own, list(study_metrics(own.columns))),
        tables=own_tables,
        figures={"regression": FIGURE, "ranking": FIGURE},
        captions={**{f"{name}_figure": f"Figure {name}." for name in ("regression", "ranking")},
                  **{name: f"Table {name}." for name in shown}},
        links=[PageItem(f"tables/{name}.csv", name, f"Table {name}.") for name in shown],
        footer="made up",
    )  # fmt: skip


def default_study():
    return page(tables(networks()))


def tiny_study():
    """Too few networks for any number."""
    return page(tables(networks(("snip", "uniform"), ("0.9", "0.98"), ("Resnet-20",), seeds=(0,))))


def gappy_study():
    """Several data sets and a single seed; diverged networks, missing metrics and drops; no checks; odd names."""
    own = networks(
        ("snip", "er", "</script>"), ("0.9", "0.98"), datasets=("a & b", "digits"), seeds=(0,)
    )
    own = own.drop(columns=["weights", "strength_trained"])
    own.loc[own.index[:3], ["status", "accuracy"]] = ["diverged", 0.1]
    own.loc[own.index[4:6], "spectral_gap"] = np.nan
    own.loc[own["dataset"] == "digits", "accuracy_drop"] = np.nan
    return page(tables(own, checks=False), notices=["Nothing was <trained>."])


STUDIES = {"default": default_study, "tiny": tiny_study, "gappy": gappy_study}
