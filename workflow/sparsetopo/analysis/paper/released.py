"""The authors' released results as tables of this project: networks, dense baselines and layers.

The released metrics of whole networks are scaled; they are multiplied back here, so that the same
analysis (`features.scale`) reads these tables and those of a study that was computed here.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from sparsetopo.analysis.paper.released_columns import (
    ARCHITECTURES,
    DATASETS,
    RAMANUJAN_COLUMNS,
    TABLES,
    rows_of_grid,
)
from sparsetopo.analysis.paper.released_layout import RELEASED_FOLDER, ReleasedFiles, read_files
from sparsetopo.analysis.tables.accuracy_drop import add_accuracy_drop
from sparsetopo.analysis.tables.collect import published_baselines
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.paper_grid import ALGORITHMS, SEEDS, SPARSITIES
from sparsetopo.analysis.tables.provenance import SOURCE_COLUMN
from sparsetopo.analysis.tables.published_accuracies import (
    PublishedAccuracies,
    read_published_accuracies,
)
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import LAYER_METRICS

RELEASED_RUN = "released (Cunegatti et al. 2024)"
"""Source of an accuracy that the authors released for one run."""
RELEASED = "released"
"""Status of such a network."""

_CELLS = list(product(ALGORITHMS, DATASETS.values(), ARCHITECTURES.values(), SPARSITIES, SEEDS))


@dataclass(frozen=True)
class Released:
    """The released results.

    Attributes
    ----------
    networks
        One row a network: the cell, achieved_sparsity, status, accuracy (0..1), accuracy_source,
        nodes, edges, the sixteen raw metrics, dense_accuracy, accuracy_drop. Nodes, edges and
        metrics are missing if the network was released layer by layer only.
    dense
        One row a data set and architecture: the dense accuracy that the paper printed.
    layers
        One row a network, encoding and layer: the cell, encoding, layer, name, nodes, edges, ten
        raw metrics.
    ramanujan
        One row a network and layer: the cell, layer, name, weights, parameters, density, delta_r,
        delta_r_imdb, lambda_imsg (missing where the released value is missing or infinite).
    notes
        Sentences: what was read, left out, and is missing.
    """

    networks: pd.DataFrame
    dense: pd.DataFrame
    layers: pd.DataFrame
    ramanujan: pd.DataFrame
    notes: list[str]


def read_released(
    folder: str | os.PathLike[str] = RELEASED_FOLDER, accuracies: PublishedAccuracies | None = None
) -> Released:
    """Read the authors' released results (github.com/eliacunegatti/mge-snn, folder graph_data).

    Parameters
    ----------
    folder
        In one of the two layouts of `released_layout`; by default the files of this repository.
    accuracies
        Where the dense accuracies come from (default: the paper's tables 8-10).

    Raises
    ------
    DataError
        If the folder is missing or has neither layout, accuracies are not fractions, a cell has
        several rows that differ, a metric is infinite, or the tables disagree on an accuracy.
    FileFormatError
        If a file or column is missing, a file is not that of its checksum, or something is not a
        number.
    """
    files = read_files(folder)
    tables, notes = {}, list(files.notes)
    for name in TABLES:
        tables[name], note = rows_of_grid(files.tables[name], name, files.names[name])
        notes.append(note)
    ramanujan = tables["ramanujan"]
    without_bound = np.isinf(ramanujan["delta_r"])
    ramanujan["delta_r"] = ramanujan["delta_r"].mask(without_bound)
    if without_bound.any():
        notes.append(
            f"{int(without_bound.sum())} layer(s) have an infinite difference of bound: counted as missing."
        )
    _require_finite(files, tables)
    networks = _networks(tables["unrolled"], _accuracies(files, tables), ramanujan, notes)
    dense = published_baselines(networks, accuracies or read_published_accuracies())
    networks = add_accuracy_drop(networks, dense, "mean")
    layers = pd.concat(
        [tables[encoding].assign(encoding=encoding) for encoding in ("rolled", "rolled_channel")],
        ignore_index=True,
    )
    layer_columns = [*CELL, "encoding", "layer", "name", "nodes", "edges"]
    layer_columns += [name for name in LAYER_METRICS if name in layers]
    columns = [name for name in RAMANUJAN_COLUMNS.values() if name != "accuracy"]
    notes.append(
        f"{layers[list(CELL)].drop_duplicates().shape[0]} network(s) have metrics of their layers."
    )
    return Released(networks, dense, layers[layer_columns], ramanujan[[*CELL, *columns]], notes)


def _require_finite(files: ReleasedFiles, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        for column in table.select_dtypes("number"):
            count = int(np.isinf(table[column]).sum())
            if count:
                raise DataError(
                    f"{files.names[name]}: {count} value(s) of {column} are infinite; they must be finite or missing."
                )


def _accuracies(files: ReleasedFiles, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Accuracy of every network of any table, by cell, after checking that the tables agree."""
    for name, table in tables.items():
        wrong = table[~table["accuracy"].between(0, 1)]
        if len(wrong):
            value = wrong["accuracy"].iloc[0]
            raise DataError(
                f"{files.names[name]}: {len(wrong)} row(s) have an accuracy that is not a fraction "
                f"between 0 and 1, the first is {value:g}; released accuracies are not in percent."
            )
    rows = pd.concat(
        [
            table[[*CELL, "accuracy"]].assign(file=files.names[name])
            for name, table in tables.items()
        ]
    ).drop_duplicates([*CELL, "accuracy"])
    disagree = rows[rows.duplicated(list(CELL))]
    if len(disagree):
        first = disagree.iloc[0]
        raise DataError(
            f"{first['file']}: accuracy {first['accuracy']:g} of {'/'.join(str(first[key]) for key in CELL)} "
            "is not that of the other released tables; all must be of one release."
        )
    return rows.set_index(list(CELL))["accuracy"].sort_index()


def _networks(
    unrolled: pd.DataFrame, accuracy: pd.Series, ramanujan: pd.DataFrame, notes: list[str]
) -> pd.DataFrame:
    raw = unrolled.copy()
    for key, metric in PAPER_METRICS.items():
        if metric.scaling != "none":
            raw[key] = raw[key] * raw[metric.scaling]
    networks = accuracy.reset_index().merge(
        raw.drop(columns="accuracy"), how="left", on=list(CELL), validate="one_to_one"
    )
    kept = ramanujan.groupby(list(CELL))[["weights", "parameters"]].sum()
    achieved = (1 - kept["weights"] / kept["parameters"]).rename("achieved_sparsity")
    networks = networks.merge(achieved, how="left", left_on=list(CELL), right_index=True)
    unknown = networks["achieved_sparsity"].isna()
    networks["achieved_sparsity"] = networks["achieved_sparsity"].fillna(
        networks["sparsity"].astype(np.float64)
    )
    networks = networks.assign(**{"status": RELEASED, SOURCE_COLUMN: RELEASED_RUN})
    _note_gaps(networks, unrolled, unknown, notes)
    outcome = ["achieved_sparsity", "status", "accuracy", SOURCE_COLUMN, "nodes", "edges"]
    return networks[[*CELL, *outcome, *PAPER_METRICS]]


def _note_gaps(
    networks: pd.DataFrame, unrolled: pd.DataFrame, unknown: pd.Series, notes: list[str]
) -> None:
    """Say which networks of the grid are missing, and what the others lack."""
    present = set(networks[list(CELL)].itertuples(index=False, name=None))
    absent = [cell for cell in sorted(_CELLS) if cell not in present]
    by_layer = networks.loc[networks["nodes"].isna(), list(CELL)].to_numpy().tolist()
    notes.append(
        f"{len(networks)} of the {len(_CELLS)} networks of the paper's grid are there, "
        f"{len(absent)} are missing{_named(absent)}."
    )
    notes.append(
        f"{len(unrolled)} of them have metrics of the whole network, "
        f"{len(by_layer)} of their layers only{_named(by_layer)}."
    )
    partial = unrolled[list(PAPER_METRICS)].isna().any(axis=1)
    if partial.any():
        cells = unrolled.loc[partial, list(CELL)].to_numpy().tolist()
        notes.append(f"{len(cells)} network(s) lack some of these metrics{_named(cells)}.")
    if unknown.any():
        notes.append(
            f"{int(unknown.sum())} network(s) have no layers: their achieved sparsity is the nominal one."
        )


def _named(cells: Sequence[Sequence[object]]) -> str:
    """Names of the first ten cells in brackets; empty if there are none."""
    names = ["/".join(map(str, cell)) for cell in cells[:10]] + ["..."] * (len(cells) > 10)
    return f" ({', '.join(names)})" if names else ""
