"""Running out of memory while training: one sentence on what did not fit and which setting to lower."""

from contextlib import AbstractContextManager

import torch

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.training.evaluate import evaluation_batch


def images_must_fit(dataset: PreparedDataset, device: torch.device) -> AbstractContextManager[None]:
    """Say that the images do not fit the device, if an allocation inside the block fails."""
    return named_out_of_memory(
        f"data set '{dataset.name}': its {len(dataset.train_images):,} training images of shape "
        f"{dataset.input_shape} do not fit the memory of device '{device}'; use a device with more, "
        f"or fewer or smaller images"
    )


def batch_must_fit(
    dataset: PreparedDataset, batch_size: int, device: torch.device
) -> AbstractContextManager[None]:
    """Say that the batch size must be lowered, if an allocation inside the block fails."""
    return named_out_of_memory(
        f"training.{dataset.name}.batch_size: the memory of device '{device}' does not suffice for "
        f"{batch_size} images per step and {evaluation_batch(batch_size, device)} at a time in "
        f"evaluation (at most four times as many); lower it, or use a device with more"
    )
