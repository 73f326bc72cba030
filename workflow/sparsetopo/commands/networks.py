"""From the words of a command to graphs: networks built, weights and masks read, everything encoded."""

import copy
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import numpy as np
import torch

from sparsetopo.commands.building import built
from sparsetopo.commands.mask_files import read_masks
from sparsetopo.commands.options import File, Masks, NetworkOptions, files, sources
from sparsetopo.commands.weight_files import read_weights
from sparsetopo.errors import EncodingError, SparsetopoError, UsageError
from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.registry import DEFAULT_METRICS, METRICS, select
from sparsetopo.networks.checkpoints.load import load_tensors

if TYPE_CHECKING:
    from torch import nn

    from sparsetopo.graphs.mge import MGE
    from sparsetopo.graphs.plan import Plan

logger = logging.getLogger(__name__)

_Source = TypeVar("_Source")


@dataclass(frozen=True)
class EncodedNetwork:
    """A network's graph, and what it was made from; a file is None where there was none.

    `kinds` are the types of its modules by their paths.
    """

    network: str
    weights_file: str | None
    mask_file: str | None
    mge: "MGE"
    kinds: Mapping[str, str]

    @property
    def kept(self) -> int:
        """Number of kept weights of the layers in the graph."""
        return sum(int(np.count_nonzero(mask)) for mask in self.mge.masks.values())

    @property
    def weights(self) -> int:
        """Number of all weights of these layers."""
        return sum(mask.size for mask in self.mge.masks.values())

    @property
    def sparsity(self) -> float:
        """Fraction of these weights that are removed."""
        return 1.0 - self.kept / self.weights

    def record(self) -> dict[str, Any]:
        """Columns that begin a row of a table, named as in a study's ``networks.csv`` where it has them."""
        return {
            "network": self.network,
            "weights_file": self.weights_file,
            "mask_file": self.mask_file,
            "achieved_sparsity": self.sparsity,
            "nodes": self.mge.num_nodes,
            "edges": self.mge.num_edges,
        }


@dataclass(frozen=True)
class LoadedNetwork:
    """A network with its weights, and the masks that lay in the file of weights; None if it held none."""

    network: str
    module: "nn.Module"
    input_shape: tuple[int, ...]
    masks: Mapping[str, Any] | None

    def encoded(
        self,
        masks: Mapping[str, Any] | None,
        plan: "Plan | None",
        how: NetworkOptions,
    ) -> "MGE":
        """Its graph with some masks, by the plan of an earlier graph if there is one."""
        try:
            return encode(
                self.module,
                None if how.get("integers") else self.input_shape,
                masks,
                how.get("identity_shortcuts", False),
                attention=how.get("attention", "all"),
                example=integer_example(self.input_shape) if how.get("integers") else None,
                plan=plan,
            )
        except EncodingError as error:
            raise EncodingError(f"{self.network}: {error}") from error


def encoded_networks(
    models: "Sequence[str | nn.Module]",
    readers: str | None = None,
    **how: Unpack[NetworkOptions],
) -> Iterator[EncodedNetwork]:
    """Build and encode one network after the other.

    Parameters
    ----------
    models
        Names or modules: several, or one with any number of files of weights and masks.
    readers
        What reads the weights, in the plural, for a note where they are drawn; None: nothing does, and nothing is said.
    **how
        `NetworkOptions`.

    Raises
    ------
    UsageError
        If a name is unknown, or the options do not go together.
    SparsetopoError
        If a network, a file or a graph cannot be made or read.
    """
    pairs = _pairs(models, files(how.get("weights")), sources(how.get("mask")))
    for model in models:
        plan = None
        for number, (weights, mask) in enumerate(pairs):
            loaded = loaded_network(model, weights, how, readers if number == 0 else None)
            masks, mask_file = loaded.masks, None
            if isinstance(mask, Mapping):
                masks = mask
            elif mask is not None:
                masks, mask_file = read_masks(mask, loaded.module), str(mask)
            mge = loaded.encoded(masks, plan, how)
            plan = mge.plan
            kinds = {path: type(part).__name__ for path, part in loaded.module.named_modules()}
            network = EncodedNetwork(loaded.network, _text(weights), mask_file, mge, kinds)
            _say_sparsity(network, given=mask is not None, held=masks is not None)
            yield network


def integer_example(shape: Sequence[int]) -> torch.Tensor:
    """What a network that takes whole numbers is called with: a batch of one, all 0."""
    return torch.zeros((1, *shape), dtype=torch.int64)


def one_network(
    model: "str | nn.Module", readers: str | None = None, **how: Unpack[NetworkOptions]
) -> EncodedNetwork:
    """Build and encode one network, as `encoded_networks` does, with one file of weights and of masks at most."""
    numbers = {"weights": len(files(how.get("weights"))), "mask": len(sources(how.get("mask")))}
    for key, number in numbers.items():
        if number > 1:
            raise UsageError(
                f"{key} names several files, but one network has one; give one at a time."
            )
    (network,) = encoded_networks([model], readers, **how)
    return network


def loaded_network(
    model: "str | nn.Module",
    weights: File | None,
    how: NetworkOptions,
    readers: str | None = None,
) -> LoadedNetwork:
    """Build a network and give it the weights of a file, if there is one; the caller's module is never changed.

    The files that `how` names are not read. `readers` and the errors are those of `encoded_networks`.
    """
    name, module, shape = built(model, **how)
    if module is model and weights is not None:
        module = copy.deepcopy(module)  # the caller's stays as it is
    if weights is None and readers is not None and module is not model:
        _say_drawn(name, how.get("seed", 0), readers)
    return LoadedNetwork(name, module, shape, _load(module, weights, name))


def _pairs(
    models: Sequence[Any], weights: list[File], masks: list[Masks]
) -> list[tuple[File | None, Masks | None]]:
    """Which file of weights goes with which mask."""
    if not models:
        raise UsageError("there is no network to read; name at least one.")
    if len(models) > 1 and (weights or masks):
        raise UsageError(
            f"weights and masks belong to one network, but {len(models)} are named; give one of them at a time."
        )
    if len(weights) > 1 and len(masks) > 1 and len(weights) != len(masks):
        raise UsageError(
            f"{len(weights)} files of weights and {len(masks)} masks make no pairs; give as many of both, or one of "
            "either."
        )
    count = max(len(weights), len(masks), 1)
    return list(
        zip(_repeated(weights, count), _repeated(masks, count), strict=True),
    )


def _repeated(given: Sequence[_Source], count: int) -> list[_Source | None]:
    return [*given] if len(given) == count else [given[0] if given else None] * count


def readers_among(metrics: Iterable[str] | None) -> str | None:
    """Those of some metrics of networks (None: of all) that read weights, in words; None if there are none.

    Examples
    --------
    >>> readers_among(["sink", "strength", "spectral_gap"]), readers_among(["sink", "n2"])
    ('metrics that read weights (strength, spectral_gap)', None)
    """
    wanted = select(METRICS, DEFAULT_METRICS if metrics is None else metrics)
    names = [metric.name for metric in wanted if metric.reads_weights]
    return f"metrics that read weights ({', '.join(names)})" if names else None


def _say_drawn(name: str, seed: int, readers: str) -> None:
    logger.info(
        "%s: no weights were given, so they are those that its code draws, from seed %d; %s say nothing about a "
        "trained network",
        *(name, seed, readers),
    )


def _load(module: "nn.Module", weights: File | None, name: str) -> dict[str, Any] | None:
    """Load weights, and say what did not match; returns the masks that the file holds, None if it holds none."""
    if weights is None:
        return None
    try:
        loaded = load_tensors(module, read_weights(weights), weights)
    except SparsetopoError as error:
        raise type(error)(f"{name}: {error}") from error
    sentence = loaded.sentence()
    if sentence is not None:
        logger.warning("%s: %s", weights, sentence)
    return loaded.masks or None


def _say_sparsity(network: EncodedNetwork, *, given: bool, held: bool) -> None:
    if given:
        source = f"by {network.mask_file or 'the mask that was given'}"
    elif held:
        source = f"by the masks in {network.weights_file}"
    else:
        source = "by the non-zero weights, since no mask was given"
    logger.info(
        "%s: %s of %s weights kept (sparsity %.4f), %s",
        network.network,
        f"{network.kept:,}",
        f"{network.weights:,}",
        network.sparsity,
        source,
    )


def _text(path: File | None) -> str | None:
    return None if path is None else str(path)
