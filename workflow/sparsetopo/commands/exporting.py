"""The graph of a network as a file: ``sparsetopo export``."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from sparsetopo.commands.networks import one_network
from sparsetopo.commands.options import File, NetworkOptions
from sparsetopo.errors import UsageError
from sparsetopo.graphs.export import WRITERS

if TYPE_CHECKING:
    from torch import nn

logger = logging.getLogger(__name__)

ENCODING = "safetensors"
"""Suffix of the encoding itself, which `sparsetopo.MGE.load` reads: plan and kept weights, no edges."""

FORMATS = (*WRITERS, ENCODING)


def export(
    model: "str | nn.Module",
    output: File,
    *,
    format: str | None = None,  # noqa: A002
    **how: Unpack[NetworkOptions],
) -> None:
    """Write the graph of a network to a file, in memory that does not grow with its number of edges.

    Parameters
    ----------
    model
        The network, as for `sparsetopo.commands.measure`.
    output
        The file to write. It is replaced only when the new one is complete.
    format
        "npz", "parquet", "csv" or "graphml" (``docs/formats.md``), or "safetensors": the encoding itself, as
        `sparsetopo.MGE.save` writes it. None: the suffix of `output`.
    **how
        `sparsetopo.commands.options.NetworkOptions`.

    Raises
    ------
    UsageError
        If the format is unknown, or the options do not go together.
    SparsetopoError
        If the network cannot be built, read or encoded, or the graph is too large for the format.

    Examples
    --------
    >>> import tempfile, torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(model, f"{folder}/graph.csv", input_shape=(1, 2, 2))
    ...     print(open(f"{folder}/graph.csv").readline().strip())
    source,target,weight
    """
    name = Path(output).suffix.removeprefix(".").lower() if format is None else format
    if name not in FORMATS:
        what = f"unknown format '{name}'" if name else "no suffix to tell the format by"
        raise UsageError(f"{output}: {what}; known formats: {', '.join(FORMATS)}.")
    if Path(output).is_dir():
        raise UsageError(f"{output}: is a folder; give the name of a file to write.")
    network = one_network(model, "the weights of edges", **how)
    if name == ENCODING:
        network.mge.save(output)
    else:
        network.mge.export(output, name)
    logger.info(
        "%s: wrote %s nodes and %s edges to %s",
        network.network,
        f"{network.mge.num_nodes:,}",
        f"{network.mge.num_edges:,}",
        output,
    )
