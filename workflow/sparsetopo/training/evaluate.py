"""Accuracy and loss of a network on one part of a data set."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from sparsetopo.training.images import ResidentImages

# Images a forward pass. On a CPU the maps of more than these leave the cache: Resnet-20 at 32x32
# takes 1.5 times as long with 512. A GPU needs more of them to be busy.
_BATCH_ON_CPU = 128
_BATCH_ON_GPU = 512


@dataclass(frozen=True)
class Evaluation:
    """Share of images classified correctly (0..1) and mean cross-entropy; NaN if not finite."""

    accuracy: float
    loss: float

    @property
    def is_finite(self) -> bool:
        """Whether the network still computes numbers."""
        return math.isfinite(self.loss)


def evaluation_batch(batch_size: int, device: torch.device) -> int:
    """Images a forward pass of evaluation, for a recipe's batch size.

    At most four times the batch size: without gradients, that takes about the memory of a training
    step, so that whoever lowers the batch size to fit a device lowers this too.
    """
    most = _BATCH_ON_CPU if device.type == "cpu" else _BATCH_ON_GPU
    return min(most, 4 * batch_size)


@torch.no_grad()
def evaluate(model: nn.Module, images: ResidentImages, batch: int = _BATCH_ON_CPU) -> Evaluation:
    """Evaluate a network in evaluation mode, in which it is left.

    An image with a NaN among its logits counts as wrong, whatever argmax makes of it.

    Parameters
    ----------
    model
        Gives logits of shape (B, classes).
    images
        Images and labels, on the model's device.
    batch
        Images a forward pass, of `evaluation_batch`.
    """
    model.eval()
    correct = torch.zeros((), dtype=torch.int64, device=images.labels.device)
    loss = torch.zeros((), dtype=torch.float64, device=images.labels.device)
    for start in range(0, len(images), batch):
        positions = slice(start, start + batch)
        logits = model(images.batch(positions))
        labels = images.labels[positions]
        right = (logits.argmax(dim=1) == labels) & ~logits.isnan().any(dim=1)
        correct += right.sum()
        loss += functional.cross_entropy(logits, labels, reduction="sum")
    return Evaluation(correct.item() / len(images), loss.item() / len(images))
