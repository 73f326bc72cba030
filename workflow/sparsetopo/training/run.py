"""The loop of a training run: epochs of masked SGD, evaluation, checkpoints.

`sparsetopo.training.train.train` is what to call; it checks the arguments and sets torch up.
"""

import logging
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from sparsetopo import seeding
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError
from sparsetopo.networks.arrays import copy_into, model_arrays, to_array
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.networks.precision import autocast, tf32_only_if_asked
from sparsetopo.networks.random_state import seed_torch
from sparsetopo.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from sparsetopo.training.compilation import Forward
from sparsetopo.training.draws import batch_slices, draw_epoch
from sparsetopo.training.evaluate import Evaluation, evaluate, evaluation_batch
from sparsetopo.training.images import Epoch, ResidentImages
from sparsetopo.training.optimiser import MaskedSGD
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import EpochProgress, Progress, TrainingResult

logger = logging.getLogger(__name__)

Masks = Mapping[str, NDArray[np.bool_]]


class Run:
    """State of a training run: model, momentum, history."""

    def __init__(
        self,
        model: nn.Module,
        dataset: PreparedDataset,
        recipe: Recipe,
        order_labels: tuple[str, str, int],
        mask: Masks | None,
        device: torch.device,
        precision: str,
    ) -> None:
        self.recipe = recipe
        self.order_labels = order_labels
        self.device = device
        self.precision = precision
        self.augmented = recipe.augmentation == "crop-flip"
        with named_out_of_memory(
            f"data set '{order_labels[0]}': its {len(dataset.train_images):,} training images of "
            f"shape {dataset.input_shape} do not fit the memory of device '{device}'; use a device "
            f"with more, or fewer or smaller images"
        ):
            # Channels last: mkldnn's convolutions are 1.1 to 1.4 times faster on these small maps.
            self.model = model.to(device).to(memory_format=torch.channels_last)
            self.train_images = ResidentImages(
                dataset.train_images, dataset.train_labels, dataset, device, self.augmented
            )
            self.test_images = ResidentImages(
                dataset.test_images, dataset.test_labels, dataset, device
            )
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

    def to_the_end(
        self, forward: Forward, digest: str, checkpoint: Path | None, progress: Progress | None
    ) -> TrainingResult:
        """Run the epochs that are not yet done."""
        if checkpoint is not None:
            self._resume(checkpoint, digest)
        while self.status == "running" and len(self.history) < self.recipe.epochs:
            images_per_second = self._run_epoch(len(self.history), forward)
            if checkpoint is not None:
                write_checkpoint(checkpoint, digest, self._state())
            if progress is not None:
                progress(self._progress(images_per_second))
        accuracies = [record["accuracy"] for record in self.history]
        return TrainingResult(
            "diverged" if self.status == "diverged" else "finished",
            accuracies[-1],
            max(accuracies),
            self.history,
        )

    def _run_epoch(self, epoch: int, forward: Forward) -> float:
        """Train for an epoch (counted from 0), evaluate, record: training images a second."""
        learning_rate = self.recipe.learning_rate_at(epoch)
        start = time.perf_counter()
        with (
            self._lower_batch_size_if_out_of_memory(),
            tf32_only_if_asked(self.precision, self.device),
        ):
            loss = self._steps(epoch, learning_rate, forward)
        seconds = time.perf_counter() - start
        test = self._evaluate()
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

    def _lower_batch_size_if_out_of_memory(self) -> AbstractContextManager[None]:
        size = self.recipe.batch_size
        return named_out_of_memory(
            f"training.{self.order_labels[0]}.batch_size: with {size} images a step (and "
            f"{evaluation_batch(size, self.device)} at a time in evaluation, at most four times as "
            f"many) the memory of device '{self.device}' does not suffice; lower it, or use a "
            f"device with more"
        )

    def _steps(self, epoch: int, learning_rate: float, forward: Forward) -> float:
        """All SGD steps of an epoch: mean training loss."""
        count = len(self.train_images)
        images: Epoch = self.train_images.epoch(
            draw_epoch(self.order_labels, epoch, count, self.augmented)
        )
        seed_torch(
            self.model.parameters(), seeding.generator("layer noise", *self.order_labels, epoch)
        )
        self.model.train()
        # Summed on the device: reading the loss of each step would make a GPU wait for the host.
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        for positions in batch_slices(count, self.recipe.batch_size):
            batch, labels = images.batch(positions)
            self.optimiser.clear_gradients()
            # Another size of batch would be compiled anew, for the one step of an epoch's end.
            run = forward if len(labels) == self.recipe.batch_size else self.model
            with autocast(self.precision, self.device):
                loss = functional.cross_entropy(run(batch), labels)
            loss.backward()
            self.optimiser.step(learning_rate)
            total += loss.detach() * len(labels)
        self.optimiser.clear_gradients()
        return total.item() / count

    def _evaluate(self) -> Evaluation:
        """Evaluate on the test images: in float32 and not compiled, however training computes."""
        batch = evaluation_batch(self.recipe.batch_size, self.device)
        with self._lower_batch_size_if_out_of_memory(), tf32_only_if_asked("float32", self.device):
            return evaluate(self.model, self.test_images, batch)

    def _state(self) -> Checkpoint:
        momentum = {name: to_array(buffer) for name, buffer in self.optimiser.buffers.items()}
        return Checkpoint(self.status, self.history, model_arrays(self.model), momentum)

    def _resume(self, path: Path, digest: str) -> None:
        """Take over the state of a checkpoint of this run, if there is one."""
        state = read_checkpoint(path, digest)
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
