"""Training of one network, dense or sparse: what to call, and the set-up around the loop in `run`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.networks.determinism import deterministic_algorithms, resolve_device
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.networks.precision import check_precision
from sparsetopo.training.compilation import compiled_forward
from sparsetopo.training.identity import run_digest
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import Progress, TrainingResult
from sparsetopo.training.run import Run

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
    precision: str = "float32",
    compile: bool = False,  # noqa: A002
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
        "cpu", "cuda" or "cuda:<number>".
    precision
        "float32", "tf32" (GPU only) or "bfloat16": what convolutions and matrix products of training
        take in. Weights and evaluation are float32.
    compile
        Whether the training steps run through `torch.compile`.

    Raises
    ------
    ConfigurationError
        If the device is not there, does not compute in that precision, or nothing can be compiled.
    MaskError
        If the mask does not fit the model.
    DataError
        If the model does not give one logit a class.
    SparsetopoError
        If the memory of the device does not suffice; it names the setting to lower.
    """
    place = resolve_device(device)
    check_precision(precision, place)
    digest = run_digest(
        model,
        dataset,
        recipe,
        order_labels,
        mask,
        device=place.type,
        precision=precision,
        compile=compile,
    )
    with (
        named_out_of_memory(
            f"device '{place}' has no memory left for the network: free it, or use another one"
        ),
        deterministic_algorithms(place),
        compiled_forward(model, compile) as forward,
    ):
        run = Run(model, dataset, recipe, order_labels, mask, place, precision)
        return run.to_the_end(forward, digest, checkpoint, progress)
