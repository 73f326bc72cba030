"""The networks of a finished study, as what something new is compared with."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sparsetopo.analysis.tables.metrics import main_weights, study_metrics
from sparsetopo.analysis.tables.table import CELL, check_table, read_table, sparsity_strings
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.metrics.registry import Metric

TABLE = Path("tables", "networks.csv")
"""The table of networks in a study's folder."""


@dataclass(frozen=True)
class StudyNetworks:
    """Networks of a study that have an accuracy, and the metrics that they are known by.

    Attributes
    ----------
    name
        What messages call the study.
    table
        One row a network: the cell (sparsity as text), accuracy, accuracy_drop, nodes, edges, raw metrics.
    metrics
        Those to compare by.
    comparable
        A sentence on how far metrics that are measured now can be compared with these.
    """

    name: str
    table: pd.DataFrame
    metrics: Mapping[str, Metric]
    comparable: str


def study_networks(
    table: pd.DataFrame,
    name: str,
    metrics: Iterable[str] | None = None,
    comparable: str | None = None,
) -> StudyNetworks:
    """Check a collected table, and leave out networks without an accuracy.

    Parameters
    ----------
    table
        Columns of `table.CELL`, accuracy, accuracy_drop, nodes, edges, and raw metrics.
    name
        What messages call it.
    metrics
        Names of those to use; None: all that an analysis can use (`metrics.study_metrics`).
    comparable
        None: a sentence on the weights that the table says its metrics are of.

    Raises
    ------
    DataError
        If columns are missing, no network has an accuracy, or the table is unusable (`table.check_table`).

    Examples
    --------
    >>> from sparsetopo.analysis.paper.released_networks import released_networks
    >>> study = study_networks(released_networks(), "the paper's", ["sink", "n2"])
    >>> len(study.table), list(study.metrics)
    (1258, ['sink', 'n2'])
    """
    try:
        known = study_metrics(table.columns)
        wanted = list(known if metrics is None else dict.fromkeys(metrics))
        missing = [metric for metric in wanted if metric not in known]
        if missing:
            raise DataError(
                f"it has no metric {', '.join(missing)} to rank by; it has {', '.join(known)}."
            )
        required = [*CELL, "accuracy", "accuracy_drop", "nodes", "edges"]
        lacking = [column for column in required if column not in table]
        if lacking:
            raise DataError(f"its table lacks the column(s) {', '.join(lacking)}.")
        usable = table[table["accuracy"].notna() & table["accuracy_drop"].notna()]
        if usable.empty:
            raise DataError(
                f"none of its {len(table)} networks has an accuracy and an accuracy drop; train them, or take "
                "accuracies that were published."
            )
        checked = check_table(usable, wanted).table
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    checked = checked.assign(sparsity=sparsity_strings(checked["sparsity"]))
    return StudyNetworks(
        name,
        checked.reset_index(drop=True),
        {metric: known[metric] for metric in wanted},
        comparable or _weights_sentence(table, [known[metric] for metric in wanted]),
    )


def read_study_networks(
    folder: str | os.PathLike[str], metrics: Iterable[str] | None = None
) -> StudyNetworks:
    """Read the networks of a study from its folder of results, ``results/<study>``.

    Raises
    ------
    FileFormatError
        If there is no table of networks, or it is damaged.
    DataError
        As `study_networks`.
    """
    path = Path(folder) / TABLE
    if not path.is_file():
        what = "is no folder" if not Path(folder).is_dir() else f"has no {TABLE}"
        raise FileFormatError(
            f"{folder}: {what}; give the results of a study that has collected its networks: results/<study>."
        )
    return study_networks(read_table(path), str(folder), metrics)


def _weights_sentence(table: pd.DataFrame, metrics: Iterable[Metric]) -> str:
    weighted = [metric.name for metric in metrics if metric.reads_weights]
    if not weighted:
        return "how comparable: all metrics depend on the masks alone, whatever the weights"
    return (
        f"how comparable: {', '.join(weighted)} of the study are of its {main_weights(table)} weights, here of those "
        "that are given or drawn; the other metrics depend on the masks alone"
    )
