"""Tables of all layers of one network: topometrics of both encodings, and Ramanujan metrics.

A table is a list of flat records that can be written as JSON. None stands for missing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError, UnknownNameError
from sparsetopo.layers.bge import PLAIN, LayerKind, rolled, rolled_channel
from sparsetopo.layers.measure import bge_topometrics
from sparsetopo.layers.ramanujan import WEIGHTED_RAMANUJAN_METRICS, ramanujan_metrics
from sparsetopo.metrics import measure
from sparsetopo.metrics.registry import LAYER_METRICS

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.graphs.plan import Plan

ENCODINGS: Mapping[str, Callable[..., "MGE"]] = {
    "rolled": rolled,
    "rolled_channel": rolled_channel,
}
"""Builders of the bipartite graphs, by the name of the encoding."""

WEIGHTED_METRICS = (
    *(name for name, metric in LAYER_METRICS.items() if metric.reads_weights),
    *WEIGHTED_RAMANUJAN_METRICS,
)
"""Metrics of a layer that depend on the weights of its edges, not on the mask alone."""

Weights = Mapping[str, NDArray[Any]]
Masks = Mapping[str, NDArray[np.bool_]]
Kinds = Mapping[str, LayerKind]
Record = dict[str, str | int | float | None]


def layer_kinds(plan: "Plan") -> dict[str, LayerKind]:
    """Groups of every layer of a traced network, and whether it is transposed, by parameter name."""
    return {
        block.parameter: LayerKind(*plan.kinds.get(block.parameter, (1, False)))
        for block in plan.blocks
        if block.parameter is not None
    }


def topometric_records(
    weights: Weights,
    masks: Masks,
    kinds: Kinds | None = None,
    *,
    encodings: Iterable[str] = tuple(ENCODINGS),
    motif_size: int = 3,
    scaled: bool = False,
    threads: int = 1,
) -> list[Record]:
    """Topometrics of the bipartite graphs of all layers.

    Parameters
    ----------
    weights
        {parameter: float array} for all masked parameters, or more.
    masks
        {parameter: bool array}, True where the weight is kept. They say which layers there are, and in
        which order.
    kinds
        {parameter: kind} of layers that are grouped or transposed (`layer_kinds`); others are
        plain. For an MGE: ``topometric_records(mge.weights, mge.masks, layer_kinds(mge.plan))``.
    encodings
        "rolled", "rolled_channel", or both.
    motif_size, threads
        As in `bge_topometrics`.
    scaled
        Whether the metrics are scaled as the paper's analysis does (`sparsetopo.metrics.measure.scaled`).

    Returns
    -------
    list of dict
        encoding, layer (index from 0), name, nodes (V), edges (E), then the metrics of
        `bge_topometrics`; one for each encoding and layer, in this order.

    Raises
    ------
    UnknownNameError
        If an encoding is unknown.
    EncodingError, MaskError
        If a layer lacks weights, or weights and mask do not make a graph (see `rolled`).

    Examples
    --------
    >>> weights = {"fc1": np.ones((2, 3)), "fc2": np.ones((1, 2))}
    >>> masks = {name: values > 0 for name, values in weights.items()}
    >>> for record in topometric_records(weights, masks, encodings=["rolled"]):
    ...     print(record["layer"], record["name"], record["nodes"], record["edges"], record["motif"])
    0 fc1 5 6 9
    1 fc2 3 2 1
    """
    records: list[Record] = []
    for encoding in encodings:
        if encoding not in ENCODINGS:
            raise UnknownNameError(
                f"there is no bipartite encoding {encoding!r}; known are {', '.join(ENCODINGS)}."
            )
        for layer, name, graph in _graphs(ENCODINGS[encoding], weights, masks, kinds):
            raw = bge_topometrics(graph, motif_size, threads)
            nodes, edges = graph.num_nodes, graph.num_edges
            record: Record = {"encoding": encoding, "layer": layer, "name": name}
            record |= {"nodes": nodes, "edges": edges}
            record |= measure.scaled(raw, nodes, edges) if scaled else raw
            records.append(record)
    return records


def ramanujan_records(weights: Weights, masks: Masks, kinds: Kinds | None = None) -> list[Record]:
    """Layer density and Ramanujan metrics of the rolled graphs of all layers.

    Parameters and errors are those of `topometric_records`.

    Returns
    -------
    list of dict
        layer (index from 0), name, weights (how many are kept), parameters (how many there are), then the metrics
        of `ramanujan_metrics`.

    Examples
    --------
    >>> weights = {"fc1": np.ones((3, 4)), "fc2": np.ones((1, 3))}
    >>> records = ramanujan_records(weights, {name: values > 0 for name, values in weights.items()})
    >>> [(record["name"], record["weights"], record["delta_r"]) for record in records]
    [('fc1', 12, 1.0), ('fc2', 3, 1.0)]
    """
    return [
        {
            "layer": layer,
            "name": name,
            "weights": int(masks[name].sum()),
            "parameters": int(masks[name].size),
            **ramanujan_metrics(graph),
        }
        for layer, name, graph in _graphs(rolled, weights, masks, kinds)
    ]


def _graphs(
    build: Callable[..., "MGE"], weights: Weights, masks: Masks, kinds: Kinds | None
) -> Iterator[tuple[int, str, "MGE"]]:
    """(index, name, graph) of every layer."""
    for layer, (name, mask) in enumerate(masks.items()):
        if name not in weights:
            raise EncodingError(f"there are no weights for layer '{name}', which has a mask.")
        kind = (kinds or {}).get(name, PLAIN)
        yield layer, name, build(weights[name], mask, kind, name)
