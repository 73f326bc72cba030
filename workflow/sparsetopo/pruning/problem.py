"""What a pruning algorithm is given: network, sparsity, data, options and its random streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sparsetopo import seeding
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.networks.random_state import seed_torch
from sparsetopo.networks.running.inputs import call, mapped, placed
from sparsetopo.networks.running.outputs import logits as find_logits
from sparsetopo.pruning.images import ONE_CLASS_AN_IMAGE, ImageSource
from sparsetopo.pruning.selection import number_kept


@dataclass(frozen=True)
class Problem:
    """A network at its initial weights, and what an algorithm may use.

    The algorithm may change the network, which is restored afterwards. All its options have values;
    the sparsity is None where only scores are wanted; random streams depend on `seed` and
    `stream_labels`. The `example` is what the network is called with, a batch of one; None stands
    for one image of the `input_shape`.
    """

    model: nn.Module
    algorithm: str
    sparsity: float | None = None
    data: ImageSource | None = None
    input_shape: tuple[int, ...] | None = None
    seed: int = 0
    stream_labels: tuple[str | int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    example: Any = None
    without_influence: tuple[str, ...] = ()

    @cached_property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The prunable weights, but for those without an influence on the output."""
        weights = prunable_parameters(self.model)
        return {name: w for name, w in weights.items() if name not in self.without_influence}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the prunable weights."""
        return {name: tuple(weight.shape) for name, weight in self.parameters.items()}

    @property
    def sizes(self) -> dict[str, int]:
        """Number of weights of every prunable layer."""
        return {name: weight.numel() for name, weight in self.parameters.items()}

    @property
    def zero_weights(self) -> list[str]:
        """Names of weights, of layers and scales of normalisation, that are zero everywhere."""
        return [
            name
            for name, parameter in self.model.named_parameters()
            if (name in self.parameters or name.endswith("weight")) and not parameter.any()
        ]

    @property
    def target(self) -> float:
        """`sparsity`, for algorithms that cannot do without one."""
        if self.sparsity is None:
            raise ValueError(f"{self.algorithm} was asked for scores, which have no sparsity")
        return self.sparsity

    @property
    def kept(self) -> int:
        """How many weights are kept: round(N * (1 - sparsity))."""
        return number_kept(sum(self.sizes.values()), self.target)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label of every training image."""
        assert self.data is not None  # `run` has checked it
        return self.data.labels

    def differentiate_prunable(self) -> list[nn.Parameter]:
        """Let the prunable weights require gradients, and no other parameter; return them."""
        weights = list(self.parameters.values())
        self.model.requires_grad_(False)
        for weight in weights:
            weight.requires_grad_(True)
        return weights

    def generator(self, purpose: str, *labels: str | int) -> np.random.Generator:
        """Random stream for one purpose, e.g. "pruning batch"."""
        return seeding.generator(purpose, self.algorithm, *self.stream_labels, self.seed, *labels)

    def seed_layer_noise(self, *labels: str | int) -> None:
        """Seed torch's generators: with the same labels, dropout draws the same."""
        seed_torch(self.parameters.values(), self.generator("layer noise", *labels))

    def random_scores(self) -> dict[str, NDArray[np.float64]]:
        """Random numbers in [0, 1), one a prunable weight: keeping the largest keeps at random.

        Every layer has a stream of its own, named by its parameter.
        """
        return {
            name: self.generator("random mask", name).random(shape)
            for name, shape in self.shapes.items()
        }

    def batch(self, indices: NDArray[np.int64]) -> tuple[Any, Tensor]:
        """Inputs and labels of these indices, on the network's device and in its dtype."""
        assert self.data is not None  # `run` has checked it
        weight = next(iter(self.parameters.values()))
        images = self.data.sample(indices)
        images = images if isinstance(images, tuple | Mapping) else torch.as_tensor(images)
        labels = torch.from_numpy(self.data.labels[indices])
        return mapped(lambda tensor: placed(tensor, weight), images), labels.to(weight.device)

    def loss(self, images: Any, labels: Tensor, temperature: float = 1.0) -> Tensor:
        """Mean cross-entropy of logits / temperature.

        A SparsetopoError says if the network does not give one output a class.
        """
        logits = find_logits(call(self.model, images), len(labels))
        if logits.ndim != 2 or len(logits) != len(labels):
            advice = f": {ONE_CLASS_AN_IMAGE}" if logits.ndim > 2 else ""
            raise SparsetopoError(
                f"{self.algorithm} needs a classifier with outputs (N, classes), but the network gives "
                f"{tuple(logits.shape)} for {len(labels)} images{advice}."
            )
        if int(labels.max()) >= logits.shape[1]:
            raise SparsetopoError(
                f"label {int(labels.max())} is out of range: the network has {logits.shape[1]} "
                "outputs, and labels count from 0."
            )
        return functional.cross_entropy(logits / temperature, labels)
