"""The names that the authors' released tables use, and ours; they are mapped here only.

Source: the files under ``graph_data`` of github.com/eliacunegatti/mge-snn (Cunegatti et al. 2024).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.paper_grid import ALGORITHMS, SEEDS, SPARSITIES
from sparsetopo.analysis.tables.table import CELL, sparsity_strings
from sparsetopo.errors import DataError

DATASETS: Mapping[str, str] = {
    "CIFAR-10": "CIFAR-10",
    "CIFAR-100": "CIFAR-100",
    "tinyimagenet": "Tiny-ImageNet",
}
ARCHITECTURES: Mapping[str, str] = {
    "CONV-6": "Conv-6",
    "Resnet-20": "Resnet-20",
    "Resnet-32": "Resnet-32",
    "Wide-Resnet-28-2": "Wide-Resnet-28-2",
}
"""Released name: ours. Other networks are not of the paper's grid."""

CELL_COLUMNS: Mapping[str, str] = {
    "pruning": "algorithm",
    "dataset": "dataset",
    "model": "architecture",
    "sparsity": "sparsity",
    "seed": "seed",
}

_GRAPH_COLUMNS = {
    "accuracy": "accuracy",
    "nodes": "nodes",
    "edges": "edges",
    "1-hop_nei": "n1",
    "k-core": "k_core",
    "avg_node_strength": "strength",
    "no_connected_components": "components",
    "mean_connected_components": "component_size",
    "cut-edges": "cut_edges",
    "cut-nodes": "cut_nodes",
    "spectral_gap": "spectral_gap",
    "spectral_radius": "spectral_radius",
}

_UNROLLED_COLUMNS = {
    **_GRAPH_COLUMNS,
    "sink_nodes": "sink",
    "source_nodes": "source",
    "disc_nodes": "disconnected",
    # Swapped on purpose: the released r-in is the paper's removable out-edges (those of the source
    # nodes), the released r-out its removable in-edges.
    "r-in": "r_out",
    "r-out": "r_in",
    "2-hop_nei": "n2",
    "motif": "motif4",
}
"""Whole networks; the metrics are scaled (`features.scale`)."""

_LAYER_COLUMNS = {
    **_GRAPH_COLUMNS,
    "layer_id": "layer",
    "layer_name": "name",
    "motif": "motif",
}
"""Layers, tidied; the metrics are raw."""

REPOSITORY_LAYER_COLUMNS: Mapping[str, str] = {
    "pruning_algorithm": "pruning",
    "motifs_count": "motif",
    "nei_one_hop": "1-hop_nei",
    "coreness_all": "k-core",
    "strenght_all": "avg_node_strength",
    "weak_clusters": "no_connected_components",
    "mean_weak": "mean_connected_components",
    "bridges": "cut-edges",
    "a_point": "cut-nodes",
    "spectral_gap_weighted_undirected": "spectral_gap",
    "spectral_radius_laplacian_weighted_undirected": "spectral_radius",
}
"""Column of a layer file in the authors' repository: its tidied name, where that differs."""

RAMANUJAN_COLUMNS: Mapping[str, str] = {
    "accuracy": "accuracy",
    "layer_id": "layer",
    "layer_name": "name",
    "no_weights": "weights",
    "no_params": "parameters",
    "layer_sparsity": "density",
    "degree_bound": "delta_r",
    "iterative_degree_bound": "delta_r_imdb",
    "iterative_spectral_gap": "lambda_imsg",
}
"""Ramanujan metrics of layers. The released layer_sparsity is the share of weights that are kept."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "unrolled": _UNROLLED_COLUMNS,
    "rolled": _LAYER_COLUMNS,
    "rolled_channel": _LAYER_COLUMNS,
    "ramanujan": RAMANUJAN_COLUMNS,
}
"""The tidied tables, and their columns beside those of the cell: released name, ours."""


def tidied_columns(table: str) -> list[str]:
    """Names of the columns of a tidied table, those of the cell first.

    Examples
    --------
    >>> tidied_columns("ramanujan")[:7]
    ['pruning', 'dataset', 'model', 'sparsity', 'seed', 'accuracy', 'layer_id']
    """
    return [*CELL_COLUMNS, *TABLES[table]]


def rows_of_grid(released: pd.DataFrame, table: str, name: str) -> tuple[pd.DataFrame, str]:
    """Rows of the paper's grid under our names, and a sentence on what was read and left out.

    They are sorted by cell and layer, without exact duplicates; sparsity is a string. Messages call the file by its
    name.

    Raises
    ------
    DataError
        If no row is of the grid, or two rows of a cell differ.
    """
    every = released.rename(columns={**CELL_COLUMNS, **TABLES[table]})
    every["dataset"] = every["dataset"].map(DATASETS)
    every["architecture"] = every["architecture"].map(ARCHITECTURES)
    every["sparsity"] = sparsity_strings(every["sparsity"])
    inside = (
        every["algorithm"].isin(ALGORITHMS)
        & every["sparsity"].isin(SPARSITIES)
        & every["seed"].isin(SEEDS)
        & every[["dataset", "architecture"]].notna().all(axis=1)
    )
    count, rows = int(inside.sum()), len(every)
    if not count:
        raise DataError(f"{name}: none of its {rows} row(s) belongs to the paper's grid.")
    chosen = every[inside].drop_duplicates()
    note = (
        f"{Path(name).name.split('.')[0]}: {rows} row(s) read, {rows - count} of other networks left out, "
        f"{count - len(chosen)} exact duplicate(s) left out."
    )
    within = ["layer"] if "layer" in chosen else []
    keys = [*CELL, *within]
    twice = chosen.duplicated(keys)
    if twice.any():
        first = "/".join(map(str, chosen.loc[twice, keys].iloc[0]))
        raise DataError(
            f"{name}: {int(twice.sum())} row(s) differ from another of the same cell, the first is {first}; "
            "a cell may have one row only."
        )
    chosen = chosen.astype(dict.fromkeys(["seed", *within], np.int64))
    return chosen.sort_values(keys, kind="stable", ignore_index=True), note
