"""Images and labels resident on the device, batched, augmented and normalised there.

The images stay uint8 and are turned into float32 a batch at a time. Random crops read from images
that were padded once with zeros in raw pixel units, so that, as with torchvision's RandomCrop ahead
of Normalize, the padding is black and not the mean colour.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.training.draws import PADDING, EpochDraws


class ResidentImages:
    """One part of a data set, held on a device.

    Parameters
    ----------
    images
        uint8, shape (N, C, H, W).
    labels
        int64, shape (N,).
    dataset
        Gives the mean and standard deviation of each channel.
    device
        Where the tensors live.
    padded
        Whether crops will be taken.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        dataset: PreparedDataset,
        device: torch.device,
        padded: bool = False,
    ) -> None:
        self._height, self._width = images.shape[2:]
        margin = PADDING if padded else 0
        # Channels last, so that a gathered batch is in that layout without another copy.
        stored = np.pad(
            images.transpose(0, 2, 3, 1), ((0, 0), (margin, margin), (margin, margin), (0, 0))
        )
        self._images = torch.from_numpy(np.ascontiguousarray(stored)).to(device)
        self.labels = torch.from_numpy(labels.copy()).to(device)
        self._mean = torch.tensor(dataset.mean, dtype=torch.float32, device=device)
        self._std = torch.tensor(dataset.std, dtype=torch.float32, device=device)

    def __len__(self) -> int:
        return len(self.labels)

    def _normalised(self, pixels: Tensor) -> Tensor:
        """(B, H, W, C) uint8 to (B, C, H, W) float32 in channels-last memory order."""
        return pixels.float().sub_(self._mean).div_(self._std).permute(0, 3, 1, 2)

    def batch(self, positions: slice) -> Tensor:
        """Images at stored positions, not augmented: float32, shape (B, C, H, W)."""
        return self._normalised(self._images[positions])

    def epoch(self, draws: EpochDraws) -> "Epoch":
        """Images in the order and augmentation of one epoch."""
        return Epoch(self, draws)

    def _gathered(self, order: Tensor, corners: Tensor | None, flips: Tensor | None) -> Tensor:
        if corners is None or flips is None:
            return self._normalised(self._images[order])
        rows = corners[:, :1] + torch.arange(self._height, device=order.device)
        columns = torch.arange(self._width, device=order.device)
        columns = torch.where(flips[:, None], columns.flip(0), columns) + corners[:, 1:]
        return self._normalised(
            self._images[order[:, None, None], rows[:, :, None], columns[:, None, :]]
        )


class Epoch:
    """The images of one epoch: `batch` gives a part of them, in order and augmented."""

    def __init__(self, images: ResidentImages, draws: EpochDraws) -> None:
        self._images = images
        device = images.labels.device
        self._order = torch.from_numpy(draws.order).to(device)
        augmented = draws.offsets is not None and draws.flips is not None
        self._corners = torch.from_numpy(draws.offsets).to(device) if augmented else None
        self._flips = torch.from_numpy(draws.flips).to(device) if augmented else None

    def batch(self, positions: slice) -> tuple[Tensor, Tensor]:
        """Images (float32, shape (B, C, H, W)) and labels (int64, shape (B,)) of a batch."""
        order = self._order[positions]
        corners = None if self._corners is None else self._corners[positions]
        flips = None if self._flips is None else self._flips[positions]
        return self._images._gathered(order, corners, flips), self._images.labels[order]
