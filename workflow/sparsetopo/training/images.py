"""Images and labels held on the device, and batched, augmented and normalised there.

The images stay uint8 and become float32 one batch at a time. Crops are taken from images padded
once with raw zeros, so the padding is black rather than the mean colour, as with torchvision's
RandomCrop before Normalize.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.training.draws import PADDING, EpochDraws, batch_slices


class ResidentImages:
    """Images (N, C, H, W) and labels (N,) of one part of a data set, held on a device.

    `dataset` gives the mean and standard deviation of each channel; `padded` images can be cropped.
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

    def batches(self, draws: EpochDraws, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of one epoch: images float32, shape (B, C, H, W), and labels int64, shape (B,)."""
        device = self.labels.device
        order = torch.from_numpy(draws.order).to(device)
        offsets = None if draws.offsets is None else torch.from_numpy(draws.offsets).to(device)
        flips = None if draws.flips is None else torch.from_numpy(draws.flips).to(device)
        for positions in batch_slices(len(order), batch_size):
            picked = order[positions]
            if offsets is None or flips is None:
                pixels = self._images[picked]
            else:
                pixels = self._cropped(picked, offsets[positions], flips[positions])
            yield self._normalised(pixels), self.labels[picked]

    def _cropped(self, picked: Tensor, offsets: Tensor, flips: Tensor) -> Tensor:
        """Gather images (B,) with the crops and flips as indices: (B, H, W, C) uint8."""
        rows = offsets[:, :1] + torch.arange(self._height, device=picked.device)
        columns = torch.arange(self._width, device=picked.device)
        columns = torch.where(flips[:, None], columns.flip(0), columns) + offsets[:, 1:]
        return self._images[picked[:, None, None], rows[:, :, None], columns[:, None, :]]
