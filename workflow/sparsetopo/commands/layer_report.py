"""One row for each layer of a network: ``sparsetopo layers``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Unpack

from sparsetopo.commands.networks import EncodedNetwork, one_network
from sparsetopo.commands.options import NetworkOptions
from sparsetopo.errors import UsageError, unknown_name
from sparsetopo.layers import (
    layer_kinds,
    ramanujan_records,
    structure_records,
    topometric_records,
)
from sparsetopo.layers.structure import BLOCKS, PATTERNS, read_block, read_pattern

if TYPE_CHECKING:
    from torch import nn

PARTS = ("structure", "ramanujan", "topometrics")


def layers(
    model: "str | nn.Module",
    *,
    parts: Iterable[str] = PARTS,
    patterns: Iterable[str] = PATTERNS,
    blocks: Iterable[str] = BLOCKS,
    scaled: bool = False,
    threads: int = 1,
    **how: Unpack[NetworkOptions],
) -> list[dict[str, Any]]:
    """Report on every layer of a network whose weights are in its graph, in the order of the network.

    Parameters
    ----------
    model
        The network, as for `sparsetopo.commands.measure`.
    parts
        What is reported: "structure" (how many weights are kept, dead channels, N:M and block patterns:
        `sparsetopo.layers.structure_records`), "ramanujan" (`sparsetopo.layers.ramanujan_metrics`), "topometrics" (of
        the layer's own bipartite graph, one edge a kept weight: `sparsetopo.layers.topometric_records`).
    patterns, blocks
        N:M patterns and sizes of blocks, of "structure".
    scaled, threads
        As for `sparsetopo.commands.measure`, for "topometrics".
    **how
        `sparsetopo.commands.options.NetworkOptions`.

    Returns
    -------
    list of dict
        A record a layer, which begins with its name; None is a missing value.

    Raises
    ------
    UsageError
        If a part, pattern or block is unknown, or the options do not go together.
    SparsetopoError
        If the network cannot be built, read or encoded.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> (record,) = layers(model, input_shape=(1, 2, 2), parts=["structure"])
    >>> record["name"], record["weights"], record["2:4"]
    ('1.weight', 8, 0.0)
    """
    tables = layer_tables(
        model, parts=parts, patterns=patterns, blocks=blocks, scaled=scaled, threads=threads, **how
    )
    merged: dict[str, dict[str, Any]] = {}
    for table in tables.values():
        for record in table:
            merged.setdefault(record["name"], {}).update(record)
    return list(merged.values())


def layer_tables(
    model: "str | nn.Module",
    *,
    parts: Iterable[str] = PARTS,
    patterns: Iterable[str] = PATTERNS,
    blocks: Iterable[str] = BLOCKS,
    scaled: bool = False,
    threads: int = 1,
    **how: Unpack[NetworkOptions],
) -> dict[str, list[dict[str, Any]]]:
    """What `layers` reports, a table for each part, for a page that is less wide."""
    wanted, patterns, blocks = list(parts), list(patterns), list(blocks)
    for part in wanted:
        if part not in PARTS:
            raise UsageError(unknown_name("part of the report", part, PARTS))
    # Before the network is built, which takes longer.
    for text in patterns:
        read_pattern(text)
    for text in blocks:
        read_block(text)
    read = {"ramanujan", "topometrics"} & set(wanted)
    network = one_network(model, "metrics that read weights" if read else None, **how)
    weights, masks, kinds = _layers_of(network)
    tables: dict[str, list[dict[str, Any]]] = {}
    for part in PARTS:
        if part not in wanted:
            continue
        if part == "structure":
            found = structure_records(masks, kinds, patterns=patterns, blocks=blocks)
        elif part == "ramanujan":
            found = ramanujan_records(weights, masks, kinds)
        else:
            found = topometric_records(
                weights, masks, kinds, encodings=["rolled"], scaled=scaled, threads=threads
            )
        tables[part] = [_without_counters(record) for record in found]
    return tables


def _layers_of(network: EncodedNetwork) -> tuple[Any, Any, Any]:
    """Weights, masks and kinds of the layers, in the order of the network."""
    mge = network.mge
    names = dict.fromkeys(block.parameter for block in mge.plan.blocks if block.parameter)
    return mge.weights, {name: mge.masks[name] for name in names}, layer_kinds(mge.plan)


def _without_counters(record: dict[str, Any]) -> dict[str, Any]:
    """The name first, without the number of the layer and the encoding, which is the same for all."""
    rest = {key: value for key, value in record.items() if key not in ("layer", "encoding")}
    return {"name": rest.pop("name"), **rest}
