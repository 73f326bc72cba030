"""Encoding a PyTorch model: its traced wiring with its weights and masks. Needs torch."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sparsetopo.errors import EncodingError, MaskError
from sparsetopo.graphs.mge import MGE
from sparsetopo.graphs.plan import Plan
from sparsetopo.graphs.tracing.constants import Computed
from sparsetopo.graphs.tracing.fingerprints import constants_digest, fingerprint, uncompiled
from sparsetopo.graphs.tracing.quantised import ADVICE
from sparsetopo.graphs.tracing.run import require_module
from sparsetopo.graphs.tracing.trace import Attention, traced
from sparsetopo.networks.mask_names import parameter_masks


def encode(
    model: nn.Module,
    input_shape: Iterable[int] | None = None,
    masks: Mapping[str, Any] | None = None,
    identity_shortcuts: bool = False,
    *,
    attention: Attention = "all",
    example: Any = None,
    plan: Plan | None = None,
) -> MGE:
    """Encode a pruned network as a multipartite graph.

    Threads may encode at once, and draw from torch's random generators meanwhile, which are neither drawn from nor set
    (unless the model itself seeds them).

    Parameters
    ----------
    model
        Any network, on any device, in any floating dtype; it is not changed.
    input_shape
        Shape of one sample, if the model takes one tensor of floating numbers: (C, H, W), (C, L), (F,), (T, F) or
        (C, D, H, W).
    masks
        {parameter name: bool array or tensor}, True where the weight is kept. Parameters without a mask are kept whole.
        Names and kinds of masks are those of `sparsetopo.networks.mask_names.parameter_masks`. None stands for the
        masks of `torch.nn.utils.prune` where there are any, and for the non-zero weights elsewhere. A weight that the
        forward pass computes has the mask of the parameter that it is made from, if there is one, else its non-zeros.
    identity_shortcuts
        Whether identity shortcuts become edges of weight 1; otherwise they are left out.
    attention
        Whether who reads the result of softmax attention reads all that it depends on, "all", or only the values,
        "values" (``docs/graph.md``, section 1).
    example
        In place of `input_shape`, what the model is called with: a tensor (token ids, say), a tuple of arguments or a
        mapping of keywords, as a batch of one sample.
    plan
        The plan of an earlier encoding of a network like this one, which saves tracing it again, unless the model
        computes weights as it runs, or its buffers hold something else. `input_shape` is the plan's, if it is given.

    Raises
    ------
    MaskError
        If a mask names an unknown parameter or does not fit it.
    EncodingError
        If the model cannot be encoded, a kept weight is not finite, or the plan is that of another network.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 5))
    >>> encode(model, input_shape=(1, 4, 4))
    <MGE: 73 nodes in 3 layers, 178 kept weights>
    """
    require_module(model)
    model = uncompiled(model)
    given = _parameter_masks(model, masks)
    computed: dict[str, Computed] = {}
    if plan is not None:
        _require_plan_of(model, plan)
        _require_plan_at(input_shape, plan)
    if plan is None or plan.computed or plan.constants != constants_digest(model):
        # Copies: masks may be read-only, which torch warns of.
        carried = {name: torch.tensor(mask) for name, mask in given.items()}
        _require_shapes(model, given)
        if plan is not None and input_shape is None and example is None:
            input_shape, attention = plan.input_shape, plan.attention  # type: ignore[assignment]
            identity_shortcuts = plan.identity_shortcuts
        made, computed = traced(model, input_shape, identity_shortcuts, attention, example, carried)
        if plan is not None and made != plan:
            raise EncodingError(
                "the plan is that of another network than the model; trace the model again."
            )
        plan = made
    tensors = dict([*model.named_parameters(), *model.named_buffers()])
    weights, chosen = {}, {}
    for name in plan.parameters:
        if name in computed:
            weights[name] = _array(name, computed[name].value)
            own = name in given and name not in tensors
            chosen[name] = (
                given[name] if own else _computed_mask(name, computed[name], weights[name])
            )
        else:
            weights[name] = _array(name, tensors[name])
            if name in given:
                chosen[name] = given[name]
            elif masks is None:
                chosen[name] = weights[name] != 0
            else:
                chosen[name] = np.ones(weights[name].shape, dtype=bool)
    return MGE(plan, weights, chosen)


def _parameter_masks(
    model: nn.Module, masks: Mapping[str, Any] | None
) -> dict[str, NDArray[np.bool_]]:
    """Masks by the names of parameters, or of weights that modules compute before they run."""
    computed = {
        f"{path}.{name}" if path else name: module
        for path, module in model.named_modules()
        for name in (*_plain_tensors(module), *getattr(module, "parametrizations", ()))
    }
    if masks is not None:
        return parameter_masks(masks, model, known=computed)
    found = {}
    for name, module in computed.items():
        attribute = name.rpartition(".")[2]
        pruned = module._buffers.get(f"{attribute}_mask")
        if pruned is not None and f"{attribute}_orig" in module._parameters:
            found[name] = pruned.detach().cpu().numpy().astype(bool)
    return found


def _plain_tensors(module: nn.Module) -> list[str]:
    """Tensors that a module holds as plain attributes, as hooks that compute weights leave them."""
    return [name for name, value in vars(module).items() if isinstance(value, torch.Tensor)]


def _require_shapes(model: nn.Module, masks: Mapping[str, NDArray[np.bool_]]) -> None:
    for name, parameter in model.named_parameters():
        if name in masks and masks[name].shape != tuple(parameter.shape):
            raise MaskError(
                f"mask of '{name}' has shape {masks[name].shape}, but should have {tuple(parameter.shape)}."
            )


def _require_plan_of(model: nn.Module, plan: Plan) -> None:
    """EncodingError unless a plan is that of such a network."""
    if not isinstance(plan, Plan):
        raise EncodingError(
            f"plan is a {type(plan).__name__}, but must be a Plan, as `sparsetopo.trace` returns it."
        )
    if plan.network is not None and plan.network != fingerprint(model):
        raise EncodingError(
            "the plan is that of another network than the model: their modules, settings or shapes differ; trace "
            "the model again."
        )
    shapes = {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}
    shapes |= {name: tuple(tensor.shape) for name, tensor in model.named_buffers()}
    for name, shape in plan.parameters.items():
        if name not in plan.computed and shapes.get(name) != shape:
            raise EncodingError(
                f"the plan is that of another network than the model: it uses parameter '{name}' of shape {shape}, "
                f"and the model has {shapes.get(name, 'none of that name')}."
            )


def _require_plan_at(input_shape: Iterable[int] | None, plan: Plan) -> None:
    """EncodingError if the inputs wanted have another shape than those of a plan."""
    if isinstance(input_shape, Iterable) and tuple(input_shape) != tuple(plan.input_shape):
        raise EncodingError(
            f"input_shape is {tuple(input_shape)}, but the plan is for inputs of shape {tuple(plan.input_shape)}; "
            "trace the model again."
        )


def _array(name: str, tensor: torch.Tensor) -> NDArray[np.float32]:
    """Weights as float32, in a copy of their own."""
    if tensor.is_meta:
        raise EncodingError(
            f"parameter '{name}' is on the device 'meta', which holds no values; load the weights first, or use "
            "sparsetopo.trace, which needs none."
        )
    if tensor.is_complex() or tensor.is_quantized:
        advice = f": {ADVICE}" if tensor.is_quantized else ""
        raise EncodingError(
            f"parameter '{name}' has type {tensor.dtype}, but weights must be real numbers{advice}."
        )
    dense = tensor.detach() if tensor.layout == torch.strided else tensor.detach().to_dense()
    array: NDArray[np.float32] = dense.to("cpu", torch.float32).numpy()
    return array.copy()


def _computed_mask(
    name: str, computed: Computed, weights: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Mask of a weight that the forward pass computes."""
    if computed.problem is not None:
        raise MaskError(
            f"the masks cannot be carried to the weight '{name}': {computed.problem}; give a mask of the weight "
            "itself, or set what is pruned to zero and leave the masks out."
        )
    if computed.mask is None:
        return weights != 0
    mask: NDArray[np.bool_] = computed.mask.numpy()
    return mask
