"""What has no graph of fixed edges is refused in one sentence that names module, type and operator."""

import warnings

import pytest
import torch
import torchvision
from tests.oracle.agreement import Net, assert_refused, works_or_is_refused
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

import sparsetopo as st
from sparsetopo.errors import EncodingError


class Branch(nn.Module):
    """The odd one out of a model: a function of its input that cannot be encoded."""

    def __init__(self, function):
        super().__init__()
        self.function, self.own = function, nn.Linear(4, 4)

    def forward(self, x):
        return self.function(self, x)


def branch_on_data(m, x):
    return m.own(x) if x.sum() > 0 else x


def early_exit(m, x):
    for _ in range(5):
        x = m.own(x)
        if bool((x.softmax(-1).max() > 0.9).any()):
            break
    return x


def recurrence_until_settled(m, x):
    while torch.norm(x) > 1e-3:
        x = 0.1 * m.own(x)
    return x


def length_from_data(m, x):
    return m.own(x)[:, : int(x.abs().sum()) + 1].sum(1, keepdim=True).expand(-1, 4)


def number_from_data(m, x):
    return m.own(x) * x.mean().item()


def list_from_data(m, x):
    return m.own(x) * torch.tensor(x.tolist())


def through_numpy(m, x):
    return m.own(torch.from_numpy(x.detach().numpy() * 2))


def positive_elements_only(m, x):
    return m.own(x)[x > 0].sum().expand(1, 4)


def nonzero_positions(m, x):
    return m.own(x)[:, x.nonzero()[:, 1]]


def sorted_values(m, x):
    return m.own(x).sort(1)[0]


def top_two(m, x):
    return functional.pad(m.own(x).topk(2, 1)[0], (0, 2))


def hard_attention(m, x):
    return m.own(x).gather(1, x.argmax(1, keepdim=True)).expand(-1, 4)


def unique_values(m, x):
    return m.own(x).unique().sum().expand(1, 4)


def fourier(m, x):
    return torch.fft.ifft(torch.fft.fft(m.own(x))).real


def complex_product(m, x):
    return torch.view_as_real(torch.view_as_complex(m.own(x).view(1, 2, 2)) * 1j).flatten(1)


def inverse(m, x):
    return torch.linalg.inv(m.own(x).view(1, 2, 2) + torch.eye(2)).flatten(1)


def grid_sampled(m, x):
    grid = m.own(x).view(1, 1, 2, 2)
    return (
        functional.grid_sample(x.view(1, 1, 2, 2), grid, align_corners=False)
        .flatten(1)
        .repeat(1, 2)
    )


def quantised_in_forward(m, x):
    return torch.quantize_per_tensor(m.own(x), 0.1, 0, torch.qint8).dequantize()


def sparse_in_forward(m, x):
    return m.own(x.to_sparse().to_dense())


# What it is, and words of which one must occur in the message.
REFUSED = {
    branch_on_data: ("bool", "is_nonzero", "_local_scalar_dense", "value", "control flow"),
    early_exit: ("bool", "is_nonzero", "_local_scalar_dense", "value", "control flow"),
    recurrence_until_settled: (
        "bool",
        "is_nonzero",
        "_local_scalar_dense",
        "value",
        "control flow",
    ),
    length_from_data: ("int", "item", "_local_scalar_dense", "value"),
    number_from_data: ("item", "_local_scalar_dense", "value"),
    list_from_data: ("tolist", "item", "_local_scalar_dense", "value"),
    through_numpy: ("numpy",),
    positive_elements_only: ("index", "nonzero", "getitem"),
    nonzero_positions: ("nonzero",),
    sorted_values: ("sort",),
    top_two: ("topk",),
    hard_attention: ("gather", "argmax"),
    unique_values: ("unique",),
    fourier: ("fft",),
    complex_product: ("complex",),
    inverse: ("inv",),
    grid_sampled: ("grid",),
    quantised_in_forward: ("before it was quantised",),
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_refused_by_module_type_and_operator(function):
    net = nn.Sequential(
        nn.Linear(4, 4), nn.ModuleDict({"odd": Branch(function)})["odd"], nn.Linear(4, 2)
    )
    words = REFUSED[function]
    assert_refused(lambda: st.encode(net, (4,)), "'1'", "Branch", words, error=EncodingError)


def test_a_round_trip_through_a_sparse_tensor_works_or_is_refused():
    net = nn.Sequential(nn.Linear(4, 4), Branch(sparse_in_forward))
    works_or_is_refused(lambda: st.encode(net, (4,)).num_edges, 32, "'1'", "Branch")


class Packed(nn.Module):
    """Recurrence whose length depends on the data: zeros at the end are padding."""

    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.GRU(3, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        lengths = (x.abs().sum(-1) > 0).sum(1).clamp(min=1)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.out(self.rnn(packed)[1][-1])


def test_recurrence_over_a_length_that_depends_on_data():
    assert_refused(lambda: st.encode(Packed(), (5, 3)), "Packed", error=EncodingError)


def quantised_dynamically():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), {nn.Linear}, torch.qint8
        )


def quantised_statically():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        float_model = nn.Sequential(
            torch.ao.quantization.QuantStub(),
            nn.Linear(4, 4),
            nn.ReLU(),
            torch.ao.quantization.DeQuantStub(),
        ).eval()
        float_model.qconfig = torch.ao.quantization.default_qconfig
        prepared = torch.ao.quantization.prepare(float_model)
        prepared(torch.randn(8, 4))
        return torch.ao.quantization.convert(prepared)


class Int8Weight(nn.Module):
    """A linear layer of int8 weights with a scale for each output, as int8 checkpoints are run."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.register_buffer("weight", torch.arange(16, dtype=torch.int8).view(4, 4))
        self.register_buffer("scale", torch.ones(4))

    def forward(self, x):
        return self.function(x, self.weight, self.scale)


def simulated(x, weight, scale):
    rounded = torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127)
    return functional.linear(rounded, weight * scale[:, None])


QUANTISED = {
    "dynamically": quantised_dynamically,
    "statically": quantised_statically,
    "packed weights": lambda: Int8Weight(torch._weight_int8pack_mm),
    "simulated": lambda: Int8Weight(simulated),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("read", [st.encode, st.trace])
@pytest.mark.parametrize("kind", QUANTISED)
def test_quantised_networks_are_refused_with_what_to_do(kind, read):
    try:
        net = QUANTISED[kind]()
    except (AttributeError, RuntimeError, NotImplementedError) as missing:
        pytest.skip(f"this torch has no eager quantisation: {missing}")
    for _ in range(2):  # torch keeps what it learnt of an operator's first run
        with pytest.raises(EncodingError, match="before it was quantised, or give") as caught:
            read(net, (4,))
        assert "register_operation" not in str(caught.value)


def test_dequantised_weights_are_encoded():
    net = Int8Weight(lambda x, weight, scale: functional.linear(x, weight * scale[:, None]))
    assert st.encode(net, (4,)).num_edges == 15  # one of the weights is 0


def test_complex_weights():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2, dtype=torch.complex64))
    assert_refused(lambda: st.encode(net, (4,)), error=EncodingError)
    net = nn.Linear(4, 2, dtype=torch.complex64)
    example = torch.zeros(1, 4, dtype=torch.complex64)
    assert_refused(lambda: st.encode(net, example=example), "complex", error=EncodingError)


@pytest.mark.middle
@pytest.mark.parametrize(
    "name", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"]
)
def test_detection_models_that_return_boxes(name):
    model = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None)
    assert_refused(lambda: st.encode(model, (3, 64, 64)), error=EncodingError)


def test_a_model_whose_output_does_not_depend_on_the_input():
    net = Net(lambda m, x: m.a(torch.ones(1, 4)), a=nn.Linear(4, 2))
    assert_refused(lambda: st.encode(net, (4,)), "Net", error=EncodingError)


def test_outputs_without_tensors():
    net = Net(lambda m, x: str(m.a(x).shape), a=nn.Linear(4, 2))
    assert_refused(lambda: st.encode(net, (4,)), "Net", error=EncodingError)


def test_an_input_of_the_wrong_shape_names_the_layer():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    assert_refused(lambda: st.encode(net, (1, 4, 4)), "'0' (Conv2d)", error=EncodingError)
    assert_refused(lambda: st.encode(net, (3, 9, 9)), "'2' (Linear)", error=EncodingError)


def test_weights_that_are_not_finite_are_refused():
    net = nn.Linear(4, 2)
    with torch.no_grad():
        net.weight[0, 0] = torch.nan
    assert_refused(lambda: st.encode(net, (4,)), "weight", "finite", error=EncodingError)


@pytest.mark.parametrize(
    ("model", "what"),
    [("Resnet-20", "is a str"), (nn.ReLU, "is the class ReLU"), (lambda x: x, "is a function")],
    ids=["name", "class", "function"],
)
@pytest.mark.parametrize("make", [st.trace, st.encode])
def test_what_is_no_module_is_refused(make, model, what):
    with pytest.raises(EncodingError, match=f"^model {what}, but must be a torch.nn.Module"):
        make(model, (3, 8, 8))


def test_a_plan_of_other_inputs_is_refused():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    )
    plan = st.trace(model, (1, 8, 8))
    assert st.encode(model, [1, 8, 8], plan=plan).plan == plan
    with pytest.raises(EncodingError, match=r"is \(1, 9, 9\), but the plan is for .* \(1, 8, 8\);"):
        st.encode(model, (1, 9, 9), plan=plan)


def test_masks_that_may_not_be_written_are_no_matter():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    mask = st.prune(model, "uniform", 0.5, seed=0)
    assert not mask["1.weight"].flags.writeable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert st.encode(model, (1, 2, 2), mask).num_edges == 4
