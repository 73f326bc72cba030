"""Which metrics of a collected table the analyses use.

What a metric is stands in the registry (`sparsetopo.metrics.registry`), which is read without the code that measures.
"""

from collections.abc import Iterable

import pandas as pd

from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import NETWORK_METRICS, PAPER_METRICS, Metric

TRAINED = "_trained"
"""Ends the column of a metric that was measured on the trained weights, beside that of the initial ones."""


def on_trained_weights(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the metrics of the trained weights in place of those of the initial ones.

    As it is, if it has none.

    Examples
    --------
    >>> on_trained_weights(pd.DataFrame({"sink": [1], "strength": [2.0], "strength_trained": [3.0]})).to_dict("list")
    {'sink': [1], 'strength': [3.0]}
    """
    own = [name for name in table.columns if name.endswith(TRAINED)]
    names = [name.removesuffix(TRAINED) for name in own]
    return table.drop(columns=own).assign(**{n: table[o] for n, o in zip(names, own, strict=True)})


def main_weights(networks: pd.DataFrame) -> str:
    """The weights that a table's metrics were measured on: "initial", or "trained" where it does not say."""
    return str(networks["weights"].iloc[0]) if "weights" in networks else "trained"


def study_metrics(columns: Iterable[str]) -> dict[str, Metric]:
    """Metrics among a table's columns that a study can be analysed by: the paper's first, then any others.

    A metric that is a second reading of another one is not a feature. Without any metric there is a DataError.

    Examples
    --------
    >>> list(study_metrics(["accuracy", "n2", "sink", "spectral_gap_signed"]))
    ['sink', 'n2']
    """
    present = set(columns)
    known = {
        name: metric
        for name, metric in {**PAPER_METRICS, **NETWORK_METRICS}.items()
        if metric.second_reading_of is None
    }
    found = {name: metric for name, metric in known.items() if name in present}
    if not found:
        raise DataError(
            "the collected table has no metric that the analyses can use; topometrics.metrics must list one of "
            f"{', '.join(known)}."
        )
    return found
