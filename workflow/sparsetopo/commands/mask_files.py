"""Masks in files, by the names of a network's parameters."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparsetopo.commands.options import File
from sparsetopo.commands.weight_files import own_record, read_weights
from sparsetopo.errors import MaskError
from sparsetopo.networks.checkpoints.encodings import decoded
from sparsetopo.networks.checkpoints.names import matched_names
from sparsetopo.networks.checkpoints.tensor_files import read_tensor_file
from sparsetopo.networks.mask_names import parameter_masks
from sparsetopo.networks.masks import bool_mask
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning.mask import Mask

if TYPE_CHECKING:
    from torch import Tensor, nn

logger = logging.getLogger(__name__)


def read_masks(path: File, model: "nn.Module") -> dict[str, NDArray[np.bool_]]:
    """Masks of a file, bool, True where the weight is kept, by the names of a network's parameters.

    Parameters
    ----------
    path
        A mask file of this package; or safetensors or a file of `torch.save` that holds tensors of bool, or of 0 and 1,
        under the names of parameters; or a checkpoint that holds masks, by `torch.nn.utils.prune` or as bitmasks.
    model
        The network.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged or of another format.
    MaskError
        If it holds other numbers than 0 and 1, or is the mask of another network. A mask that this package wrote must
        have all prunable weights of the network; of what another one lacks, a warning is logged.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"module.weight": torch.tensor([[1, 0]])}, f"{folder}/mask.pt")
    ...     read_masks(f"{folder}/mask.pt", torch.nn.Linear(2, 1))
    {'weight': array([[ True, False]])}
    """
    try:
        if own_record(path) is not None:
            return _own_mask(path, model)
        masks = parameter_masks(_masks_in(path, model), model)
    except MaskError as error:
        raise MaskError(f"{path}: {error}") from error
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    for name, mask in masks.items():
        if mask.shape != shapes[name]:
            raise MaskError(
                f"{path}: the mask of '{name}' has shape {mask.shape}, the network's weight {shapes[name]}; it is the "
                "mask of another network."
            )
    whole = [name for name in prunable_parameters(model) if name not in masks]
    if whole:
        more = f" and {len(whole) - 1} more" if len(whole) > 1 else ""
        logger.warning("%s: has no mask of '%s'%s, kept whole", path, whole[0], more)
    return masks


def holds_masks(path: File) -> bool:
    """Whether a file holds masks alone, not weights: one of this package, or tensors of nothing but 0 and 1.

    The errors are those of `read_masks`.
    """
    record = own_record(path)
    if record is not None:
        return _is_mask_record(record)
    found = decoded(read_tensor_file(path), str(path))
    return not found.masks and all(_only_0_and_1(tensor) for tensor in found.weights.values())


def masks_by_name(path: File) -> dict[str, NDArray[np.bool_]]:
    """Masks of a file by the names that they have there, for want of a network to say which tensors are weights.

    Of a checkpoint without masks, those of its tensors of two axes or more, by what is not zero; this is logged. The
    errors are those of `read_masks`.
    """
    record = own_record(path)
    if record is not None and _is_mask_record(record):
        return dict(Mask.load(path))
    found = read_weights(path)
    if found.masks:
        return found.masks
    tensors = found.weights
    if all(_only_0_and_1(tensor) for tensor in tensors.values()):
        return {name: bool_mask(name, tensor) for name, tensor in tensors.items()}
    kept = {
        name: (tensor.to_dense() != 0).numpy()
        for name, tensor in tensors.items()
        if tensor.ndim > 1
    }
    if not kept:
        raise MaskError(f"{path}: holds neither masks nor a tensor of two axes or more.")
    logger.info("%s: the non-zero weights of its %d tensors of two axes or more", path, len(kept))
    return kept


def _is_mask_record(record: Mapping[str, object]) -> bool:
    return str(record.get("format", "")).startswith("sparsetopo mask")


def _only_0_and_1(tensor: "Tensor") -> bool:
    dense = tensor.to_dense()
    return bool(((dense == 0) | (dense == 1)).all())


def _own_mask(path: File, model: "nn.Module") -> dict[str, NDArray[np.bool_]]:
    """A mask that was made here has all prunable weights of its network, and no other."""
    mask = Mask.load(path)
    mask.check_fits({name: tuple(w.shape) for name, w in prunable_parameters(model).items()})
    return dict(mask)


def _masks_in(path: File, model: "nn.Module") -> dict[str, object]:
    found = decoded(read_tensor_file(path), str(path))
    masks: dict[str, object] = {**(found.masks or found.weights)}
    names = matched_names(masks, [name for name, _ in model.named_parameters()])
    return {names.get(name, name): mask for name, mask in masks.items()}
