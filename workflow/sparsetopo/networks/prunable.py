"""Which parameters can be pruned: the weights of convolutions and linear layers."""

from torch import nn

PRUNABLE_MODULES = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


def prunable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights of all convolutions and linear layers, in the order of `named_modules`.

    Names are those of `model.named_parameters()`. A weight shared by several modules appears once,
    under its first name. A module whose weight is computed from something else
    (`torch.nn.utils.prune`, `parametrize`) has no parameter called "weight" and is left out.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    >>> list(prunable_parameters(model))
    ['0.weight', '3.weight']
    """
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for name, module in model.named_modules():
        if not isinstance(module, PRUNABLE_MODULES):
            continue
        weight = module._parameters.get("weight")
        if weight is None or id(weight) in seen:
            continue
        seen.add(id(weight))
        found[f"{name}.weight" if name else "weight"] = weight
    return found


def computed_weights(model: nn.Module) -> list[str]:
    """Names of convolutions and linear layers whose weight is not a plain parameter."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, PRUNABLE_MODULES) and module._parameters.get("weight") is None
    ]
