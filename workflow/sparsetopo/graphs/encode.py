"""Encoding a PyTorch model: its traced wiring with its weights and masks. Needs torch."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sparsetopo.errors import MaskError
from sparsetopo.graphs.mge import MGE, mge_from_masks
from sparsetopo.graphs.tracing.trace import trace


def encode(
    model: nn.Module,
    input_shape: Iterable[int],
    masks: Mapping[str, Any] | None = None,
    identity_shortcuts: bool = False,
) -> MGE:
    """Encode a pruned network as a multipartite graph.

    Parameters
    ----------
    model
        Any CNN or MLP that takes one tensor, on any device, in any floating dtype; it is not changed.
    input_shape
        Shape of one sample: (C, H, W), (C, L) or (F,).
    masks
        {parameter name: bool array or tensor}, True where the weight is kept. Parameters without a mask are kept whole.
        A parameter that `torch.nn.utils.prune` renamed may be given by its old name ("conv.weight") or its new one
        ("conv.weight_orig"). None stands for the masks of `torch.nn.utils.prune` where there are any, and for the
        non-zero weights elsewhere.
    identity_shortcuts
        Whether identity shortcuts become edges of weight 1; otherwise they are left out.

    Raises
    ------
    MaskError
        If a mask names an unknown parameter or does not fit it.
    EncodingError
        If the model cannot be encoded, or a kept weight is not finite.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 5))
    >>> encode(model, input_shape=(1, 4, 4))
    <MGE: 73 nodes in 3 layers, 178 kept weights>
    """
    plan = trace(model, input_shape, identity_shortcuts)
    weights = {name: weight_array(model, name) for name in plan.parameters}
    if masks is None:
        chosen: dict[str, NDArray[np.bool_]] = {}
        for name, array in weights.items():
            pruned = _prune_mask(model, name)
            chosen[name] = array != 0 if pruned is None else pruned
        return MGE(plan, weights, chosen)
    if not isinstance(masks, Mapping):
        raise MaskError(
            f"masks is a {type(masks).__name__}, but must be a mapping {{parameter name: bool array}}."
        )
    # Parameters that the graph does not use, such as biases, may be masked too.
    others: dict[str, NDArray[Any]] = {name: np.empty(0) for name, _ in model.named_parameters()}
    given: dict[str, Any] = {}
    for name, mask in masks.items():
        short = name.removesuffix("_orig")
        key = short if short in weights and name not in weights else name
        if key in given:
            raise MaskError(f"the masks name parameter '{key}' twice, also as '{name}'.")
        given[key] = mask.detach().cpu().numpy() if isinstance(mask, torch.Tensor) else mask
    return mge_from_masks(plan, {**others, **weights}, given)


def weight_array(model: nn.Module, name: str) -> NDArray[np.float32]:
    """Weights of a parameter of a plan, as float32.

    For a parametrized module, or one pruned by `torch.nn.utils.prune`, these are the weights that it computes with.
    """
    path, _, attribute = name.rpartition(".")
    module = model.get_submodule(path)
    with torch.no_grad():
        tensor = _pruned_product(module, attribute)
        if tensor is None:
            tensor = getattr(module, attribute)
        array: NDArray[np.float32] = tensor.detach().to("cpu", torch.float32).numpy()
    return array.copy()


def _pruned_product(module: nn.Module, attribute: str) -> torch.Tensor | None:
    """Product that `torch.nn.utils.prune` computes with; the attribute itself is stale between runs."""
    original = module._parameters.get(f"{attribute}_orig")
    mask = module._buffers.get(f"{attribute}_mask")
    return None if original is None or mask is None else original * mask


def _prune_mask(model: nn.Module, name: str) -> NDArray[np.bool_] | None:
    path, _, attribute = name.rpartition(".")
    mask = model.get_submodule(path)._buffers.get(f"{attribute}_mask")
    return None if mask is None else mask.detach().cpu().numpy().astype(bool)
