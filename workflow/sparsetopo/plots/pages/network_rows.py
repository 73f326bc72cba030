"""The networks of a study as rows that the page's charts and its table share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS, ramanujan_means
from sparsetopo.analysis.tables.metrics import (
    TRAINED,
    main_weights,
    on_trained_weights,
    study_metrics,
)
from sparsetopo.analysis.tables.table import CELL, cell_strings
from sparsetopo.plots.style import ALGORITHMS, algorithm_style, display, known_first

_SCALED = {
    "nodes": " / nodes",
    "edges": " / edges",
    "nodes_beyond_first": " beyond the first / nodes",
}


@dataclass(frozen=True)
class NetworkRows:
    """Rows of networks, and what a reader may choose among.

    Attributes
    ----------
    rows
        Of each network: algorithm (as displayed), dataset, architecture, sparsity and seed as strings; accuracy, dense
        and lost (the accuracy drop), status; and every metric of `metrics`. What is missing is None.
    metrics
        {key of the rows: label}, scaled as the analyses use them; last the size.
    axes
        {axis of the grid: its values in the order of figures}.
    algorithm_styles
        {algorithm: its colour and its marker in figures}.
    """

    rows: list[dict[str, Any]]
    metrics: Mapping[str, str]
    axes: Mapping[str, Sequence[str]]
    algorithm_styles: Mapping[str, tuple[str, str]]


def network_rows(networks: pd.DataFrame, layers: pd.DataFrame | None = None) -> NetworkRows:
    """Make the rows of the collected table, and of the Ramanujan metrics of the networks' layers if there are any."""
    own = study_metrics(networks.columns)
    which = main_weights(networks)
    numbers, labels = {}, {}
    scaled = scale(networks, own)
    compared = [name for name in own if f"{name}{TRAINED}" in networks]
    for name, metric in own.items():
        # Of a metric that is scaled by something else than listed the label stands alone.
        labels[name] = metric.label + _SCALED.get(metric.scaling, "")
        if name in compared:
            labels[name] += f", {which} weights"
        numbers[name] = scaled[name]
    trained = scale(on_trained_weights(networks), own)
    for name in compared:
        labels[name + TRAINED] = (
            f"{own[name].label}{_SCALED.get(own[name].scaling, '')}, trained weights"
        )
        numbers[name + TRAINED] = trained[name]
    if layers is not None:
        means = cell_strings(networks).merge(
            _with_cells(ramanujan_means(layers)), how="left", on=list(CELL)
        )
        for name in RAMANUJAN_COLUMNS.values():
            labels[name], numbers[name] = f"{display(name)}, mean of layers", means[name]
    sizes = {"nodes": networks["nodes"], "edges": networks["edges"]}
    if "achieved_sparsity" in networks:
        sizes["density"] = 1 - networks["achieved_sparsity"]
    labels |= {name: name for name in sizes if name not in labels}
    numbers = {**sizes, **numbers}
    cells = cell_strings(networks)
    axes = {
        "algorithm": [display(name) for name in known_first(cells["algorithm"], ALGORITHMS)],
        "sparsity": sorted(set(cells["sparsity"]), key=float),
        "architecture": sorted(set(cells["architecture"])),
        "dataset": sorted(set(cells["dataset"])),
        "seed": sorted(set(cells["seed"]), key=lambda seed: (len(seed), seed)),
    }
    table = cells.assign(algorithm=cells["algorithm"].map(display))
    results = {"accuracy": "accuracy", "dense": "dense_accuracy", "lost": "accuracy_drop"}
    columns = {
        **{name: table[name].tolist() for name in CELL},
        **{name: rounded(networks[column]) for name, column in results.items()},
        **({"status": networks["status"].tolist()} if "status" in networks else {}),
        **{name: rounded(values) for name, values in numbers.items()},
    }
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    styles = algorithm_style(list(cells["algorithm"]))
    return NetworkRows(rows, labels, axes, {display(name): own for name, own in styles.items()})


def _with_cells(means: pd.DataFrame) -> pd.DataFrame:
    means = means.copy()
    means[list(CELL)] = cell_strings(means)
    return means


def rounded(values: pd.Series, digits: int = 6) -> list[float | None]:
    """Numbers of so many significant digits, whole ones without a point; None for what is no number.

    Examples
    --------
    >>> rounded(pd.Series([0.123456789, 1234567.0, float("nan")]))
    [0.123457, 1234567, None]
    """
    found: list[float | None] = []
    for value in values.astype(np.float64).tolist():
        if not np.isfinite(value):
            found.append(None)
        elif value == int(value) and abs(value) < 1e15:
            found.append(int(value))
        else:
            found.append(float(f"{value:.{digits}g}"))
    return found
