"""The topometrics of networks: ``sparsetopo measure``."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Unpack

from sparsetopo.commands.networks import encoded_networks, readers_among
from sparsetopo.commands.options import NetworkOptions
from sparsetopo.metrics import measure as measuring
from sparsetopo.metrics.registry import METRICS, select

if TYPE_CHECKING:
    from torch import nn

Progress = Callable[[str, str, int, int], None]
"""Called as progress(network, primitive, done, total) when a primitive's computation starts."""


def measure(
    *models: "str | nn.Module",
    metrics: str | Iterable[str] | None = None,
    scaled: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    **how: Unpack[NetworkOptions],
) -> list[dict[str, Any]]:
    """Topometrics of one or several networks, a record each.

    Parameters
    ----------
    *models
        Networks: "torchvision:resnet18", "timm:...", a registered name ("Resnet-20"), "<module>:<function>" of your own
        code, or a `torch.nn.Module`.
    metrics
        "paper" for the paper's metrics, "all", or names; None for the paper's.
    scaled
        Whether counts are divided by the number of nodes or edges, as the paper's tables are
        (`sparsetopo.metrics.measure.scaled`).
    threads
        Number of threads. No result depends on it.
    progress
        Called as ``progress(network, primitive, done, total)``.
    **how
        How the networks are built, and their weights and masks: `sparsetopo.commands.options.NetworkOptions`.

    Returns
    -------
    list of dict
        For each network, file of weights or mask: network, weights_file, mask_file, achieved_sparsity (of the layers in
        the graph), nodes, edges, then the metrics, as `sparsetopo.topometrics` gives them. None is a missing value.

    Raises
    ------
    UsageError, UnknownNameError
        If a name is unknown or the options do not go together.
    SparsetopoError
        If a network cannot be built, read or encoded.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> measure(model, input_shape=(1, 2, 2), metrics=["components", "n1"])[0]["components"]
    1
    """
    wanted = None if metrics is None else [metric.name for metric in select(METRICS, metrics)]
    records = []
    for network in encoded_networks(models, readers_among(wanted), **how):

        def started(primitive: str, done: int, total: int, name: str = network.network) -> None:
            if progress is not None:
                progress(name, primitive, done, total)

        record = network.record()
        values = measuring.topometrics(network.mge, wanted, started, threads=threads)
        if scaled:
            record |= measuring.scaled(values, record["nodes"], record["edges"])
        else:
            record |= values
        records.append(record)
    return records
