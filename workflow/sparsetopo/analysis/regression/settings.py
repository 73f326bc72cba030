"""What all cross-validations of a study have in common, and how their work is shared out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sparsetopo.analysis.regression.regressors import REGRESSORS, Regressors
from sparsetopo.analysis.regression.subsets import SUBSET_KINDS
from sparsetopo.errors import DataError


@dataclass(frozen=True)
class CrossValidation:
    """Settings that all cross-validations of a study share.

    Attributes
    ----------
    folds
        Number of folds where they are shuffled.
    seed
        Every shuffle, permutation and resample has a random stream of its own, named after this
        seed, the subset and the repeat, so results do not depend on the order of the work.
    subset_kinds
        "all", and columns of the table whose values define subsets.
    workers
        Number of processes; the result is the same for any number.
    progress
        Called with (done, total) after each subset of each case.

    Raises
    ------
    DataError
        Fewer than two folds.

    Examples
    --------
    >>> CrossValidation(folds=10, workers=2).subset_kinds
    ('all', 'sparsity', 'architecture')
    """

    folds: int = 5
    seed: int = 0
    subset_kinds: Sequence[str] = SUBSET_KINDS
    regressors: Regressors = field(default_factory=lambda: REGRESSORS)
    workers: int = 1
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise DataError(f"cross-validation needs at least 2 folds, not {self.folds}.")

    def run(self, tasks: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
        """Run groups of `joblib.delayed` calls and yield the results of each group, in order."""
        from joblib import Parallel

        flat = [task for group in tasks for task in group]
        results = iter(Parallel(n_jobs=self.workers, return_as="generator")(flat))
        for number, group in enumerate(tasks, start=1):
            yield [next(results) for _ in group]
            if self.progress is not None:
                self.progress(number, len(tasks))


DEFAULT_SETTINGS = CrossValidation()
"""The paper's."""
