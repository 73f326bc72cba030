"""What a reader must know beside the answer of a study: what is missing or unusual."""

from collections.abc import Sequence

import pandas as pd

from sparsetopo.analysis.tables.provenance import uses_published
from sparsetopo.analysis.tables.table import check_table


def study_facts(networks: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """Sentences about a table of sparse networks (status, accuracy_drop); `headline` says how large the study is.

    Raises a DataError as `check_table` does.
    """
    notes = check_table(networks, metrics).notes
    lost = int((networks["accuracy"].notna() & networks["accuracy_drop"].isna()).sum())
    if lost and not uses_published(networks):
        notes.insert(
            0, f"{lost} networks have no accuracy drop, because their dense baselines diverged."
        )
    return notes
