"""Two masks of one network beside each other: ``sparsetopo compare``."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.degree_distance import degree_distances
from sparsetopo.analysis.mask_overlap import overlap_records
from sparsetopo.commands.mask_files import holds_masks, masks_by_name, read_masks
from sparsetopo.commands.networks import loaded_network, readers_among
from sparsetopo.commands.options import Masks, NetworkOptions, files
from sparsetopo.errors import MaskError, UsageError
from sparsetopo.metrics import measure as measuring
from sparsetopo.metrics.registry import METRICS, select
from sparsetopo.networks.checkpoints.names import matched_names
from sparsetopo.networks.mask_names import parameter_masks
from sparsetopo.networks.masks import bool_mask

if TYPE_CHECKING:
    from torch import nn

    from sparsetopo.commands.measuring import Progress
    from sparsetopo.graphs.mge import MGE

logger = logging.getLogger(__name__)

_Arrays = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Comparison:
    """What two masks share, and what differs: tables of records.

    Attributes
    ----------
    overlap
        `sparsetopo.analysis.mask_overlap.overlap_records`.
    degrees
        `sparsetopo.analysis.degree_distance.degree_distances`; empty without a model.
    metrics
        metric, a, b, difference (b - a): the topometrics of both graphs; empty without a model.
    """

    overlap: list[dict[str, Any]]
    degrees: list[dict[str, Any]]
    metrics: list[dict[str, Any]]

    def records(self) -> list[dict[str, Any]]:
        """All tables as one, in long form: part, name, a, b, difference, and what only some parts have.

        a and b are kept weights in the parts "masks" and "layer", mean degrees in "degrees", values in "metric".
        """
        rows = [
            {
                "part": "layer" if number else "masks",
                "name": record["layer"],
                "a": record["kept_a"],
                "b": record["kept_b"],
                **{key: record[key] for key in ("weights", "shared", "iou", "iou_random")},
            }
            for number, record in enumerate(self.overlap)
        ]
        rows += [
            {
                "part": "degrees",
                "name": record["degrees"],
                "a": record["mean_a"],
                "b": record["mean_b"],
                **{key: record[key] for key in ("wasserstein", "distance")},
            }
            for record in self.degrees
        ]
        rows += [
            {"part": "metric", "name": record["metric"], **{key: record[key] for key in ("a", "b")}}
            for record in self.metrics
        ]
        some = ("weights", "shared", "iou", "iou_random", "wasserstein", "distance")
        return [
            {
                **{key: row[key] for key in ("part", "name", "a", "b")},
                "difference": _difference(row["a"], row["b"]),
                **{key: row.get(key) for key in some},
            }
            for row in rows
        ]


def compare(
    a: Masks,
    b: Masks,
    model: "str | nn.Module | None" = None,
    *,
    metrics: str | Iterable[str] | None = None,
    scaled: bool = False,
    threads: int = 1,
    progress: "Progress | None" = None,
    **how: Unpack[NetworkOptions],
) -> Comparison:
    """Compare two masks of one network: what they share, their degree sequences, and their topometrics.

    Parameters
    ----------
    a, b
        A mask file or a checkpoint each (of which the masks, or else the non-zero weights, are compared), or a mapping
        {parameter name: mask}.
    model
        The network, as for `sparsetopo.commands.measure`. Without it masks alone are compared, by the names in the
        files; of a checkpoint without masks then the tensors of two axes or more.
    metrics, scaled, threads, progress
        As for `sparsetopo.commands.measure`; they need the model.
    **how
        `sparsetopo.commands.options.NetworkOptions`, without masks. Weights are those of both masks; checkpoints have
        their own.

    Raises
    ------
    UsageError, UnknownNameError
        If a name is unknown or the options do not go together.
    SparsetopoError
        If a file or the network cannot be read, or the masks are not of one network.

    Examples
    --------
    >>> masks = [{"1.weight": np.array([[1, 1, 0, 0]])}, {"1.weight": np.array([[1, 0, 1, 0]])}]
    >>> compare(*masks).overlap[0]["shared"]
    1
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1))
    >>> comparison = compare(*masks, model, input_shape=(1, 2, 2), metrics=["components"])
    >>> comparison.metrics
    [{'metric': 'components', 'a': 3, 'b': 3, 'difference': 0}]
    """
    wanted = None if metrics is None else [metric.name for metric in select(METRICS, metrics)]
    if how.get("mask"):
        raise UsageError("mask: the two masks are given by themselves; leave the option out.")
    if model is None:
        unused = [key for key in ("input_shape", "weights", "classes") if how.get(key)]
        if wanted or scaled or unused:
            raise UsageError(
                f"{'metrics' if wanted or scaled else unused[0]}: only masks are compared without a network; name it: "
                "--model Resnet-20 (model='Resnet-20')."
            )
        return Comparison(overlap_records(*_matched(a, b)), [], [])
    graphs = _graphs(model, {"a": a, "b": b}, how, readers_among(wanted))
    values = []
    for (name, mge), given in zip(graphs.items(), (a, b), strict=True):

        def started(primitive: str, done: int, total: int, name: str = _name(given, name)) -> None:
            if progress is not None:
                progress(name, primitive, done, total)

        found = measuring.topometrics(mge, wanted, started, threads=threads)
        values.append(measuring.scaled(found, mge.num_nodes, mge.num_edges) if scaled else found)
    first, second = values
    return Comparison(
        overlap_records(graphs["a"].masks, graphs["b"].masks),
        [dict(record) for record in degree_distances(graphs["a"], graphs["b"])],
        [
            {
                "metric": metric,
                "a": first[metric],
                "b": second[metric],
                "difference": _difference(first[metric], second[metric]),
            }
            for metric in first
        ],
    )


def _graphs(
    model: "str | nn.Module", given: Mapping[str, Masks], how: NetworkOptions, readers: str | None
) -> "dict[str, MGE]":
    """The graph of each, all of one plan."""
    shared = files(how.get("weights"))
    masks_alone = {name: _is_mask(value) for name, value in given.items()}
    if len(shared) > 1:
        raise UsageError("weights names several files; both masks have the same weights: give one.")
    if shared and not any(masks_alone.values()):
        raise UsageError(
            f"weights: {given['a']} and {given['b']} hold weights of their own; leave the option out."
        )
    graphs: dict[str, MGE] = {}
    for name, value in given.items():
        weights: Any = (shared[0] if shared else None) if masks_alone[name] else value
        loaded = loaded_network(model, weights, how, None if graphs else readers)
        masks: Mapping[str, Any] | None = loaded.masks
        if isinstance(value, Mapping):
            masks = parameter_masks(value, loaded.module)
        elif masks_alone[name]:
            masks = read_masks(value, loaded.module)
        plan = graphs["a"].plan if graphs else None
        graphs[name] = loaded.encoded(masks, plan, how)
    return graphs


def _is_mask(given: Masks) -> bool:
    return isinstance(given, Mapping) or holds_masks(given)


def _matched(a: Masks, b: Masks) -> tuple[_Arrays, _Arrays]:
    """The masks of both by the names of the first; of what only one has, a warning is logged."""
    first, second = _by_name(a), _by_name(b)
    names = matched_names(second, first)
    if not names:
        raise MaskError(
            f"{_name(b, 'b')}: has no layer of {_name(a, 'a')} ({_few(second)} against {_few(first)}); they are masks "
            "of different networks."
        )
    lonely = [name for name in first if name not in names.values()]
    lonely += [name for name in second if name not in names]
    if lonely:
        logger.warning("only one of the two has %s, which is not compared", _few(lonely))
    renamed = {names[name]: mask for name, mask in second.items() if name in names}
    shared = {name: mask for name, mask in first.items() if name in renamed}
    return shared, {name: renamed[name] for name in shared}


def _by_name(given: Masks) -> _Arrays:
    if isinstance(given, Mapping):
        return {str(name): bool_mask(name, mask) for name, mask in given.items()}
    return masks_by_name(given)


def _name(given: Masks, otherwise: str) -> str:
    return str(given) if isinstance(given, str | PathLike) else otherwise


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(f"'{name}'" for name in listed[:3]) + (
        f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    )


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else b - a
