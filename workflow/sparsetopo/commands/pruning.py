"""Masks of a network by a pruning algorithm: ``sparsetopo prune``."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from sparsetopo.commands.algorithms import (
    fitted_to_data,
    read_algorithm,
    read_sparsities,
    require_data,
)
from sparsetopo.commands.image_data import read_data
from sparsetopo.commands.networks import loaded_network
from sparsetopo.commands.options import File, NetworkOptions, files
from sparsetopo.errors import UsageError
from sparsetopo.files import atomic_path
from sparsetopo.pruning.registry import is_random

if TYPE_CHECKING:
    from torch import nn

logger = logging.getLogger(__name__)

SUFFIX = ".safetensors"
"""Of mask files."""


def prune(
    model: "str | nn.Module",
    algorithm: str,
    sparsity: "float | str | Iterable[float | str]",
    data: Any = None,
    output: File | None = None,
    *,
    data_folder: File | None = None,
    data_options: Mapping[str, Any] | None = None,
    algorithm_options: Mapping[str, Any] | None = None,
    force: bool = False,
    **how: Unpack[NetworkOptions],
) -> list[dict[str, Any]]:
    """Prune a network at its present weights, and write a mask file for each sparsity.

    Parameters
    ----------
    model
        The network, as for `sparsetopo.commands.measure`.
    algorithm
        Name of a pruning algorithm: "snip" (``docs/pruning.md``).
    sparsity
        Fraction of the prunable weights to remove, or several; text is kept as written.
    data, data_folder, data_options
        The images that the algorithm scores on, if it does: `sparsetopo.commands.image_data.read_data`. Input shape and
        classes of a network by name are theirs, unless they are given.
    output
        The file to write, whose name ends in .safetensors; or a folder, in which files are called
        <network>_<algorithm>_<sparsity>_<seed>.safetensors. Several sparsities need a folder. None: the
        working directory.
    algorithm_options
        Options of the algorithm, and "shuffle" ("layer": the control that permutes what is kept within each layer).
    force
        Whether files that exist are replaced. If not, nothing is computed.
    **how
        `sparsetopo.commands.options.NetworkOptions`, without masks; one file of weights. The seed is also that of the
        algorithm's random choices.

    Returns
    -------
    list of dict
        For each file: network, algorithm, sparsity (as asked for), kept, weights, achieved_sparsity, collapsed_layers
        (their number), seed, mask_file.

    Raises
    ------
    UsageError, UnknownNameError
        If a name or option is unknown, data are missing that the algorithm needs, or a file exists.
    SparsetopoError
        If the network or the data cannot be read, or the network cannot be scored.

    Examples
    --------
    >>> import tempfile, torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = prune(model, "erk", ["0.5", "0.9"], output=folder, input_shape=(1, 2, 2))
    >>> [(row["sparsity"], row["kept"]) for row in rows]
    [('0.5', 10), ('0.9', 2)]
    """
    chosen = read_algorithm(algorithm, algorithm_options)
    sparsities = read_sparsities(sparsity)
    require_data([chosen], data)
    weights = _one_dense(how)
    seed = how.get("seed", 0)
    name = model if isinstance(model, str) else type(model).__name__
    paths = _paths(name, algorithm, sparsities, seed, output)
    _require_free(paths, force)
    images = read_data(data, data_folder, data_options)
    how = fitted_to_data(model, images, how)
    readers = None if is_random(algorithm) else "the scores"
    network = loaded_network(model, weights, how, readers)
    masks = chosen.masks(network, sparsities, images, seed, integers=how.get("integers", False))
    with ExitStack() as together:  # either all files, or none
        for path, mask in zip(paths, masks, strict=True):
            mask.save(together.enter_context(atomic_path(path)))
    logger.info("wrote %s", ", ".join(map(str, paths)))
    return [
        {
            "network": network.network,
            "algorithm": algorithm,
            "sparsity": asked,
            "kept": mask.kept,
            "weights": mask.total,
            "achieved_sparsity": mask.achieved_sparsity,
            "collapsed_layers": len(mask.collapsed_layers),
            "seed": seed,
            "mask_file": str(path),
        }
        for asked, mask, path in zip(sparsities, masks, paths, strict=True)
    ]


def _one_dense(how: NetworkOptions) -> File | None:
    """The file of weights; UsageError if there are several, or masks."""
    if how.get("mask"):
        raise UsageError("mask: a network is pruned from all of its weights; leave the mask out.")
    weights = files(how.get("weights"))
    if len(weights) > 1:
        raise UsageError("weights names several files, but one network is pruned; give one.")
    return weights[0] if weights else None


def _paths(
    network: str, algorithm: str, sparsities: Sequence[str], seed: int, output: File | None
) -> list[Path]:
    """The file of each mask."""
    folder = Path() if output is None else Path(output)
    if folder.suffix == SUFFIX and not folder.is_dir():
        if len(sparsities) > 1:
            raise UsageError(
                f"{output}: is one file, but {len(sparsities)} masks are asked for; name a folder."
            )
        return [folder]
    if folder.suffix and not folder.is_dir() and not str(output).endswith("/"):
        raise UsageError(
            f"{output}: mask files are called *{SUFFIX}; a folder that does not exist yet ends with a slash."
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{output}: is a file; name a folder, or a file that ends in {SUFFIX}.")
    stem = re.sub(r"[^\w.-]+", "-", network)
    return [folder / f"{stem}_{algorithm}_{sparsity}_{seed}{SUFFIX}" for sparsity in sparsities]


def _require_free(paths: Sequence[Path], force: bool) -> None:
    taken = [path for path in paths if path.exists()]
    if taken and not force:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise UsageError(
            f"{taken[0]}{more}: exists already; give another output, or --force (force=True) to replace it."
        )
