"""Training images for scoring: a data set that gives some at a time, or two tensors."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.errors import SparsetopoError


@runtime_checkable
class ImageSource(Protocol):
    """Training images that are normalised when they are asked for, never all at once."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label of every image, shape (N,)."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image, (C, H, W)."""

    def sample(self, indices: NDArray[np.int64]) -> Any:
        """Images of these indices, normalised: float array or tensor (n, C, H, W)."""


class TensorImages:
    """A float tensor of images (N, C, H, W) and integer labels (N,), checked, as an `ImageSource`."""

    def __init__(self, images: Any, labels: Any) -> None:
        self._images = torch.as_tensor(images)
        if self._images.ndim < 2 or not self._images.is_floating_point():
            raise SparsetopoError(
                f"images must be a float tensor (N, C, H, W), got {self._images.dtype} of shape "
                f"{tuple(self._images.shape)}."
            )
        self.labels = _checked_labels(labels)
        if len(self._images) != len(self.labels):
            raise SparsetopoError(
                f"there must be one label an image, got {len(self._images)} images and "
                f"{len(self.labels)} labels."
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self._images.shape[1:])

    def sample(self, indices: NDArray[np.int64]) -> Tensor:
        """Images of these indices, in their dtype and on their device."""
        return self._images[torch.from_numpy(indices).to(self._images.device)]


def image_source(data: Any) -> ImageSource:
    """Turn the `data` of `sparsetopo.pruning.prune` into an `ImageSource` with valid labels."""
    if isinstance(data, tuple | list) and len(data) == 2:
        return TensorImages(*data)
    if not isinstance(data, ImageSource):
        raise SparsetopoError(
            "data must be a pair (images, labels), or an object with labels, input_shape and "
            f"sample(indices), got {type(data).__name__}."
        )
    _checked_labels(data.labels)
    return data


def _checked_labels(labels: Any) -> NDArray[np.int64]:
    tensor = torch.as_tensor(labels)
    integral = not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)
    if tensor.ndim != 1 or not integral:
        raise SparsetopoError(
            f"labels must be an integer tensor (N,), got {tensor.dtype} of shape "
            f"{tuple(tensor.shape)}."
        )
    if not len(tensor):
        raise SparsetopoError("there must be at least one image to score on, got none.")
    if int(tensor.min()) < 0:
        raise SparsetopoError(f"labels must not be negative, got {int(tensor.min())}.")
    array: NDArray[np.int64] = tensor.long().cpu().numpy()
    return array
