"""Training of one network, dense or sparse, with checkpoints after every epoch."""

import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from sparsetopo import seeding
from sparsetopo.datasets._checksum import checksum
from sparsetopo.datasets._prepared import PreparedDataset
from sparsetopo.errors import DataError
from sparsetopo.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from sparsetopo.training.determinism import (
    deterministic_algorithms,
    resolve_device,
    seed_torch,
)
from sparsetopo.training.draws import batch_slices, draw_epoch
from sparsetopo.training.evaluate import evaluate
from sparsetopo.training.images import Epoch, ResidentImages
from sparsetopo.training.optimiser import MaskedSGD
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import EpochProgress, Progress, TrainingResult
from sparsetopo.training.state import copy_into, model_arrays, to_array

logger = logging.getLogger(__name__)

Masks = Mapping[str, NDArray[np.bool_]]


def train(
    model: nn.Module,
    dataset: PreparedDataset,
    recipe: Recipe,
    *,
    order_labels: tuple[str, str, int],
    mask: Masks | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
) -> TrainingResult:
    """Train a network in place.

    Pruned weights are exactly zero before the first step and after every one. With the same number
    of threads on the same machine the weights are the same bit for bit, whether or not the run was
    interrupted and resumed.

    Parameters
    ----------
    model
        Holds its initial weights, also when a checkpoint is resumed: they are part of what a
        checkpoint is recognised by. Left on `device`, in evaluation mode, in channels-last layout.
    dataset
        Images and labels.
    recipe
        Epochs, batch size, learning rate ...
    order_labels
        Data set, architecture and seed: name the random stream of the data order and augmentation.
    mask
        Kept weights by parameter name; None trains a dense network.
    checkpoint
        File for the state after each epoch; resumed from if it belongs to this very run, else
        ignored with a warning. It is left there: the caller removes it once the result is stored.
    progress
        Called after each epoch, when its checkpoint is written.
    device
        Name of a torch device.

    Raises
    ------
    ConfigurationError
        If the device is not there.
    MaskError
        If the mask does not fit the model.
    DataError
        If the model does not give one logit a class.
    """
    place = resolve_device(device)
    with deterministic_algorithms(place):
        run = _Run(model, dataset, recipe, order_labels, mask, place)
        return run.to_the_end(checkpoint, progress)


class _Run:
    """State of a training run: model, momentum, history."""

    def __init__(
        self,
        model: nn.Module,
        dataset: PreparedDataset,
        recipe: Recipe,
        order_labels: tuple[str, str, int],
        mask: Masks | None,
        device: torch.device,
    ) -> None:
        self.recipe = recipe
        self.order_labels = order_labels
        self.augmented = recipe.augmentation == "crop-flip"
        self.digest = run_digest(model, dataset, recipe, order_labels, mask, device.type)
        # Channels last: mkldnn's convolutions are 1.1 to 1.4 times faster on these small maps.
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.train_images = ResidentImages(
            dataset.train_images, dataset.train_labels, dataset, device, self.augmented
        )
        self.test_images = ResidentImages(dataset.test_images, dataset.test_labels, dataset, device)
        self.optimiser = MaskedSGD(self.model, recipe.momentum, recipe.weight_decay, mask)
        self.status = "running"
        self.history: list[dict[str, Any]] = []
        self._check_logits(dataset)

    @torch.no_grad()
    def _check_logits(self, dataset: PreparedDataset) -> None:
        shape = tuple(self.model.eval()(self.test_images.batch(slice(0, 1))).shape)
        if shape != (1, dataset.classes):
            raise DataError(
                f"for one image of data set '{dataset.name}' the model gives an output of shape "
                f"{shape}; with {dataset.classes} classes it must be (1, {dataset.classes})."
            )

    def to_the_end(self, checkpoint: Path | None, progress: Progress | None) -> TrainingResult:
        """Run the epochs that are not yet done."""
        if checkpoint is not None:
            self._resume(checkpoint)
        while self.status == "running" and len(self.history) < self.recipe.epochs:
            images_per_second = self._run_epoch(len(self.history))
            if checkpoint is not None:
                write_checkpoint(checkpoint, self.digest, self._state())
            if progress is not None:
                progress(self._progress(images_per_second))
        accuracies = [record["accuracy"] for record in self.history]
        return TrainingResult(
            "diverged" if self.status == "diverged" else "finished",
            accuracies[-1],
            max(accuracies),
            self.history,
        )

    def _run_epoch(self, epoch: int) -> float:
        """Train for an epoch (counted from 0), evaluate, record: training images a second."""
        learning_rate = self.recipe.learning_rate_at(epoch)
        start = time.perf_counter()
        loss = self._steps(epoch, learning_rate)
        seconds = time.perf_counter() - start
        test = evaluate(self.model, self.test_images)
        self.history.append(
            {
                "epoch": epoch + 1,
                "learning_rate": learning_rate,
                "loss": loss if math.isfinite(loss) else None,
                "test_loss": test.loss if test.is_finite else None,
                "accuracy": test.accuracy,
            }
        )
        if not (math.isfinite(loss) and test.is_finite):
            self.status = "diverged"
            logger.warning(
                "Training diverged in epoch %d of %d: the loss is not finite.",
                epoch + 1,
                self.recipe.epochs,
            )
        return len(self.train_images) / seconds

    def _steps(self, epoch: int, learning_rate: float) -> float:
        """All SGD steps of an epoch: mean training loss."""
        count = len(self.train_images)
        images: Epoch = self.train_images.epoch(
            draw_epoch(self.order_labels, epoch, count, self.augmented)
        )
        seed_torch(seeding.generator("layer noise", *self.order_labels, epoch))
        self.model.train()
        # Summed on the device: reading the loss of each step would make a GPU wait for the host.
        total = torch.zeros((), dtype=torch.float64, device=self.train_images.labels.device)
        for positions in batch_slices(count, self.recipe.batch_size):
            batch, labels = images.batch(positions)
            self.optimiser.clear_gradients()
            loss = functional.cross_entropy(self.model(batch), labels)
            loss.backward()
            self.optimiser.step(learning_rate)
            total += loss.detach() * len(labels)
        self.optimiser.clear_gradients()
        return total.item() / count

    def _state(self) -> Checkpoint:
        momentum = {name: to_array(buffer) for name, buffer in self.optimiser.buffers.items()}
        return Checkpoint(self.status, self.history, model_arrays(self.model), momentum)

    def _resume(self, path: Path) -> None:
        """Take over the state of a checkpoint of this run, if there is one."""
        state = read_checkpoint(path, self.digest)
        if state is None:
            return
        copy_into(self.model.state_dict(), state.model)
        copy_into(self.optimiser.buffers, state.momentum)
        self.optimiser.enforce_masks()
        self.status, self.history = state.status, state.history
        logger.info("Resumed after epoch %d of %d.", len(self.history), self.recipe.epochs)

    def _progress(self, images_per_second: float) -> EpochProgress:
        last = self.history[-1]
        loss = math.nan if last["loss"] is None else last["loss"]
        return EpochProgress(
            last["epoch"], self.recipe.epochs, loss, last["accuracy"], images_per_second
        )


def run_digest(
    model: nn.Module,
    dataset: PreparedDataset,
    recipe: Recipe,
    order_labels: tuple[str, str, int],
    mask: Masks | None,
    device_type: str,
) -> str:
    """SHA-256 of everything the final weights depend on.

    torch's version is included because its kernels, and so the last bits, change between versions.
    """
    arrays: dict[str, NDArray[Any]] = {"data:" + n: a for n, a in dataset.arrays.items()}
    arrays |= {"initial:" + n: a for n, a in model_arrays(model).items()}
    arrays |= {"mask:" + n: np.asarray(a) for n, a in (mask or {}).items()}
    record = {
        "recipe": recipe.to_record(),
        "order": list(order_labels),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "device": device_type,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    return checksum(arrays, record)
