"""Layers that compute their weights in forward are encoded with what they compute with."""

import pytest
import torch
from tests.oracle.agreement import assert_agrees, assert_refused
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

import sparsetopo as st


class Layer(nn.Module):
    """Linear layer or convolution whose weight is a function of (module, parameter)."""

    def __init__(self, function, shape, **tensors):
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.randn(*shape))
        for name, tensor in tensors.items():
            if isinstance(tensor, nn.Parameter):
                self.register_parameter(name, tensor)
            else:
                self.register_buffer(name, tensor)

    def forward(self, x):
        weight = self.function(self, self.weight)
        return functional.linear(x, weight) if weight.dim() == 2 else functional.conv2d(x, weight)


class TwoOfFour(torch.autograd.Function):
    """Keep the two largest of every four weights; the gradient passes straight through."""

    @staticmethod
    def forward(context, weight):
        groups = weight.reshape(-1, 4)
        index = groups.abs().argsort(1)[:, :2]
        return weight * torch.ones_like(groups).scatter(1, index, 0.0).reshape(weight.shape)

    @staticmethod
    def backward(context, gradient):
        return gradient


class TopScores(torch.autograd.Function):
    """Ones at the largest scores (edge-popup)."""

    @staticmethod
    def forward(context, scores):
        kept = torch.zeros_like(scores).flatten()
        kept[scores.flatten().argsort()[scores.numel() // 2 :]] = 1
        return kept.view_as(scores)

    @staticmethod
    def backward(context, gradient):
        return gradient


def parameter(*shape):
    return nn.Parameter(torch.randn(*shape))


def standardised(m, w):
    return (w - w.mean(1, keepdim=True)) / (w.std(1, keepdim=True) + 1e-5)


LINEAR = {  # of 6 inputs and 5 outputs
    "mask product": lambda: Layer(
        lambda m, w: w * m.kept, (5, 6), kept=(torch.rand(5, 6) < 0.4).float()
    ),
    "bool mask": lambda: Layer(
        lambda m, w: w.masked_fill(m.cut, 0.0), (5, 6), cut=torch.rand(5, 6) < 0.4
    ),
    "where": lambda: Layer(
        lambda m, w: torch.where(m.kept, w, 0.0), (5, 6), kept=torch.rand(5, 6) < 0.4
    ),
    "transposed": lambda: Layer(lambda m, w: w.t(), (6, 5)),
    "transposed, mT": lambda: Layer(lambda m, w: w.mT, (6, 5)),
    "permuted rows": lambda: Layer(lambda m, w: w[torch.tensor([4, 2, 0, 1, 3])], (5, 6)),
    "slice of a larger weight": lambda: Layer(lambda m, w: w[:5, :6], (7, 9)),
    "reshaped": lambda: Layer(lambda m, w: w.reshape(5, 6), (3, 10)),
    "flipped": lambda: Layer(lambda m, w: w.flip(0, 1), (5, 6)),
    "standardised": lambda: Layer(standardised, (5, 6)),
    "LoRA": lambda: Layer(
        lambda m, w: w * 0 + m.b @ m.a, (5, 6), a=parameter(2, 6), b=parameter(5, 2)
    ),
    "LoRA beside a sparse weight": lambda: Layer(
        lambda m, w: w * m.kept + m.b @ m.a,
        (5, 6),
        a=parameter(2, 6),
        b=torch.eye(5, 2),
        kept=torch.eye(5, 6),
    ),
    "sign": lambda: Layer(lambda m, w: w.sign(), (5, 6)),
    "sign, straight through": lambda: Layer(lambda m, w: w + (w.sign() - w).detach(), (5, 6)),
    "ternary": lambda: Layer(
        lambda m, w: w.sign() * (w.abs() > 0.7).float() * w.abs().mean(), (5, 6)
    ),
    "rounded": lambda: Layer(lambda m, w: (w * 2).round() / 2, (5, 6)),
    "soft threshold": lambda: Layer(lambda m, w: w.sign() * functional.relu(w.abs() - 0.5), (5, 6)),
    "softmax": lambda: Layer(lambda m, w: functional.softmax(w, 1), (5, 6)),
    "two parameters side by side": lambda: Layer(
        lambda m, w: torch.cat([w, m.more]), (2, 6), more=parameter(3, 6)
    ),
    "triangular": lambda: Layer(lambda m, w: w.tril(), (5, 6)),
    "block diagonal": lambda: Layer(
        lambda m, w: torch.block_diag(w, m.more), (2, 3), more=parameter(3, 3)
    ),
    "Kronecker product": lambda: Layer(
        lambda m, w: torch.kron(m.more, w), (5, 3), more=torch.tensor([[1.0, 0.0]])
    ),
    "scattered": lambda: Layer(
        lambda m, w: torch.zeros(30).scatter(0, m.places, w).view(5, 6),
        (4,),
        places=torch.tensor([3, 8, 20, 29]),
    ),
}
CONVOLUTION = {  # of 4 inputs and 3 outputs, kernel 1 or 2
    "two of four": lambda: Layer(lambda m, w: TwoOfFour.apply(w), (3, 4, 1, 2)),
    "edge-popup": lambda: Layer(
        lambda m, w: w * TopScores.apply(m.scores), (3, 4, 2, 2), scores=parameter(3, 4, 2, 2)
    ),
    "standardised": lambda: Layer(
        lambda m, w: functional.batch_norm(w.reshape(1, 3, -1), None, None, training=True).view_as(
            w
        ),
        (3, 4, 2, 2),
    ),
    "centre difference": lambda: Layer(
        lambda m, w: w - functional.pad(w.sum((2, 3), keepdim=True), (0, 1, 0, 1)), (3, 4, 2, 2)
    ),
    "channels turned": lambda: Layer(lambda m, w: w.transpose(0, 1), (4, 3, 2, 2)),
    "expanded": lambda: Layer(lambda m, w: w.expand(3, 4, 2, 2), (3, 1, 2, 2)),
    "kernel flipped": lambda: Layer(lambda m, w: w.flip(2, 3), (3, 4, 2, 2)),
    "low rank": lambda: Layer(
        lambda m, w: torch.einsum("or,rihw->oihw", m.u, w), (2, 4, 2, 2), u=parameter(3, 2)
    ),
}


@pytest.mark.parametrize("kind", sorted(LINEAR))
def test_linear_layer_is_encoded_with_the_weight_that_it_computes(kind):
    torch.manual_seed(1)
    assert_agrees(nn.Sequential(LINEAR[kind](), nn.ReLU(), nn.Linear(5, 3)), (6,))


@pytest.mark.parametrize("kind", sorted(CONVOLUTION))
def test_convolution_is_encoded_with_the_weight_that_it_computes(kind):
    torch.manual_seed(1)
    assert_agrees(nn.Sequential(nn.Conv2d(1, 4, 1), CONVOLUTION[kind](), nn.ReLU()), (1, 4, 4))


def test_zeros_of_the_forward_pass_alone_are_no_edges():
    torch.manual_seed(0)
    kept = torch.rand(10, 12) < 0.25
    net = nn.Sequential(
        Layer(lambda m, w: w * m.kept, (10, 12), kept=kept.float()), nn.ReLU(), nn.Linear(10, 4)
    )
    assert st.encode(net, (12,)).num_edges == int(kept.sum()) + 40


def test_a_weight_used_as_it_lies_is_wired_as_it_lies():
    """A linear layer that keeps its weight as (in, out), also square, where a wrong wiring has the right shape."""
    net = nn.Sequential(Layer(lambda m, w: w.t(), (3, 3)))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    matrix = st.encode(net, (3,)).to_scipy().toarray()
    assert matrix.sum() == matrix[0, 3 + 1] == 5.0


CARRIED = ["transposed", "permuted rows", "slice of a larger weight", "reshaped", "flipped", "standardised",
           "mask product", "where", "rounded"]  # fmt: skip


@pytest.mark.parametrize("kind", CARRIED)
def test_an_explicit_mask_is_carried_to_the_computed_weight(kind):
    torch.manual_seed(2)
    net = nn.Sequential(LINEAR[kind](), nn.ReLU(), nn.Linear(5, 3))
    kept = torch.rand_like(net[0].weight) < 0.5
    with torch.no_grad():
        net[0].weight.mul_(kept)
    assert_agrees(net, (6,), {"0.weight": kept, "2.weight": torch.rand(3, 5) < 0.5})


def test_a_mask_that_cannot_be_carried_is_refused():
    net = nn.Sequential(
        Layer(lambda m, w: w + m.b @ m.a, (5, 6), a=parameter(2, 6), b=parameter(5, 2)),
        nn.Linear(5, 3),
    )
    assert_refused(lambda: st.encode(net, (6,), {"0.weight": torch.rand(5, 6) < 0.5}), "0.weight")


def hooked(layer):
    return nn.utils.weight_norm(layer)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_hook_based_weight_norm_right_after_loading_a_state():
    torch.manual_seed(0)

    def build():
        return nn.Sequential(
            hooked(nn.Linear(6, 5, bias=False)), nn.ReLU(), nn.Linear(5, 2, bias=False)
        )

    trained, fresh = build(), build()
    with torch.no_grad():
        trained[0].weight_g.mul_(10)
        trained[0].weight_v[:, :3] = 0
        trained(torch.zeros(1, 6))
    fresh.load_state_dict(trained.state_dict())
    expected = st.encode(trained, (6,))
    found = st.encode(fresh, (6,))
    assert found.num_edges == expected.num_edges == 15 + 10
    assert (abs(found.to_scipy() - expected.to_scipy()) > 1e-6).nnz == 0
    assert st.topometrics(found, ["strength"]) == pytest.approx(
        st.topometrics(expected, ["strength"])
    )


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    "wrap", [parametrizations.weight_norm, hooked, parametrizations.orthogonal]
)
def test_parametrized_weights_are_those_of_the_forward_pass(wrap):
    torch.manual_seed(3)
    net = nn.Sequential(wrap(nn.Linear(5, 5, bias=False)), nn.ReLU(), nn.Linear(5, 2, bias=False))
    with torch.no_grad():
        net(torch.zeros(1, 5))
        expected = net[0].weight.abs().sum() + net[2].weight.abs().sum()
    assert st.encode(net, (5,)).to_scipy().sum() == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("wrap", [parametrizations.spectral_norm, nn.utils.spectral_norm])
def test_spectral_norm_in_training_mode_is_read_as_in_evaluation_and_left_alone(wrap):
    torch.manual_seed(0)
    net = nn.Sequential(
        wrap(nn.Linear(30, 30, bias=False)), nn.ReLU(), nn.Linear(30, 2, bias=False)
    ).train()
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.add_(torch.randn_like(tensor))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    found = [st.encode(net, (30,)).to_scipy() for _ in range(3)]
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert all((matrix != found[0]).nnz == 0 for matrix in found)
    assert net[0].training
    used = []
    with torch.no_grad():
        linear = functional.linear
        try:
            functional.linear = lambda x, w, b=None: used.append(w.clone()) or linear(x, w, b)
            net.eval()(torch.zeros(1, 30))
        finally:
            functional.linear = linear
    first = found[0][:30, 30:60].toarray()
    assert torch.allclose(torch.as_tensor(first), used[0].abs().T, rtol=1e-5, atol=1e-7)


def test_pruning_masks_of_torch_win_over_stale_products():
    net = nn.Sequential(nn.Linear(6, 5, bias=False), nn.Linear(5, 2, bias=False))
    prune.random_unstructured(net[0], "weight", 0.5)
    with torch.no_grad():
        net[0].weight_mask.zero_()
        net[0].weight_mask[0, 0] = 1
    assert st.encode(net, (6,)).num_edges == 1 + 10
