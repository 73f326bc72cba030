"""The accuracy drop: how much worse a sparse network is than its dense counterpart.

drop = 1 - accuracy / dense accuracy. It is 0 for a network as good as the dense one, 1 for one that gets nothing right,
and negative for a better one (Cunegatti et al. 2024, section 4.2).
"""

from typing import Literal

import pandas as pd

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError

DenseReference = Literal["mean", "same_seed"]


def add_accuracy_drop(
    sparse: pd.DataFrame, dense: pd.DataFrame, reference: DenseReference = "mean"
) -> pd.DataFrame:
    """Return `sparse` with the columns dense_accuracy and accuracy_drop added (or replaced).

    Parameters
    ----------
    sparse
        One row a sparse network: dataset, architecture, seed, accuracy (0..1).
    dense
        One row a dense baseline, with the same columns. If there is a column "status", baselines that
        "diverged" do not count; where none is left, dense_accuracy and accuracy_drop are missing.
    reference
        "mean": the mean over the seeds of the dense baselines of the same (dataset,
        architecture), as in the paper; "same_seed": the dense baseline with the same initial
        weights and data order.

    Raises
    ------
    DataError
        If a sparse network has no dense baseline, or one whose accuracy is not in (0, 1], or if a
        baseline is there twice.

    Examples
    --------
    >>> cell = {"dataset": "digits", "architecture": "mlp", "seed": 0}
    >>> sparse, dense = (pd.DataFrame([{**cell, "accuracy": accuracy}]) for accuracy in (0.6, 0.8))
    >>> round(add_accuracy_drop(sparse, dense)["accuracy_drop"].item(), 6)
    0.25
    """
    if reference not in ("mean", "same_seed"):
        raise DataError(f"the dense reference must be 'mean' or 'same_seed', not '{reference}'.")
    columns = ["dataset", "architecture", "seed", "accuracy"]
    require_columns(sparse, columns)
    require_columns(dense, columns)
    twice = dense.duplicated(columns[:3])
    if twice.any():
        cell = "/".join(map(str, dense.loc[twice, columns[:3]].iloc[0]))
        raise DataError(f"the dense baseline {cell} is in the table more than once.")
    keys = columns[:2] if reference == "mean" else columns[:3]
    # A diverged baseline does not tell what pruning costs.
    finished = dense["status"] != "diverged" if "status" in dense else pd.Series(True, dense.index)
    usable = dense["accuracy"].where(finished)
    baseline = usable.groupby([dense[key] for key in keys]).mean().rename("dense_accuracy")
    _require_baselines(sparse, dense, keys)
    result = sparse.drop(columns=["dense_accuracy", "accuracy_drop"], errors="ignore")
    result = result.merge(baseline, how="left", left_on=keys, right_index=True)
    _check_accuracies(result, keys)
    result["accuracy_drop"] = 1 - result["accuracy"] / result["dense_accuracy"]
    return result


def _require_baselines(sparse: pd.DataFrame, dense: pd.DataFrame, keys: list[str]) -> None:
    present = set(dense[keys].itertuples(index=False, name=None))
    for cell in sparse[keys].itertuples(index=False, name=None):
        if cell not in present:
            raise DataError(
                f"there is no dense baseline for {'/'.join(map(str, cell))}; the accuracy drop needs one."
            )


def _check_accuracies(table: pd.DataFrame, keys: list[str]) -> None:
    known = table["dense_accuracy"].dropna()
    wrong = known[~known.between(0, 1, inclusive="right")]
    if len(wrong):
        row = table.loc[wrong.index[0]]
        cell = "/".join(map(str, row[keys]))
        raise DataError(
            f"the dense baseline of {cell} has accuracy {row['dense_accuracy']:g}, "
            "which must be above 0 and at most 1."
        )
