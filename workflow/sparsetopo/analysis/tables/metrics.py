"""What the analysis must know of a metric: its category, its scaling, and its name in figures.

The sixteen metrics of the paper are stated here, so that a table can be analysed without the code
that measured it (the authors' released results, say). `declared_metrics` adds what the files that
measure metrics declare themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsetopo.errors import DataError
from sparsetopo.registry import literals

SCALINGS = ("nodes", "edges", "none", "nodes_beyond_first")
"""A metric is divided by the number of nodes, by that of edges, taken as it is, or lessened by one and then divided
by the number of nodes: of a count that is at least 1."""

CATEGORIES = ("local", "neighbour", "strength", "global", "expansion")
"""The order in which figures group the metrics (Cunegatti et al. 2024, section 3.2)."""


@dataclass(frozen=True)
class Metric:
    """Category, scaling (one of `SCALINGS`) and display name of one metric."""

    category: str
    scaling: str
    label: str


PAPER_METRICS: Mapping[str, Metric] = {
    "sink": Metric("local", "nodes", "sink nodes"),
    "source": Metric("local", "nodes", "source nodes"),
    "disconnected": Metric("local", "nodes", "disconnected nodes"),
    "r_out": Metric("local", "none", "removable out-edges"),
    "r_in": Metric("local", "none", "removable in-edges"),
    "n1": Metric("neighbour", "edges", "1-hop neighbours"),
    "n2": Metric("neighbour", "edges", "2-hop neighbours"),
    "motif4": Metric("neighbour", "edges", "4-node motifs"),
    "k_core": Metric("strength", "edges", "mean core number"),
    "strength": Metric("strength", "edges", "mean node strength"),
    "components": Metric("global", "none", "components"),
    "component_size": Metric("global", "nodes", "mean component size"),
    "cut_edges": Metric("global", "edges", "cut edges"),
    "cut_nodes": Metric("global", "edges", "cut nodes"),
    "spectral_gap": Metric("expansion", "none", "spectral gap"),
    "spectral_radius": Metric("expansion", "none", "spectral radius"),
}
"""The sixteen metrics of the paper, scaled as in the authors' released table."""


SECOND_READINGS = frozenset({"spectral_gap_signed"})
"""Measured besides, but a second version of one of the sixteen: not a feature of its own."""


def declared_metrics(folder: Path) -> dict[str, Metric]:
    """Read the metrics that the files of a folder declare, without importing them.

    Parameters
    ----------
    folder
        Its Python files, but for those named _*, hold a literal ``METRICS = {key: {"category": ..., "scaling": ...,
        "label": ...}}``; files without one, and entries without "scaling", are passed over (a
        second version of a metric is not a feature). "label" may be left out: the key is shown
        then.
    """
    found: dict[str, Metric] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        declared: dict[str, dict[str, Any]] = literals(path, {"METRICS"}).get("METRICS", {})
        for key, fields in declared.items():
            if "scaling" in fields:
                label = fields.get("label", key.replace("_", " "))
                found[key] = Metric(fields.get("category", "other"), fields["scaling"], label)
    return found


def study_metrics(columns: Iterable[str]) -> dict[str, Metric]:
    """Metrics that a study's table can be analysed by: those of its columns that are features.

    The paper's sixteen come first, then any that further files in ``topometrics/`` declare.

    Parameters
    ----------
    columns
        Columns of the collected table.

    Raises
    ------
    DataError
        If none of them is such a metric.
    """
    present = set(columns)
    declared = declared_metrics(Path(__file__).parents[2] / "metrics/entries")
    known = {
        **PAPER_METRICS,
        **{key: declared[key] for key in declared if key not in SECOND_READINGS},
    }
    found = {key: metric for key, metric in {**known, **PAPER_METRICS}.items() if key in present}
    if not found:
        raise DataError(
            "the collected table has no metric that the analyses can use; topometrics.metrics must list one of "
            f"{', '.join(known)}."
        )
    return found
