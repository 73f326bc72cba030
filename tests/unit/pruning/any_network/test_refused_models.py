"""Models that cannot be pruned: one sentence says why; they are left as they were."""

import pytest
import torch
from tests.unit.pruning.any_network.models import (
    ALGORITHMS,
    SCORED,
    Backbone,
    Head,
    assert_unchanged,
    flat,
    under,
    whole_state,
)
from torch import nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import prune

NEEDS_GRADIENTS = {
    "no_grad backbone": lambda: Backbone(under(torch.no_grad)),
    "inference_mode backbone": lambda: Backbone(under(torch.inference_mode)),
    "detached backbone": lambda: Backbone(lambda conv, x: conv(x).detach()),
}


@pytest.mark.parametrize("kind", NEEDS_GRADIENTS)
def test_weights_that_autograd_cannot_see_are_named(kind, data):
    torch.manual_seed(0)
    model = NEEDS_GRADIENTS[kind]()
    before = whole_state(model)
    for algorithm in SCORED:
        with pytest.raises(
            SparsetopoError, match=f"'c.weight', but has no gradient.*{algorithm} cannot"
        ) as e:
            prune(model, algorithm, 0.9, data=data)
        assert "\n" not in str(e.value)
    assert prune(model, "erk", 0.9, data=data).keys() == {"c.weight", "fc.weight"}
    assert_unchanged(before, model)


@pytest.mark.parametrize("caller", [torch.no_grad, torch.inference_mode])
def test_the_caller_may_have_switched_gradients_off(caller, data):
    torch.manual_seed(0)
    model = Backbone()
    expected = prune(model, "snip", 0.9, data=data)
    with caller():
        assert prune(model, "snip", 0.9, data=data) == expected
    with torch.inference_mode():
        images = data[0].clone()
    assert prune(model, "snip", 0.9, data=(images, data[1])) == expected


@torch.inference_mode()
def inference_tensors():
    return flat()


def with_weight(weight):
    model = flat()
    model[1].weight = nn.Parameter(weight, requires_grad=weight.is_floating_point())
    return model


REFUSED = {
    "lazy": (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), "'1.weight' of a lazy module is not init"),
    "scripted": (lambda: torch.jit.script(flat()), "network is a scripted module"),
    "traced": (lambda: torch.jit.trace(flat(), torch.zeros(1, 64)), "network is a scripted module"),
    "scripted inside": (lambda: nn.Sequential(nn.Flatten(), torch.jit.script(nn.Linear(64, 4))), "module '1' is a s"),
    "made in inference mode": (inference_tensors, "'1.weight' was made in torch.inference_mode"),
    "state dict": (lambda: flat().state_dict(), "must be a torch.nn.Module, got OrderedDict"),
    "parametrized": (
        lambda: nn.Sequential(nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(64, 4))),
        "layer '1' is computed",
    ),
    "quantised": (
        lambda: torch.ao.quantization.quantize_dynamic(flat(), {nn.Linear}, dtype=torch.qint8),
        "module '1' .Linear. is quantised",
    ),
    "float8": (lambda: flat().to(torch.float8_e4m3fn), r"'1.weight' \(float8_e4m3fn, strided.*cannot be pruned"),
    "integers": (lambda: with_weight(torch.ones(4, 64, dtype=torch.int8)), r"'1.weight' \(int8.*cannot be pruned"),
    "complex": (lambda: with_weight(torch.ones(4, 64) + 0j), r"'1.weight' \(complex64.*cannot be pruned"),
    "sparse": (lambda: with_weight(torch.ones(4, 64).to_sparse()), r"sparse_coo, shape \(4, 64\)\) cannot"),
    "no output": (lambda: flat(nn.Linear(4, 0)), r"'2.weight' .*shape \(0, 4\)\) cannot"),
    "nothing to prune": (lambda: nn.Sequential(nn.Flatten(), nn.Tanh()), "has nothing to prune"),
}  # fmt: skip


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit:DeprecationWarning", "ignore:.torch.jit:FutureWarning"
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", REFUSED)
def test_is_refused_in_one_sentence(kind, algorithm, data):
    make, message = REFUSED[kind]
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(make(), algorithm, 0.9, data=data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", SCORED)
def test_without_values_nothing_is_scored(algorithm, data):
    with pytest.raises(
        SparsetopoError, match=f"'1.weight' is on the device 'meta'.*{algorithm} could score"
    ):
        prune(flat().to("meta"), algorithm, 0.9, data=data)


@pytest.mark.parametrize("algorithm", ["erk", "uniform", "er"])
def test_random_masks_need_only_shapes(algorithm, data):
    mask = prune(flat().to("meta"), algorithm, 0.9, data=data)
    assert mask == prune(flat(), algorithm, 0.9, data=data)
    assert mask.initial_weights_digest == ""


@pytest.mark.parametrize(
    "wrap", [lambda h: {"features": h[:, :, None]}, lambda h: None, lambda h: [h.long()]]
)
@pytest.mark.parametrize("algorithm", SCORED)
def test_outputs_without_logits_are_named(wrap, algorithm, data):
    with pytest.raises(SparsetopoError, match=r"the network returns a .*nothing is named 'logits'"):
        prune(Head(wrap), algorithm, 0.9, data=data)


@pytest.mark.parametrize("algorithm", SCORED)
def test_what_cannot_be_differentiated_is_a_sentence(algorithm, data):
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            raise RuntimeError("no derivative of this")

    with pytest.raises(SparsetopoError, match="cannot be differentiated: no derivative of this"):
        prune(Head(Once.apply), algorithm, 0.9, data=data)
