"""Where a study's accuracies and weights come from: labels for its tables, and sentences for its reader."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sparsetopo.metrics.registry import METRICS

TRAINED_HERE = "trained here"
PUBLISHED_MEAN = "published mean (Cunegatti et al. 2024, tables 8-10)"
"""Values of the column `SOURCE_COLUMN`."""
SOURCE_COLUMN = "accuracy_source"

PUBLISHED = "published"
NOT_PUBLISHED = "not published"
"""Statuses of a network that was not trained here: the paper printed its accuracy, or did not."""


def uses_published(table: pd.DataFrame) -> bool:
    """Whether the accuracies of a table are published ones."""
    return SOURCE_COLUMN in table and bool((table[SOURCE_COLUMN] == PUBLISHED_MEAN).any())


def label_source(result: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """Add to an analysis's table a last column that names the source of the accuracies of `networks`.

    If these have no column `SOURCE_COLUMN` (an older or foreign table), the result stays as it is.
    """
    if SOURCE_COLUMN not in networks:
        return result
    sources = "; ".join(sorted(networks[SOURCE_COLUMN].unique()))
    return result.assign(**{SOURCE_COLUMN: sources})


def weighted_metrics(names: Sequence[str]) -> list[str]:
    """Those of the metrics that depend on the weights of the edges, not on the mask alone.

    Examples
    --------
    >>> weighted_metrics(["sink", "strength", "spectral_gap"])
    ['strength', 'spectral_gap']
    """
    return [name for name in names if name in METRICS and METRICS[name].reads_weights]


def source_note(
    published: bool, initial_weights: bool, metrics: Sequence[str], *, released: bool = False
) -> str:
    """Say where accuracies and weights come from; empty for a study that trained and measured everything.

    `initial_weights` says whether the graphs carry these, not the trained ones; `released` whether networks, accuracies
    and metrics are those that the paper's authors released.
    """
    sentences = []
    if released:
        sentences.append(
            "Nothing was pruned, trained or measured for this study: networks, accuracies and metrics are those that "
            "the paper's authors released (github.com/eliacunegatti/mge-snn); dense accuracies are the printed means. "
            "Only the analysis was computed here."
        )
    if published:
        sentences.append(
            "No network was trained for this study: masks, graphs and topometrics were computed here on the initial "
            "weights, but all accuracies, sparse and dense, are the means that the paper published "
            "(Cunegatti et al. 2024, tables 8-10), the same for every seed of a cell."
        )
    weighted = weighted_metrics(metrics)
    if initial_weights and weighted:
        which = ", ".join(weighted)
        sentences.append(
            f"{len(weighted)} of the {len(metrics)} topometrics depend on the weights ({which}); they are those of the "
            "initial weights, not of the trained ones that the paper used. The others depend on the masks alone."
        )
    return " ".join(sentences)


_KINDS = {"datasets": "data set", "pruning": "algorithm", "architectures": "architecture"}


def variant_note(definitions: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Say what the names of a study stand for if its configuration defines them or sets their options.

    `definitions` are {section: {name: options}} of the sections "datasets", "pruning" and "architectures"; the option
    "from" names the registry entry, or the network elsewhere.

    Examples
    --------
    >>> variant_note({"datasets": {}, "pruning": {"magnitude-2": {"from": "magnitude", "exponent": 2}}})
    'Here algorithm magnitude-2 is as configured from magnitude (exponent 2).'
    """
    sentences = []
    for section, names in definitions.items():
        for name, given in names.items():
            options = {key: value for key, value in given.items() if key != "from"}
            what = " from " + str(given["from"]) if "from" in given else ""
            settings = ", ".join(f"{key} {value}" for key, value in sorted(options.items()))
            of = f" ({settings})" if settings else ""
            sentences.append(f"Here {_KINDS[section]} {name} is as configured{what}{of}.")
    return " ".join(sentences)


def figure_note(published: bool, initial_weights: bool = False, *, released: bool = False) -> str:
    """Short form of `source_note`, to stand above a figure; leave out the weights if it shows no metric.

    Examples
    --------
    >>> figure_note(published=True, initial_weights=True)
    'accuracies: published means; metrics that read weights: initial weights'
    """
    parts = (
        ["networks, accuracies and metrics: released by the paper's authors"] if released else []
    )
    parts += ["accuracies: published means"] if published else []
    parts += ["metrics that read weights: initial weights"] if initial_weights else []
    return "; ".join(parts)
