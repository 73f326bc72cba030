"""Models at their sizes: building them quickly, and what must hold of their plans."""

import contextlib
from unittest import mock

import torch
from torch import nn

from sparsetopo.graphs.plan import Plan

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)


@contextlib.contextmanager
def without_initialisation():
    """Models are built with whatever memory holds: only their wiring is looked at, and filling them takes minutes."""
    fills = [name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")]
    with contextlib.ExitStack() as stack:
        for name in fills:
            stack.enter_context(mock.patch.object(nn.init, name, lambda tensor, *a, **k: tensor))
        for name in ("normal_", "uniform_", "trunc_normal_"):
            if hasattr(torch.Tensor, name):
                stack.enter_context(
                    mock.patch.object(torch.Tensor, name, lambda tensor, *a, **k: tensor)
                )
        yield


class LayersOnData:
    """Names of the weights of modules that are given data when the model runs, and on which its output depends."""

    def __init__(self, model, example):
        self.names, self.on_data = {id(m): path for path, m in model.named_modules()}, set()
        handles = [
            module.register_forward_pre_hook(self._note)
            for module in model.modules()
            if isinstance(module, WEIGHTED)
        ]
        flags = {name: p.requires_grad for name, p in model.named_parameters()}
        try:
            model.requires_grad_(False)
            with torch.enable_grad():
                model(example.requires_grad_())
        finally:
            for handle in handles:
                handle.remove()
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(flags[name])

    def _note(self, module, inputs):
        if inputs and isinstance(inputs[0], torch.Tensor) and inputs[0].requires_grad:
            self.on_data.add(f"{self.names[id(module)]}.weight".removeprefix("."))


def assert_sound(plan, expected=(), unread=()):
    """Check a plan: it contradicts nothing, every layer is joined, and the expected weights are in it.

    `unread` holds parts of names of weights that join nothing: the model's output does not depend on them, or what they
    are applied to is constant (a class token before it has seen the image), so that their units have no edge into them.
    """
    assert Plan.from_record(plan.to_record()) == plan
    targets, sources = ({getattr(b, end) for b in plan.blocks} for end in ("target", "source"))
    silent = set(range(len(plan.node_layers))) - sources - set(plan.outputs)
    assert not silent, [plan.node_layers[n].name for n in silent]
    unreached = [
        plan.node_layers[n].name for n in range(1, len(plan.node_layers)) if n not in targets
    ]
    unreached = [name for name in unreached if not any(part in f"{name}.weight" for part in unread)]
    assert not unreached, unreached
    missing = [
        name
        for name in expected
        if name not in plan.parameters and not any(part in name for part in unread)
    ]
    assert not missing, f"{len(missing)} weights are not in the plan, such as {missing[:5]}"
