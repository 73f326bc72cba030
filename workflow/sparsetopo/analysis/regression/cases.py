"""The cases of a study: which features are cross-validated, and in which way.

The paper's way is shuffled folds, with features scaled over the whole subset. Beside it stand
scaling that never sees the test rows, and whole data sets, architectures or algorithms left out.
Scores, null distributions and intervals are made for the same cases, so that their rows can be
compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sparsetopo.analysis.regression.cross_validation import SCALING_ROWS
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.regression.splits import (
    LEFT_OUT,
    SHUFFLED,
    VALIDATIONS,
    Split,
    require_known,
    splits_of,
)
from sparsetopo.analysis.regression.subsets import (
    TARGET,
    Sample,
    SubsetStatus,
    study_samples,
    subset_columns,
    subset_status,
)
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS, SIZE, FeatureSet
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError

DEFAULT_REPEATS = 100
"""As in the paper."""
DEFAULT_CHECK_REPEATS = 20
FIRST_ENCODINGS = (*PAPER_ENCODINGS, SIZE)
"""The sets of features that are regressed on even if no further check is wanted."""


@dataclass(frozen=True)
class Case:
    """One way to cross-validate one set of features: for `validation` see `VALIDATIONS`, for `scaling` `SCALING_ROWS`.

    Attributes
    ----------
    repeats
        Of the shuffled folds; groups can be left out in one way only.
    main
        Whether this is one of the study's main cases; the others are checks.

    Raises
    ------
    DataError
        An unknown validation or scaling, no repeat, or a table without rows.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sparsity": ["0.9"], "sink": [0.1], "accuracy_drop": [0.02]})
    >>> Case(FeatureSet("MGE", ("sink",), table)).scaling
    'subset'
    """

    features: FeatureSet
    validation: str = SHUFFLED
    scaling: str = "subset"
    repeats: int = DEFAULT_REPEATS
    main: bool = False

    def __post_init__(self) -> None:
        require_known("validation", self.validation, VALIDATIONS)
        require_known("scaling", self.scaling, SCALING_ROWS)
        if self.repeats < 1:
            raise DataError(f"cross-validation needs at least 1 repeat, not {self.repeats}.")
        if self.features.table.empty:
            raise DataError(
                f"the table of '{self.features.name}' has no row; it needs one per network."
            )

    def samples(self, settings: CrossValidation) -> list[tuple[Sample, SubsetStatus]]:
        """Return the sample of every subset, and whether it can be scored.

        A column that the table lacks is a DataError.
        """
        columns, table = self.features.columns, self.features.table
        require_columns(table, [*subset_columns(settings.subset_kinds), TARGET, *columns])
        return [
            (sample, subset_status(sample, self.validation, settings.folds))
            for sample in study_samples(table, columns, settings.subset_kinds)
        ]

    def splits(
        self, sample: Sample, settings: CrossValidation, repeats: int | None = None
    ) -> list[list[Split]]:
        """Return the splits of each repeat, or of the first `repeats` only."""
        if self.validation != SHUFFLED:
            return [splits_of(self.validation, sample.cells, settings.folds)]
        wanted = self.repeats if repeats is None else min(repeats, self.repeats)
        return [
            splits_of(SHUFFLED, sample.cells, settings.folds, sample.name, settings.seed, repeat)
            for repeat in range(wanted)
        ]

    def labels(self, sample: Sample) -> dict[str, str]:
        """Return the cells of a result row that say which case and which subset it is about."""
        return {
            "encoding": self.features.name,
            "validation": self.validation,
            "scaling": self.scaling,
            "subset_kind": sample.kind,
            "subset": sample.name,
        }


def study_cases(
    sets: Mapping[str, FeatureSet],
    *,
    repeats: int = DEFAULT_REPEATS,
    check_repeats: int = DEFAULT_CHECK_REPEATS,
    scaling: str = "subset",
    checks: bool = True,
) -> list[Case]:
    """List what is cross-validated in a study.

    Parameters
    ----------
    sets
        From `feature_sets.feature_sets`.
    repeats
        Of the main cases: shuffled folds of `FIRST_ENCODINGS`.
    check_repeats
        Of all other shuffled folds.
    scaling
        Of the first case of each set, which has shuffled folds. The paper's is "subset".
    checks
        Whether to add the other sets of features, shuffled folds with scaling "fold", and each of
        `splits.LEFT_OUT` with scaling "fold".

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sparsity": ["0.9"], "sink": [0.1], "accuracy_drop": [0.02]})
    >>> sets = {"MGE": FeatureSet("MGE", ("sink",), table)}
    >>> [(case.validation, case.scaling) for case in study_cases(sets)][:3]
    [('shuffled', 'subset'), ('shuffled', 'fold'), ('leave-one-dataset-out', 'fold')]
    >>> len(study_cases(sets, checks=False))
    1
    """
    cases = []
    for name, features in sets.items():
        main = name in FIRST_ENCODINGS
        if not checks and not main:
            continue
        cases.append(Case(features, SHUFFLED, scaling, repeats if main else check_repeats, main))
        if checks:
            if scaling != "fold":
                cases.append(Case(features, SHUFFLED, "fold", check_repeats))
            cases += [Case(features, validation, "fold", 1) for validation in LEFT_OUT]
    return cases
