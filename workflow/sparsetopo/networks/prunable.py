"""Which parameters can be pruned: the weights of convolutions and linear layers, by whatever module holds them."""

from collections.abc import Iterator

import torch
from torch import nn

from sparsetopo.errors import SparsetopoError

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
PRUNABLE_MODULES = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear)

# Modules that hold the weights of several linear layers, not in modules of their own.
_ATTENTION = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)

_FORMATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def prunable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights of all convolutions and linear layers, in the order of `named_modules`.

    Transposed convolutions count, and so do the projections that attention and recurrent layers
    hold. Names are those of `model.named_parameters()`. A weight shared by several modules appears
    once, under its first name. A module whose weight is computed from something else
    (`torch.nn.utils.prune`, `parametrize`) has no parameter called "weight" and is left out.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    >>> list(prunable_parameters(model))
    ['0.weight', '3.weight']
    >>> list(prunable_parameters(nn.MultiheadAttention(4, 2)))
    ['in_proj_weight', 'out_proj.weight']
    """
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for name, module in model.named_modules():
        for attribute in _weights(module):
            weight = module._parameters.get(attribute)
            if weight is None or id(weight) in seen:
                continue
            seen.add(id(weight))
            found[f"{name}.{attribute}" if name else attribute] = weight
    return found


def _weights(module: nn.Module) -> Iterator[str]:
    """Names, within a module, of parameters that would be the weights of linear maps."""
    if isinstance(module, PRUNABLE_MODULES):
        yield "weight"
    elif isinstance(module, nn.MultiheadAttention):
        yield from _ATTENTION
    elif isinstance(module, _RECURRENT):
        yield from (name for name in module._parameters if name.startswith("weight_"))
    elif (
        type(module).__module__ == "transformers.pytorch_utils"
        and type(module).__name__ == "Conv1D"
    ):
        yield "weight"  # GPT-2's linear layers


def check_prunable(model: nn.Module) -> None:
    """Raise a SparsetopoError that says what to do if not every weight of a network is there to be pruned.

    Weights are not there if they are computed, quantised, not yet initialised, hidden in a scripted module, or made in
    inference mode.
    """
    if not isinstance(model, nn.Module):
        raise SparsetopoError(f"the network must be a torch.nn.Module, got {type(model).__name__}.")
    for name, module in model.named_modules():
        _check_module(f"module '{name}'" if name else "the network", name, module)
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise SparsetopoError(
                f"parameter '{name}' of a lazy module is not initialised yet: "
                "run the network once before pruning it."
            )
        if parameter.is_inference():
            raise SparsetopoError(
                f"parameter '{name}' was made in torch.inference_mode, where nothing has gradients: "
                "make the network outside of it."
            )
    weights = prunable_parameters(model)
    if not weights:
        raise SparsetopoError(
            f"{type(model).__name__} has nothing to prune: no convolution and no linear layer."
        )
    for name, weight in weights.items():
        if weight.dtype not in _FORMATS or weight.layout != torch.strided or not weight.numel():
            kind = f"{str(weight.dtype).removeprefix('torch.')}, {str(weight.layout).removeprefix('torch.')}"
            raise SparsetopoError(
                f"weight '{name}' ({kind}, shape {tuple(weight.shape)}) cannot be pruned: only dense weights of 16 to "
                "64 bits, with at least one element, can."
            )


def _check_module(where: str, name: str, module: nn.Module) -> None:
    if isinstance(module, torch.jit.ScriptModule) and any(True for _ in module.parameters()):
        raise SparsetopoError(
            f"{where} is a scripted module ({type(module).__name__}), whose layers cannot be "
            "told apart: prune the module that it was made from."
        )
    if ".quantized" in type(module).__module__:
        raise SparsetopoError(
            f"{where} ({type(module).__name__}) is quantised: prune the network before it is quantised."
        )
    if isinstance(module, PRUNABLE_MODULES) and module._parameters.get("weight") is None:
        raise SparsetopoError(
            f"the weight of layer '{name}' is computed, not a plain parameter: make "
            "torch.nn.utils.prune masks and parametrizations permanent before pruning."
        )
