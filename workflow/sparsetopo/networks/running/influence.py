"""Which prunable weights have an influence on a network's output, and which of them autograd cannot see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sparsetopo import seeding
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.networks.random_state import seed_torch
from sparsetopo.networks.restore import restored
from sparsetopo.networks.running.eager import differentiable_eagerly
from sparsetopo.networks.running.inputs import call
from sparsetopo.networks.running.outputs import logits

# How many random weights are tried: one of them may leave a sign or a rank that the output depends on as it was.
DRAWS = 3


@dataclass(frozen=True)
class Influence:
    """Names of prunable parameters whose influence is not as usual.

    Attributes
    ----------
    none
        The output does not depend on them: heads that are used with a flag only, layers left over.
    hidden
        The output depends on them, but has no gradient for them: it is computed in ``torch.no_grad``, or detached.
    """

    none: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def influence(model: nn.Module, inputs: Any) -> Influence:
    """Find the prunable weights that the logits do not depend on. The network is left as it was.

    The network runs once, in evaluation mode. What the logits' autograd graph ends in has an influence, whatever the
    values are: a dead unit or a factor of zero changes nothing. If there are other weights, all weights are made
    random, the others are exchanged for random ones again, a few times, and the network runs again: those that leave
    every bit of the logits as it was have no influence.

    Parameters
    ----------
    model
        The network; on the device "meta", only the autograd graph is looked at.
    inputs
        What it is called with (`sparsetopo.networks.running.inputs.call`).

    Examples
    --------
    >>> model = nn.Linear(3, 2)
    >>> model.auxiliary = nn.Linear(2, 9)
    >>> influence(model, torch.ones(1, 3))
    Influence(none=('auxiliary.weight',), hidden=())
    """
    weights = prunable_parameters(model)
    with restored(model), differentiable_eagerly():
        model.eval().requires_grad_(False)
        for weight in weights.values():
            weight.requires_grad_(True)
        output = _run(model, inputs)
        seen = autograd_leaves(output)
        unseen = [name for name, weight in weights.items() if id(weight) not in seen]
        if output.is_meta or not unseen:
            return Influence(tuple(unseen))
        with torch.no_grad():
            hidden = _that_change_it(model, inputs, weights, unseen)
    return Influence(tuple(name for name in unseen if name not in hidden), hidden)


def _run(model: nn.Module, inputs: Any) -> Tensor:
    # Seeded, as a network may draw random numbers even in evaluation mode.
    seed_torch(model.parameters(), seeding.generator("influence", "noise"))
    return logits(call(model, inputs))


def _that_change_it(
    model: nn.Module, inputs: Any, weights: Mapping[str, nn.Parameter], unseen: Sequence[str]
) -> tuple[str, ...]:
    """Names of those of the unseen weights that change the output when they alone are exchanged.

    All weights of the network are random, and its biases zero, so that no unit is dead. The network is not put back.
    """
    hidden: set[str] = set()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    for draw in range(DRAWS):
        _redraw(model, weights.values(), "weights", draw)
        before = _run(model, inputs).clone()
        # Together first: mostly, none of them changes anything.
        for group in (list(unseen), *([name] for name in unseen if name not in hidden)):
            kept = {name: weights[name].clone() for name in group}
            _redraw(model, (weights[name] for name in group), "others", draw)
            same = torch.allclose(before, _run(model, inputs), rtol=0, atol=0, equal_nan=True)
            for name, content in kept.items():
                weights[name].copy_(content)
            if same and len(group) == len(unseen):
                break
            if not same and len(group) == 1:
                hidden.update(group)
    return tuple(name for name in unseen if name in hidden)


def _redraw(model: nn.Module, weights: Iterable[nn.Parameter], *labels: str | int) -> None:
    seed_torch(model.parameters(), seeding.generator("influence", *labels))
    for weight in weights:
        fan_in = max(1, weight[0].numel())
        weight.copy_(torch.randn_like(weight) * (2.0 / fan_in) ** 0.5)


def autograd_leaves(output: Tensor) -> set[int]:
    """Ids of the tensors that an autograd graph ends in."""
    found: set[int] = set()
    pending, seen = [output.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        pending += [following for following, _ in node.next_functions]
    return found
