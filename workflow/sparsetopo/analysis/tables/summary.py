"""What a reader must know before the figures of a study: its size, and what is missing or unusual."""

from collections.abc import Sequence

import pandas as pd

from sparsetopo.analysis.tables.provenance import uses_published
from sparsetopo.analysis.tables.table import check_table


def study_facts(networks: pd.DataFrame, dense: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """Sentences about a study, from its tables of sparse networks (status, accuracy_drop) and dense baselines.

    Raises a DataError as `check_table` does.
    """
    notes = check_table(networks, metrics).notes
    mean = f"{dense['accuracy'].mean():.1%}"
    if uses_published(networks):
        size = (
            f"{len(networks)} sparse networks, none of them trained here; the published dense accuracies of their "
            f"{len(dense)} pair(s) of data set and architecture have a mean of {mean}."
        )
        return [size, *notes]
    diverged = int((networks["status"] == "diverged").sum())
    facts = [
        f"{len(networks)} sparse networks, {len(dense)} dense baselines with a mean test accuracy of {mean}; "
        f"{diverged} of the sparse ones diverged in training."
    ]
    lost = int(networks["accuracy_drop"].isna().sum())
    if lost:
        facts.append(
            f"{lost} networks have no accuracy drop, because their dense baselines diverged."
        )
    return facts + notes
