"""The comparison with the paper in a few plain lines, which a run of the released results ends with."""

import numpy as np
import pandas as pd

from sparsetopo.analysis.paper.comparison import (
    CELL_AIMS,
    R2_AIM,
    Comparison,
    check_permuted,
)
from sparsetopo.analysis.paper.comparison_tables import RANKING_TOLERANCE, STRATEGIES
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS

_NAMES = {"layer_density": "layer density"}
_POOLED = "4, 11, 12"


def comparison_lines(comparison: Comparison, permuted: pd.DataFrame) -> list[str]:
    """Say how far our tables are from the printed ones.

    Parameters
    ----------
    comparison
        From `comparison.compare`.
    permuted
        From `comparison.cells_within`: how many cells the mixture meets with permuted weights.

    Raises
    ------
    DataError
        If `permuted` lacks a column.
    """
    summary = comparison.summary
    whole = summary[(summary["table"] == "3") & (summary["quantity"] == "adjusted R2")].iloc[0]
    off = _number(whole["mean_absolute_difference"], 4)
    lines = [
        "The paper's tables, made again from the results that its authors released:",
        f"  table 3, adjusted R2 of the accuracy drop: off by {off} on average over {_cells(whole)} "
        f"(aim: at most {_number(R2_AIM)})",
    ]
    for encoding in PAPER_ENCODINGS:
        lines.append(f"    {encoding:15}{_encoding(comparison.table3, encoding)}")
    pooled = summary[summary["table"] == _POOLED].set_index("quantity").loc[list(STRATEGIES)]
    lines.append(
        f"  tables 4, 11 and 12, rankings: cells within {_number(RANKING_TOLERANCE, 2)} of the printed value, "
        f"of {int(pooled['cells'].max())}"
    )
    met = (
        f"{_NAMES.get(name, name)} {within}{_aim(name)}"
        for name, within in zip(STRATEGIES, pooled["within"], strict=True)
    )
    lines.append(f"    {', '.join(met)}")
    lines.append(f"    {_permuted(permuted)}")
    return lines


def _encoding(table: pd.DataFrame, encoding: str) -> str:
    """Both ranges over the subsets, and the subset in which they are farthest apart."""
    rows = table[table["encoding"] == encoding]
    known = rows.dropna(subset=["difference_r2"])
    if known.empty:
        return "not computed"
    ours, paper = (
        f"{_number(known[name].min(), 2)} to {_number(known[name].max(), 2)}"
        for name in ("adjusted_r2", "paper_adjusted_r2")
    )
    worst = known.iloc[int(known["difference_r2"].abs().to_numpy().argmax())]
    return (
        f"ours {ours}, the paper's {paper}; off most at {worst['subset']}: "
        f"{_number(worst['adjusted_r2'], 2)} for {_number(worst['paper_adjusted_r2'], 2)}"
    )


def _cells(row: pd.Series) -> str:
    """How many cells were compared; of a table with gaps both numbers."""
    whole, computed = int(row["cells"]), int(row["computed"])
    return f"{whole} cells" if whole == computed else f"{computed} of {whole} cells"


def _aim(strategy: str) -> str:
    aim = CELL_AIMS.get(strategy)
    return f" (aim: {aim})" if aim else ""


def _permuted(permuted: pd.DataFrame) -> str:
    """What chance gives: the mixture with its weights permuted."""
    every = check_permuted(permuted)
    counts = every.loc[every["permutation"] > 0, "cells_within"]
    if counts.empty:
        return "the mixture with permuted weights: not computed"
    mean = f"{counts.mean():.0f} on average ({len(counts)} times)"
    return f"the mixture with its weights permuted among the metrics: {mean}"


def _number(value: float, digits: int = 3) -> str:
    """A number below 1 as the paper prints it, without a leading zero.

    Examples
    --------
    >>> _number(0.0119, 4), _number(-0.03, 2)
    ('.0119', '-.03')
    """
    if not np.isfinite(value):
        return "undefined"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
