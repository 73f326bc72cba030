"""Accuracy and loss of a network on one part of a data set."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from sparsetopo.training.images import ResidentImages

# Images a forward pass; a fixed number, so that the result does not depend on the recipe.
_BATCH = 512


@dataclass(frozen=True)
class Evaluation:
    """Share of images classified correctly (0..1) and mean cross-entropy; NaN if not finite."""

    accuracy: float
    loss: float

    @property
    def is_finite(self) -> bool:
        """Whether the network still computes numbers."""
        return math.isfinite(self.loss)


@torch.no_grad()
def evaluate(model: nn.Module, images: ResidentImages) -> Evaluation:
    """Evaluate a network in evaluation mode, in which it is left.

    An image with a NaN among its logits counts as wrong, whatever argmax makes of it.
    """
    model.eval()
    correct = torch.zeros((), dtype=torch.int64, device=images.labels.device)
    loss = torch.zeros((), dtype=torch.float64, device=images.labels.device)
    for start in range(0, len(images), _BATCH):
        positions = slice(start, start + _BATCH)
        logits = model(images.batch(positions))
        labels = images.labels[positions]
        right = (logits.argmax(dim=1) == labels) & ~logits.isnan().any(dim=1)
        correct += right.sum()
        loss += functional.cross_entropy(logits, labels, reduction="sum")
    return Evaluation(correct.item() / len(images), loss.item() / len(images))
