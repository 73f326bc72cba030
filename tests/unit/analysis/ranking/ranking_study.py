"""Studies of two data sets with everything that can be wrong with them, for the tests of rankings."""

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import StudyArrays, study_arrays
from sparsetopo.analysis.ranking.strategies import single_columns, study_mixtures
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

POOLS = {
    "all": ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"],
    "two": ["er", "erk"],
}


def two_datasets(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks of the fixture, and a second data set on which noise decides more."""
    random = np.random.default_rng(11)
    other = networks.assign(dataset="letters")
    noise = random.normal(0, 0.05, len(other))
    other["accuracy"] = (other["accuracy"] + noise).clip(0, 1)
    other["disconnected"] *= random.uniform(0.9, 1.1, len(other))
    table = pd.concat([networks, other], ignore_index=True)
    table["accuracy_drop"] = 1 - table["accuracy"] / table["dense_accuracy"]
    table["achieved_sparsity"] = table["sparsity"].astype(float) + random.uniform(
        0, 0.01, len(table)
    )
    table["edges"] = (table["edges"] * random.uniform(0.9, 1.1, len(table))).astype(int)
    table["layer_density"] = random.uniform(0, 1, len(table))
    return table


def with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Missing cells, accuracies and metrics, a constant metric, ties, rows in no order."""
    random = np.random.default_rng(12)
    table = table.copy()
    table["cut_nodes"] = 5.0 * table["edges"]
    table.loc[table["algorithm"] == "er", "strength"] = np.nan
    for key in list(PAPER_METRICS)[:4]:
        table.loc[random.random(len(table)) < 0.05, key] = np.nan
    table.loc[random.random(len(table)) < 0.1, "layer_density"] = np.nan
    lost = random.random(len(table)) < 0.1
    table.loc[lost, ["accuracy", "accuracy_drop"]] = np.nan
    tied = (table["dataset"] == "letters") & table["algorithm"].isin(["snip", "grasp"])
    table.loc[tied & ~lost, ["accuracy", "accuracy_drop"]] = [0.5, 0.4]
    gone = (random.random(len(table)) < 0.1) | (
        (table["dataset"] == "letters")
        & (table["sparsity"] == "0.9")
        & ~table["algorithm"].isin(["erk"])
    )
    return table[~gone].sample(frac=1, random_state=3, ignore_index=True)


def apart(table: pd.DataFrame) -> pd.DataFrame:
    """An architecture, a sparsity and an algorithm that are on one data set only."""
    table = table.copy()
    letters = table["dataset"] == "letters"
    table.loc[letters & (table["architecture"] == "Resnet-32"), "architecture"] = "Conv-6"
    gone = (letters & (table["sparsity"] == "0.98")) | (~letters & (table["algorithm"] == "snip"))
    return table[~gone].reset_index(drop=True)


def prepared(table: pd.DataFrame):
    """Scaled table, mixtures and single columns: the arguments of `study_arrays`."""
    free = scale(table, PAPER_METRICS).assign(n1=table["n1"], k_core=table["k_core"])
    scaled, mixtures = study_mixtures(table, PAPER_METRICS, free)
    scaled, single = single_columns(scaled)
    return scaled, mixtures, single


def arrays_of(table: pd.DataFrame) -> StudyArrays:
    """The arrays of a study."""
    return study_arrays(*prepared(table))
