"""Which pruning algorithm or mask promises most, without training: ``sparsetopo rank``."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from sparsetopo.commands.algorithms import (
    Algorithm,
    fitted_to_data,
    read_algorithm,
    read_sparsities,
    require_data,
)
from sparsetopo.commands.image_data import read_data
from sparsetopo.commands.mask_files import read_masks
from sparsetopo.commands.networks import LoadedNetwork, loaded_network, readers_among
from sparsetopo.commands.options import File, NetworkOptions, files
from sparsetopo.commands.weight_files import own_record
from sparsetopo.errors import UsageError, unknown_name
from sparsetopo.extras import needed_for
from sparsetopo.metrics import measure as measuring
from sparsetopo.metrics.registry import METRICS, select
from sparsetopo.pruning.registry import ALGORITHMS, is_random

if TYPE_CHECKING:
    from torch import nn

    from sparsetopo.analysis.ranking.advice import Advice
    from sparsetopo.analysis.tables.study_networks import StudyNetworks
    from sparsetopo.commands.measuring import Progress

logger = logging.getLogger(__name__)

ALL = "all"
"""All algorithms that are registered here and in the study."""
FAR = 1.25
"""From this quotient of densities on, a mask is said to be far from a sparsity."""


class _Candidate(NamedTuple):
    """A mask to be ranked; algorithm and sparsity are None where they are not known."""

    name: str
    algorithm: str | None
    sparsity: str | None
    masks: Mapping[str, Any]


def rank(
    model: "str | nn.Module",
    algorithms: str | Iterable[str] = ALL,
    sparsity: "float | str | Iterable[float | str]" = (),
    masks: File | Sequence[File] = (),
    data: Any = None,
    *,
    study: File | None = None,
    architecture: str | None = None,
    metrics: str | Iterable[str] | None = None,
    data_folder: File | None = None,
    data_options: Mapping[str, Any] | None = None,
    algorithm_options: Mapping[str, Mapping[str, Any]] | None = None,
    threads: int = 1,
    progress: "Progress | None" = None,
    **how: Unpack[NetworkOptions],
) -> "Advice":
    """Predict in which order pruning algorithms, or masks that are given, lose accuracy, without training anything.

    Each mask is encoded and measured; the metrics are weighted by their correlations with the accuracy drop in a study
    (Cunegatti et al. 2024, section 4.3).

    Parameters
    ----------
    model
        The network, as for `sparsetopo.commands.measure`.
    algorithms
        Names of pruning algorithms, "all" of those that the study has, or none of them if masks are given and no
        sparsity.
    sparsity
        At which the algorithms prune, one or several. Each has an order of its own.
    masks
        Mask files to be ordered, among each other or with the masks of the algorithms: each at the nearest of these
        sparsities (by the logarithm of the density), or else of those of the study.
    data, data_folder, data_options
        The images that algorithms score on: `sparsetopo.commands.image_data.read_data`.
    study
        Folder of a study's results, ``results/<study>``; None: the released networks of the paper, which come with the
        package.
    architecture
        The study's architecture whose correlations are used; None: that of the network's name if the study has it, else
        all of them.
    metrics
        Names of the metrics to go by, or "paper" for the paper's; None or "all": all that the study has.
    algorithm_options
        {algorithm: {option: value}}.
    threads, progress
        As for `sparsetopo.commands.measure`.
    **how
        `sparsetopo.commands.options.NetworkOptions`, without masks; one file of weights, which are those of all masks.
        The seed is also that of the algorithms' random choices.

    Returns
    -------
    Advice
        The order, how sure it is, what lies outside the study, and notes: `sparsetopo.analysis.ranking.advice.Advice`.

    Raises
    ------
    UsageError, UnknownNameError
        If a name is unknown, the options do not go together, data are missing, or there is nothing to order.
    SparsetopoError
        If the study, the network, a mask or the data cannot be used.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    >>> advice = rank(model, ["uniform", "er", "erk"], 0.8, input_shape=(1, 4, 4), metrics=["sink", "n2"])
    >>> sorted(record["name"] for record in advice.order), advice.certainty[0]["left_out"]
    (['er', 'erk', 'uniform'], 'data set, architecture')
    """
    given = files(masks or None)
    names = [algorithms] if isinstance(algorithms, str) else list(algorithms)
    asked = sparsity if isinstance(sparsity, str | float | int) else list(sparsity)
    levels = [] if asked == [] else read_sparsities(asked)
    _require_something(names, levels, given, how)
    wanted = None if metrics is None else _metrics(metrics)
    known = _study(study, wanted)
    chosen = _algorithms(names, known, algorithm_options or {}) if levels else []
    if levels and len(chosen) + len(given) < 2:
        raise UsageError("there is one algorithm; an order needs two, or masks beside it.")
    require_data(chosen, data)
    side = _side(model, architecture, known)
    images = read_data(data, data_folder, data_options)
    how = fitted_to_data(model, images, how)
    weights = files(how.get("weights"))
    readers = [] if all(is_random(algorithm.name) for algorithm in chosen) else ["scores"]
    readers += filter(None, [readers_among(known.metrics)])
    network = loaded_network(
        model, weights[0] if weights else None, how, " and ".join(readers) or None
    )
    candidates = _pruned(network, chosen, levels, images, how)
    candidates += [_given(network, path) for path in given]
    placed = _placed(candidates, levels or list(dict.fromkeys(known.table["sparsity"])))
    rows = list(_measured(network, placed, list(known.metrics), threads, progress, how))
    import pandas as pd

    from sparsetopo.analysis.ranking.advice import advise

    return advise(known, pd.DataFrame(rows), side)


def _require_something(
    names: Sequence[str], levels: Sequence[str], masks: Sequence[File], how: NetworkOptions
) -> None:
    """UsageError if there is nothing to rank, or the words do not go together."""
    if not levels and list(names) != [ALL]:
        raise UsageError(
            f"the sparsity at which to prune by {', '.join(names)} is missing: --sparsity 0.9 (sparsity=0.9)."
        )
    if not levels and not masks:
        raise UsageError(
            "there is nothing to rank: give --sparsity 0.9 (sparsity=0.9) for the algorithms, or --masks (masks=...)."
        )
    if not levels and len(masks) < 2:
        raise UsageError("there is one mask; an order needs two, or algorithms beside it.")
    if how.get("mask"):
        raise UsageError("mask: masks to be ranked are given by --masks (masks=[...]).")
    if len(files(how.get("weights"))) > 1:
        raise UsageError("weights names several files, but one network is pruned; give one.")


def _metrics(names: str | Iterable[str]) -> list[str] | None:
    """Metrics to go by, one by one; of the set "paper" those that are features; None for "all"."""
    listed = [names] if isinstance(names, str) else list(names)
    if "all" in listed:
        return None
    chosen = select(METRICS, listed)
    return [m.name for m in chosen if m.second_reading_of is None or m.name in listed]


def _study(folder: File | None, metrics: list[str] | None) -> "StudyNetworks":
    with needed_for("rank"):
        from sparsetopo.analysis.paper import released_networks as released
        from sparsetopo.analysis.tables.study_networks import read_study_networks, study_networks

    if folder is not None:
        return read_study_networks(folder, metrics)
    table = released.released_networks()
    return study_networks(table, released.NAME, metrics, released.COMPARABLE)


def _algorithms(
    names: Sequence[str], study: "StudyNetworks", options: Mapping[str, Mapping[str, Any]]
) -> list[Algorithm]:
    """The algorithms of these names, "all" standing for those that are known here and in the study."""
    own = [name for name in ALGORITHMS if name in set(study.table["algorithm"])]
    if ALL in names:
        if len(names) > 1:
            raise UsageError("'all' stands for all algorithms; name it alone.")
        if not own:
            raise UsageError(
                f"{study.name}: has none of the algorithms {', '.join(ALGORITHMS)}; name those to rank."
            )
        names = own
    if len(set(names)) < len(names):
        raise UsageError(f"an algorithm is named more than once: {', '.join(names)}.")
    for name in options:
        if name not in names:
            raise UsageError(
                unknown_name("algorithm among those to rank, of an option,", name, names)
            )
    return [read_algorithm(name, options.get(name)) for name in names]


def _side(model: "str | nn.Module", architecture: str | None, study: "StudyNetworks") -> str | None:
    """The study's architecture to go by; None if it has not that of the model."""
    there = sorted(set(study.table["architecture"]))
    if architecture is None:
        return model if isinstance(model, str) and model in there else None
    if architecture not in there:
        raise UsageError(unknown_name(f"architecture of {study.name}:", architecture, there))
    return architecture


def _pruned(
    network: LoadedNetwork,
    algorithms: Sequence[Algorithm],
    sparsities: Sequence[str],
    images: Any,
    how: NetworkOptions,
) -> list[_Candidate]:
    candidates = []
    for algorithm in algorithms:
        logger.info("%s: pruning by %s", network.network, algorithm.name)
        made = algorithm.masks(
            network, sparsities, images, how.get("seed", 0), integers=how.get("integers", False)
        )
        candidates += [
            _Candidate(algorithm.name, algorithm.name, sparsity, mask)
            for sparsity, mask in zip(sparsities, made, strict=True)
        ]
    return candidates


def _given(network: LoadedNetwork, path: File) -> _Candidate:
    """A mask of a file; those that this package wrote say which algorithm made them."""
    algorithm = (own_record(path) or {}).get("algorithm")
    known = str(algorithm) if algorithm in ALGORITHMS else None
    return _Candidate(str(path), known, None, read_masks(path, network.module))


def _placed(candidates: Sequence[_Candidate], levels: Sequence[str]) -> list[_Candidate]:
    """The candidates, each at a sparsity; UsageError if one is alone there."""
    from sparsetopo.analysis.ranking.advice import nearest_sparsity

    placed = []
    for candidate in candidates:
        if candidate.sparsity is None:
            arrays = [np.asarray(mask) for mask in candidate.masks.values()]
            density = sum(np.count_nonzero(a) for a in arrays) / sum(a.size for a in arrays)
            level = nearest_sparsity(1 - density, levels)
            quotient = max(density, 1e-12) / (1 - float(level))
            if not 1 / FAR < quotient < FAR:
                logger.warning(
                    "%s: keeps %.3g of its weights, which is not near any sparsity to rank at (%s); it is ranked at %s",
                    *(candidate.name, density, ", ".join(levels), level),
                )
            candidate = candidate._replace(sparsity=level)
        placed.append(candidate)
    for place in {candidate.sparsity for candidate in placed}:
        there = [candidate.name for candidate in placed if candidate.sparsity == place]
        if len(there) < 2:
            raise UsageError(
                f"{there[0]} is alone at sparsity {place}; only masks of about the same sparsity can be ordered."
            )
    return placed


def _measured(
    network: LoadedNetwork,
    candidates: Sequence[_Candidate],
    metrics: list[str],
    threads: int,
    progress: "Progress | None",
    how: NetworkOptions,
) -> Iterator[dict[str, Any]]:
    plan = None
    for candidate in candidates:
        mge = network.encoded(candidate.masks, plan, how)
        plan = mge.plan

        def started(
            primitive: str, done: int, total: int, name: str = Path(candidate.name).name
        ) -> None:
            if progress is not None:
                progress(name, primitive, done, total)

        values = measuring.topometrics(mge, metrics, started, threads=threads, skip_impossible=True)
        yield {
            "name": candidate.name,
            "algorithm": candidate.algorithm,
            "sparsity": candidate.sparsity,
            "nodes": mge.num_nodes,
            "edges": mge.num_edges,
            **values,
        }
