"""Which of several new sparse networks promises most, by the mixture of a study: section 4.3 of the paper in use.

The metrics of the candidates are scaled as the study's are, to 0..1 over the candidates, weighted by the study's
correlations with the accuracy drop, and summed; the least sum comes first. Nothing is trained. How sure that is, is
what the same procedure reaches on the study itself where it was not fitted (`held_out`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.importance import LEAST_ROWS
from sparsetopo.analysis.ranking.arrays import StudyArrays, study_arrays
from sparsetopo.analysis.ranking.cases import LEAST_ALGORITHMS
from sparsetopo.analysis.ranking.held_out import KEYS, held_out_overlaps, side_weights
from sparsetopo.analysis.ranking.mixture import mixture_scores
from sparsetopo.analysis.ranking.strategies import MIXTURE, Mixture
from sparsetopo.analysis.ranking.tie_breaking import Floats, positions_with_ties_by_name
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.study_networks import StudyNetworks
from sparsetopo.errors import DataError

LEVEL = 0.05
"""Of significance: above it, an order is said not to be told from chance."""


@dataclass(frozen=True)
class Advice:
    """A predicted order, and what it is worth: tables of records.

    Attributes
    ----------
    order
        sparsity, position (from 1: the least drop is predicted), name, algorithm, score (weighted sum of the metrics;
        the less the better, and comparable at one sparsity only), missing (metrics that do not exist; they count as the
        middle of their range), outside (metrics outside the range of the study).
    certainty
        For each sparsity: study_sparsity (whose weights are used), left_out (what the weights of the validation never
        saw), settings and algorithms (of the study, ordered), overlap (rank-biased, of the predicted with the true
        order; mean over the settings), chance (that of a random order), p_value.
    outside
        Metrics, scaled, of which a candidate is outside the range of all networks of the study: metric, least and most
        (of the candidates), study_least, study_most, beyond (by how much at most, in widths of the study's range;
        infinite where that is a point), networks (candidates outside).
    notes
        Sentences: what was assumed, what to be careful about.
    """

    order: list[dict[str, Any]]
    certainty: list[dict[str, Any]]
    outside: list[dict[str, Any]]
    notes: list[str]

    def records(self) -> list[dict[str, Any]]:
        """The order, each row with the certainty of its sparsity."""
        sure = {record["sparsity"]: record for record in self.certainty}
        return [{**record, **sure[record["sparsity"]]} for record in self.order]


def nearest_sparsity(sparsity: float, levels: Sequence[str]) -> str:
    """The level whose density is the nearest by its logarithm; of two equally near the first.

    Examples
    --------
    >>> nearest_sparsity(0.93, ["0.9", "0.95", "0.98"]), nearest_sparsity(1.0, ["0.9", "0.98"])
    ('0.95', '0.98')
    """
    return min(levels, key=lambda level: abs(_log_density(sparsity) - _log_density(float(level))))


def advise(
    study: StudyNetworks, candidates: pd.DataFrame, architecture: str | None = None
) -> Advice:
    """Predict the order of candidates at each sparsity, best first.

    Parameters
    ----------
    study
        Networks with metrics and accuracies.
    candidates
        One row a sparse network: name, algorithm (None if it is not known), sparsity (text; those that are equal are
        ordered among each other), nodes, edges, and the raw metrics of the study.
    architecture
        That of the candidates, if the study has it: its own correlations are used. Else those of all networks.

    Raises
    ------
    DataError
        If the study has too few algorithms or networks, or not the architecture, or a sparsity has one candidate only.
    """
    scaled = scale(study.table, study.metrics)
    arrays = study_arrays(scaled, [Mixture(MIXTURE, scaled, tuple(study.metrics))], {})
    metrics = arrays.mixtures[MIXTURE][0]
    number = _architecture(study, arrays, architecture)
    rows = scale(candidates, study.metrics).sort_values("name", kind="stable", ignore_index=True)
    levels = sorted(rows["sparsity"].unique(), key=float)
    nearest = {level: nearest_sparsity(float(level), arrays.sparsities) for level in levels}
    _require_enough(study, arrays, rows, nearest, number)
    everyone = np.ones(len(arrays.drop), bool)
    weights = {
        level: side_weights(arrays, metrics, everyone, number, arrays.sparsities.index(own))
        for level, own in nearest.items()
    }
    names = list(study.metrics)
    outside = _outside(scaled, rows, names)
    order = _order(rows, levels, weights, outside, names)
    certainty, notes = _certainty(study, arrays, metrics, number, nearest, rows)
    notes = [*_assumptions(study, arrays, number, nearest), *notes, study.comparable]
    return Advice(order, certainty, _outside_records(scaled, rows, outside, names), notes)


def _log_density(sparsity: float) -> float:
    return math.log(max(1 - sparsity, 1e-12))


def _architecture(
    study: StudyNetworks, arrays: StudyArrays, architecture: str | None
) -> int | None:
    if architecture is None:
        return None
    if architecture not in arrays.architectures:
        raise DataError(
            f"{study.name}: has no architecture '{architecture}'; it has {', '.join(arrays.architectures)}."
        )
    return arrays.architectures.index(architecture)


def _require_enough(
    study: StudyNetworks,
    arrays: StudyArrays,
    rows: pd.DataFrame,
    nearest: Mapping[str, str],
    architecture: int | None,
) -> None:
    if len(arrays.algorithms) < 2:
        raise DataError(
            f"{study.name}: has networks of one algorithm only ({arrays.algorithms[0]}); an order needs two at least."
        )
    counts = {
        f"at sparsity {own}": int((arrays.keys[2] == arrays.sparsities.index(own)).sum())
        for own in nearest.values()
    }
    if architecture is not None:
        there = int((arrays.keys[0] == architecture).sum())
        counts[f"of {arrays.architectures[architecture]}"] = there
    for where, count in counts.items():
        if count < LEAST_ROWS:
            raise DataError(
                f"{study.name}: has {count} network(s) with an accuracy {where}; correlations need {LEAST_ROWS} at "
                "least."
            )
    for level, count in rows["sparsity"].value_counts().items():
        if count < 2:
            raise DataError(f"there is one network at sparsity {level}; an order needs two.")


def _order(
    rows: pd.DataFrame,
    levels: Sequence[str],
    weights: Mapping[str, Floats],
    outside: Floats,
    metrics: list[str],
) -> list[dict[str, Any]]:
    """The records of all levels; each metric's range is over all candidates."""
    values = rows[metrics].to_numpy(np.float64)
    present = np.array([rows["sparsity"] == level for level in levels])
    means = np.broadcast_to(values.T[:, None], (len(metrics), *present.shape))
    fitted = np.stack([weights[level] for level in levels], axis=1)[..., None]
    # With one draw and one pair of architecture and data set, as `mixture_scores` has them.
    scores = mixture_scores(means[:, None, None], present[None, None], fitted[:, None, None])[0, 0]
    positions = positions_with_ties_by_name(scores, present)
    records = []
    for number, level in enumerate(levels):
        for row in np.argsort(positions[number])[: int(present[number].sum())]:
            records.append(
                {
                    "sparsity": level,
                    "position": int(positions[number, row]) + 1,
                    "name": rows["name"][row],
                    "algorithm": rows["algorithm"][row],
                    "score": float(scores[number, row]),
                    "missing": int(np.isnan(values[row]).sum()),
                    "outside": int((outside[row] > 0).sum()),
                }
            )
    return records


def _outside(scaled: pd.DataFrame, rows: pd.DataFrame, metrics: list[str]) -> Floats:
    """How far each value is outside the study's range, in widths of it; shape (candidates, metrics)."""
    values, known = (table[metrics].to_numpy(np.float64) for table in (rows, scaled))
    least, most = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    beyond = np.fmax(np.fmax(least - values, values - most), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(beyond > 0, beyond / (most - least), 0.0)


def _outside_records(
    scaled: pd.DataFrame, rows: pd.DataFrame, outside: Floats, metrics: list[str]
) -> list[dict[str, Any]]:
    return [
        {
            "metric": metric,
            "least": float(rows[metric].min()),
            "most": float(rows[metric].max()),
            "study_least": float(scaled[metric].min()),
            "study_most": float(scaled[metric].max()),
            "beyond": float(outside[:, number].max()),
            "networks": int((outside[:, number] > 0).sum()),
        }
        for number, metric in enumerate(metrics)
        if outside[:, number].any()
    ]


def _certainty(
    study: StudyNetworks,
    arrays: StudyArrays,
    metrics: Floats,
    architecture: int | None,
    nearest: Mapping[str, str],
    rows: pd.DataFrame,
) -> tuple[list[dict[str, Any]], list[str]]:
    """What the procedure reaches on the study, at each sparsity, and what to say about it."""
    known = sorted(set(rows["algorithm"].dropna()) & set(arrays.algorithms))
    strangers = not rows["algorithm"].isin(known).all()
    pool = list(arrays.algorithms) if strangers or len(known) < 2 else known
    wanted = ["dataset", *(["architecture"] if architecture is None else [])]
    wanted += ["algorithm"] if strangers else []
    levels = (arrays.architectures, arrays.datasets, arrays.sparsities, arrays.algorithms)
    several = {key: len(names) > 1 for key, names in zip(KEYS, levels, strict=True)}
    left_out = [key for key in wanted if several[key]]
    notes = [
        f"{study.name}: has one {_WORDS[key]} only, so whether its weights hold for another is not known"
        for key in wanted
        if not several[key]
    ]
    if len(pool) < LEAST_ALGORITHMS:
        notes.append(
            f"with {len(pool)} algorithms a random order agrees with the true one so often that an overlap says little"
        )
    own = list(dict.fromkeys(nearest.values()))
    found = {}
    if left_out:
        numbers = [arrays.sparsities.index(name) for name in own]
        held = held_out_overlaps(arrays, metrics, architecture, numbers, pool, left_out)
        found = dict(zip(own, held, strict=True))
    records = []
    for level, name in nearest.items():
        record: dict[str, Any] = {"sparsity": level, "study_sparsity": name}
        record["left_out"] = ", ".join(_WORDS[key] for key in left_out) or None
        held_out = found.get(name)
        for key in ("settings", "algorithms", "overlap", "chance", "p_value"):
            value = getattr(held_out, key, None)
            record[key] = None if value is None or math.isnan(value) else value
        records.append(record)
        notes += _doubts(record)
    return records, notes


_WORDS = {"dataset": "data set", "architecture": "architecture", "algorithm": "algorithm"}


def _doubts(record: Mapping[str, Any]) -> list[str]:
    where = f"at sparsity {record['sparsity']}"
    if record["overlap"] is None:
        return [f"{where} nothing in the study says how sure the order is"]
    if record["p_value"] < LEVEL:
        return []
    return [
        f"{where} the overlap with the true order, {record['overlap']:.2f} on average, cannot be told from that of a "
        f"random order, {record['chance']:.2f} (p = {record['p_value']:.2f}): do not rely on this order"
    ]


def _assumptions(
    study: StudyNetworks,
    arrays: StudyArrays,
    architecture: int | None,
    nearest: Mapping[str, str],
) -> list[str]:
    notes = []
    if architecture is None:
        notes.append(
            f"the weights are those of all architectures of {study.name} ({', '.join(arrays.architectures)}), since "
            "the network is none of them"
        )
    notes += [
        f"at sparsity {level} the weights are those of {own}, the nearest sparsity of the study"
        for level, own in nearest.items()
        if float(level) != float(own)
    ]
    return notes
