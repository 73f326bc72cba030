"""Training data for scoring, in all the forms that people have: as a source that gives some samples at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
)

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.running.inputs import mapped, tensors_in

ONE_CLASS_AN_IMAGE = (
    "to prune a network that has a class for every pixel or token, give one class an image and wrap the network in a "
    "module that returns one row of scores an image, such as output.flatten(2).mean(2) of (N, classes, H, W); or take "
    "an algorithm that reads no labels (synflow, er, erk, uniform) with input_shape in place of data"
)
"""What to do, as a part of a sentence."""


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
        """What the network is called with for these indices, normalised: float array or tensor (n, C, H, W)."""


class TensorImages:
    """Images (N, C, H, W) and integer labels (N,), checked, as an `ImageSource`.

    In place of images there may be token ids (integers), and several inputs: a tuple of positional arguments or a
    mapping of keyword arguments, each with N samples.
    """

    def __init__(self, images: Any, labels: Any) -> None:
        self.labels = _checked_labels(_tensor(labels, "labels"))
        self._inputs = _inputs(images, len(self.labels))
        for tensor in tensors_in(self._inputs):
            _check_input(tensor)
            if len(tensor) != len(self.labels):
                raise SparsetopoError(
                    f"there must be one label an image, got {len(tensor)} images and "
                    f"{len(self.labels)} labels."
                )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image, or of the first of several inputs."""
        return tuple(next(tensors_in(self._inputs)).shape[1:])

    @property
    def example(self) -> Any:
        """The first sample, if it is something else than one image."""
        one_image = isinstance(self._inputs, Tensor) and self._inputs.is_floating_point()
        return None if one_image else self.sample(np.zeros(1, dtype=np.int64))

    def sample(self, indices: NDArray[np.int64]) -> Any:
        """Inputs of these indices, in their dtype and on their device."""
        chosen = torch.from_numpy(indices)
        sampled = mapped(lambda tensor: tensor[chosen.to(tensor.device)], self._inputs)
        if isinstance(
            sampled, Tensor
        ):  # of several inputs one may be a mask of attention, made of -inf
            _require_finite(sampled, indices)
        return sampled


class DatasetImages:
    """A data set of pairs (image, label) by index, as those of torch.utils.data, as an `ImageSource`.

    All its labels are read at once, which loads every image, unless it has them as ``targets``.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        if not len(dataset):
            raise SparsetopoError("there must be at least one image to score on, got none.")
        first, _ = self._pair(0)
        _check_input(_tensor(first, "an image")[None])
        self.input_shape = tuple(_tensor(first, "an image").shape)
        self.labels = _checked_labels(_tensor(self._all_labels(), "labels"))

    def sample(self, indices: NDArray[np.int64]) -> Tensor:
        """Images of these indices."""
        images = _tensor([self._pair(int(index))[0] for index in indices], "images")
        _require_finite(images, indices)
        return images

    @property
    def example(self) -> Any:
        """The first sample, if it is something else than one image."""
        first = self.sample(np.zeros(1, dtype=np.int64))
        return None if first.is_floating_point() else first

    def _all_labels(self) -> Any:
        targets = getattr(self._dataset, "targets", None)
        untouched = getattr(self._dataset, "target_transform", None) is None
        if targets is not None and untouched and len(targets) == len(self._dataset):
            return targets
        return [self._pair(index)[1] for index in range(len(self._dataset))]

    def _pair(self, index: int) -> tuple[Any, Any]:
        item = self._dataset[index]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise SparsetopoError(
                f"the data set {type(self._dataset).__name__} must hold pairs (image, label), got "
                f"{type(item).__name__}{f' of {len(item)}' if isinstance(item, tuple | list) else ''}."
            )
        return item[0], item[1]


def image_source(data: Any) -> ImageSource:
    """Turn the `data` of `sparsetopo.pruning.prune` into an `ImageSource` with valid labels."""
    if isinstance(data, DataLoader):
        data = _loaded(data)
    if isinstance(data, TensorDataset) and len(data.tensors) == 2:
        return TensorImages(*data.tensors)
    if isinstance(data, tuple | list) and len(data) == 2:
        return TensorImages(*data)
    if isinstance(data, ImageSource):
        _checked_labels(_tensor(data.labels, "labels"))
        return data
    indexed = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    if not indexed or isinstance(data, Tensor | np.ndarray | Mapping | str | tuple):
        raise SparsetopoError(
            "data must be a pair (images, labels), a DataLoader or data set of such pairs, or an object with labels, "
            f"input_shape and sample(indices), got {type(data).__name__}."
        )
    return DatasetImages(data)


def _loaded(loader: Any) -> Any:
    """Data set of a loader: which images are scored on is drawn here, from the seed."""
    if loader.collate_fn is not default_collate:
        raise SparsetopoError(
            "the DataLoader has a collate_fn of its own, which batches drawn here would not pass through: "
            "pass data=(images, labels)."
        )
    if type(loader.batch_sampler) in (BatchSampler, type(None)):
        drawing: Any = loader.sampler
    else:
        drawing = loader.batch_sampler
    known = isinstance(drawing, RandomSampler | SequentialSampler)
    if not known and not isinstance(loader.dataset, IterableDataset):
        raise SparsetopoError(
            f"the DataLoader draws with a {type(drawing).__name__}, but samples are drawn here, from the seed: pass "
            "the samples that may be drawn as a torch.utils.data.Subset, without a sampler."
        )
    return loader.dataset


def _inputs(images: Any, count: int) -> Any:
    """Tensors of what is called images: one tensor, or several arguments."""
    if isinstance(images, Mapping) and images:
        return {name: _tensor(value, f"input '{name}'") for name, value in images.items()}
    if isinstance(images, tuple) and len(images) != count:
        lengths = [len(part) if hasattr(part, "__len__") else None for part in images]
        if images and all(length == count for length in lengths):
            return tuple(_tensor(part, "an input") for part in images)
    return _tensor(images, "images")


def _tensor(value: Any, what: str) -> Tensor:
    """Tensor of a tensor, array, series, or list of any of these or of numbers."""
    try:
        if isinstance(value, Tensor):
            return value.detach()
        if isinstance(value, Sequence) and any(isinstance(part, Tensor) for part in value[:1]):
            return torch.stack([part.detach() for part in value])
        array = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        if array.dtype.kind not in "biufc":
            raise TypeError(f"its type is {array.dtype}")
        # A copy of what torch cannot share: read-only, or with negative strides.
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise SparsetopoError(
            f"{what} must be a tensor or array of numbers, got {type(value).__name__}: {reason}"
        ) from error


def _check_input(tensor: Tensor) -> None:
    token_ids = tensor.dtype in (torch.int32, torch.int64)
    if tensor.ndim < 2 or not (tensor.is_floating_point() or token_ids):
        raise SparsetopoError(
            f"images must be a float tensor (N, C, H, W), normalised as for training, or integer token ids (N, T), "
            f"got {tensor.dtype} of shape {tuple(tensor.shape)}."
        )


def _require_finite(tensor: Tensor, indices: NDArray[np.int64]) -> None:
    """Refuse samples that would make every score NaN, naming the first."""
    finite = torch.isfinite(tensor).flatten(1).all(1).cpu().numpy()
    if not finite.all():
        raise SparsetopoError(
            f"image {indices[~finite].min()} holds NaN or infinite values: leave it out, or give it finite ones."
        )


def _checked_labels(labels: Tensor) -> NDArray[np.int64]:
    integral = not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool)
    if labels.ndim != 1 or not integral:
        advice = f": {ONE_CLASS_AN_IMAGE}" if labels.ndim > 1 and integral else ""
        raise SparsetopoError(
            f"labels must be an integer tensor (N,), one class number an image, got {labels.dtype} of shape "
            f"{tuple(labels.shape)}{advice}."
        )
    if not len(labels):
        raise SparsetopoError("there must be at least one image to score on, got none.")
    labels = labels.long()
    if int(labels.min()) < 0:
        raise SparsetopoError(f"labels must not be negative, got {int(labels.min())}.")
    array: NDArray[np.int64] = labels.cpu().numpy()
    return array
