"""How well a mixture orders networks that it was not fitted on: those of other data sets, architectures, algorithms.

What `advice` does for new networks is done for those of the study, on weights fitted on the rest of it. With the
architecture known and all sparsities at once this is the strategy ``mixture_other_datasets`` (`strategies`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sparsetopo.analysis.importance import correlations
from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.mixture import mixture_scores
from sparsetopo.analysis.ranking.null import null_outcomes, null_summary
from sparsetopo.analysis.ranking.rbo import position_overlaps
from sparsetopo.analysis.ranking.tie_breaking import (
    Bools,
    Floats,
    Ints,
    positions_with_ties_by_name,
)
from sparsetopo.analysis.regression.cross_validation import defined_mean

KEYS = ("architecture", "dataset", "sparsity", "algorithm")
"""Rows of `StudyArrays.keys`."""
PERMUTATIONS = 10_000


@dataclass(frozen=True)
class HeldOut:
    """Overlap of the predicted with the true order at one sparsity, mean over the settings; NaN if there is none.

    A setting is a data set with an architecture. chance and p_value are those of algorithms that are renamed at random
    (`null`). algorithms is the least number that a setting orders.
    """

    overlap: float
    chance: float
    p_value: float
    settings: int
    algorithms: int


def side_weights(
    arrays: StudyArrays, metrics: Floats, used: Bools, architecture: int | None, sparsity: int
) -> Floats:
    """Weights of the metrics, shape (metrics,): mean correlation with the drop over an architecture and a sparsity.

    As in `mixture.mixture_weights`, of the networks `used` (shape (networks,)); the architecture None: over all of
    them.
    """
    keys = dict(zip(KEYS, arrays.keys, strict=True))
    everyone = used if architecture is None else used & (keys["architecture"] == architecture)
    sides = []
    for rows in (everyone, used & (keys["sparsity"] == sparsity)):
        if rows.any():
            sides.append(np.nan_to_num(correlations(metrics[:, rows], arrays.drop[rows])))
        else:
            sides.append(np.zeros(len(metrics)))
    return (sides[0] + sides[1]) / 2


def held_out_overlaps(
    arrays: StudyArrays,
    metrics: Floats,
    architecture: int | None,
    sparsities: Sequence[int],
    algorithms: Sequence[str],
    left_out: Sequence[str],
) -> list[HeldOut]:
    """Order the algorithms of the study by weights that are fitted without what is left out, and compare.

    Parameters
    ----------
    arrays
        The study.
    metrics
        Scaled, shape (metrics, networks), in the order of `arrays`.
    architecture
        Its settings alone are ordered, by weights of its own; None: all settings, by weights of all architectures.
    sparsities
        Those of the orders; the range of each metric is over these, too.
    algorithms
        Those that are ordered.
    left_out
        Of `KEYS`: a network is ordered by weights fitted on networks that differ from it in each of these.

    Returns
    -------
    list of HeldOut
        One for each of the sparsities.
    """
    pairs = np.arange(len(arrays.pairs)) if architecture is None else arrays.pairs_of(architecture)
    own = arrays.numbers(algorithms)
    drawn = arrays.as_observed()
    levels = np.asarray(sparsities)
    accuracy, *means = (
        values[pairs][:, levels][..., own]
        for values in arrays.means(np.vstack([arrays.accuracy, metrics]), drawn)[:, 0]
    )
    present = ~np.isnan(accuracy)
    weights = _weights(arrays, metrics, architecture, pairs, sparsities, own, left_out)
    scores = mixture_scores(np.stack(means)[:, None], present[None], weights[:, None])[0]
    predicted = positions_with_ties_by_name(scores, present)
    truth = positions_with_ties_by_name(accuracy, present, largest_first=True)
    overlaps = position_overlaps(truth, predicted, present)
    outcomes, exact = null_outcomes(truth, [predicted], present, PERMUTATIONS, ["held out"])
    return [
        _held_out(overlaps[:, number], outcomes[:, 0, number], exact, present[:, number])
        for number in range(len(sparsities))
    ]


def _weights(
    arrays: StudyArrays,
    metrics: Floats,
    architecture: int | None,
    pairs: Ints,
    sparsities: Sequence[int],
    own: Ints,
    left_out: Sequence[str],
) -> Floats:
    """Weights of every setting; shape (metrics, pairs, sparsities, algorithms), the last 1 where they share them."""
    several = own if "algorithm" in left_out else own[:1]
    weights = np.zeros((len(metrics), len(pairs), len(sparsities), len(several)))
    for p, (its_architecture, dataset) in enumerate(arrays.pairs[pairs]):
        for g, algorithm in enumerate(several):
            its = {"architecture": its_architecture, "dataset": dataset, "algorithm": algorithm}
            used = np.ones(len(arrays.drop), bool)
            for key in left_out:
                used &= arrays.keys[KEYS.index(key)] != its[key]
            side = None if architecture is None else its_architecture
            for s, sparsity in enumerate(sparsities):
                weights[:, p, s, g] = side_weights(arrays, metrics, used, side, sparsity)
    return weights


def _held_out(overlaps: Floats, outcomes: Floats, exact: bool, present: Bools) -> HeldOut:
    known = ~np.isnan(overlaps)
    if not known.any():
        return HeldOut(np.nan, np.nan, np.nan, 0, 0)
    observed = float(defined_mean(overlaps, axis=0))
    chance, _, p_value = null_summary(outcomes, observed, exact)
    fewest = int(present.sum(axis=-1)[known].min())
    return HeldOut(observed, chance, p_value, int(known.sum()), fewest)
