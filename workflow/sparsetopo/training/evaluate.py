"""Accuracy and loss of a network on one part of a data set."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError
from sparsetopo.networks.precision import tf32_only_if_asked
from sparsetopo.training.images import ResidentImages

# Images per forward pass. On a CPU, the feature maps of more than these leave the cache: Resnet-20 at
# 32x32 takes 1.5 times as long with 512. A GPU needs more of them to be busy.
_MOST_ON_CPU = 128
_MOST_ON_GPU = 512


class Evaluation(NamedTuple):
    """Mean cross-entropy, which need not be finite, and share of images classified correctly (0..1)."""

    loss: float
    accuracy: float


def evaluation_batch(batch_size: int, device: torch.device) -> int:
    """Images per forward pass of evaluation, for a recipe's batch size.

    Four times the batch size need about the memory of a training step, as there are no gradients;
    more are never taken, so lowering the batch size to fit a device lowers this too.
    """
    return min(_MOST_ON_CPU if device.type == "cpu" else _MOST_ON_GPU, 4 * batch_size)


@torch.no_grad()
def evaluate(model: nn.Module, images: ResidentImages, batch_size: int = 128) -> Evaluation:
    """Evaluate a network in float32 and in evaluation mode, in which it is left.

    `batch_size` is the recipe's (see `evaluation_batch`). An image with a NaN among its logits counts
    as wrong, whatever argmax makes of it.
    """
    model.eval()
    device = images.labels.device
    correct = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    batch = evaluation_batch(batch_size, device)
    with tf32_only_if_asked("float32", device):
        for start in range(0, len(images), batch):
            positions = slice(start, start + batch)
            logits = model(images.batch(positions))
            labels = images.labels[positions]
            right = (logits.argmax(dim=1) == labels) & ~logits.isnan().any(dim=1)
            correct += right.sum()
            loss += functional.cross_entropy(logits, labels, reduction="sum")
    return Evaluation(loss.item() / len(images), correct.item() / len(images))


@torch.no_grad()
def check_logits(model: nn.Module, images: ResidentImages, dataset: PreparedDataset) -> None:
    """Refuse, by a DataError, a model that does not give one logit per class."""
    shape = tuple(model.eval()(images.batch(slice(0, 1))).shape)
    if shape != (1, dataset.classes):
        raise DataError(
            f"for one image of data set '{dataset.name}' the model gives an output of shape "
            f"{shape}; with {dataset.classes} classes it must be (1, {dataset.classes})."
        )
