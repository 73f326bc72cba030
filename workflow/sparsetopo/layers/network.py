"""Tables of all layers of one network: one record a layer and encoding, and Ramanujan records.

A record is flat and JSON-able; a list of them is a tidy table. None stands for missing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError, UnknownNameError
from sparsetopo.layers.bge import PLAIN, LayerKind, rolled, rolled_channel
from sparsetopo.layers.measure import bge_topometrics, scaled_bge_topometrics
from sparsetopo.layers.ramanujan import ramanujan_metrics

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.graphs.plan import Plan

ENCODINGS: Mapping[str, Callable[..., "MGE"]] = {
    "rolled": rolled,
    "rolled_channel": rolled_channel,
}
"""Builders of the bipartite graphs, by the name of the encoding."""

READ_WEIGHTS = ("strength", "spectral_gap", "spectral_radius", "lambda_imsg")
"""Metrics of a layer that depend on the weights of its edges, not on the mask alone."""

Weights = Mapping[str, NDArray[Any]]
Masks = Mapping[str, NDArray[np.bool_]]
Kinds = Mapping[str, LayerKind]
Record = dict[str, str | int | float | None]


def layer_kinds(plan: "Plan") -> dict[str, LayerKind]:
    """Groups and direction of every layer of a traced network, by parameter name."""
    return {
        block.parameter: LayerKind(block.parameter_groups, block.kind == "transposed")
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
        {parameter: float array}, of at least the masked parameters.
    masks
        {parameter: bool array}, True where kept: the layers, in this order.
    kinds
        {parameter: kind} of layers that are grouped or transposed (`layer_kinds`); others are
        plain. For an MGE: ``topometric_records(mge.weights, mge.masks, layer_kinds(mge.plan))``.
    encodings
        Among "rolled" and "rolled_channel".
    motif_size, threads
        As in `bge_topometrics`.
    scaled
        Whether the metrics are divided by V or E (`scaled_bge_topometrics`).

    Returns
    -------
    list of dict
        encoding, layer (index from 0), name, nodes (V), edges (E), then the ten metrics; by
        encoding and layer.

    Raises
    ------
    UnknownNameError
        If an encoding is unknown.
    EncodingError, MaskError
        If a layer lacks weights, or weights and mask do not make a graph (see `rolled`).
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
            record |= scaled_bge_topometrics(raw, nodes, edges) if scaled else raw
            records.append(record)
    return records


def ramanujan_records(weights: Weights, masks: Masks, kinds: Kinds | None = None) -> list[Record]:
    """Layer density and Ramanujan metrics of the rolled graphs of all layers.

    Parameters and errors are those of `topometric_records`.

    Returns
    -------
    list of dict
        layer (index from 0), name, weights (kept), parameters (all), then the metrics of
        `ramanujan_metrics`.
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
            raise EncodingError(f"the mask names layer '{name}', of which no weights are given.")
        kind = (kinds or {}).get(name, PLAIN)
        yield layer, name, build(weights[name], mask, kind, name)
