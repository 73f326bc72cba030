"""Models as people have them are pruned, and left as they were."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tests.unit.pruning.any_network.models import (
    ALGORITHMS,
    OPTIONS,
    SCORED,
    Attention,
    Backbone,
    Blurred,
    Decoder,
    Head,
    Named,
    Output,
    Recurrent,
    assert_unchanged,
    casting,
    flat,
    shared,
    whole_state,
)
from torch import nn

from sparsetopo.pruning import prune
from sparsetopo.pruning.selection import number_kept

WORKING = {
    "dict": lambda: Head(lambda h: {"logits": h}),
    "dict of another name": lambda: Head(lambda h: {"features": h[:, :, None], "out": h}),
    "tuple": lambda: Head(lambda h: (h, h)),
    "list": lambda: Head(lambda h: [h]),
    "named tuple": lambda: Head(lambda h: Named(h + 1, h)),
    "dataclass": lambda: Head(lambda h: Output(None, h)),
    "nested": lambda: Head(lambda h: ({"logits": h}, None)),
    "constant in an attribute": lambda: Blurred("attribute"),
    "constant in a list": lambda: Blurred("list"),
    "constant in a closure": lambda: Blurred("closure"),
    "casts to float": lambda: Head(lambda h: h.float()),
    "casts its input": lambda: Backbone(lambda conv, x: conv(x.float())),
    "casts to half and back": lambda: casting(torch.bfloat16),
    "transposed": Decoder,
    "frozen": lambda: Backbone().requires_grad_(False),
    "frozen convolution": lambda: (b := Backbone(), b.c.requires_grad_(False))[0],
    "DataParallel": lambda: nn.DataParallel(flat()),
    "compiled": lambda: torch.compile(flat(), backend="eager"),
    "compiled in place": lambda: (m := flat(), m.compile(backend="eager"))[0],
    "bfloat16": lambda: flat().bfloat16(),
    "half": lambda: flat().half(),
    "half convolution": lambda: Backbone().half(),
    "half constant": lambda: (b := Blurred("attribute").half(), setattr(b, "blur", b.blur.half()))[
        0
    ],
    "double": lambda: flat().double(),
    "inplace activation first": lambda: nn.Sequential(nn.ReLU(inplace=True), *flat()),
    "attention": Attention,
    "LSTM": lambda: Recurrent(nn.LSTM),
    "GRU": lambda: Recurrent(nn.GRU),
    "shared": shared,
    "dropout": lambda: flat(nn.Dropout(0.5)),
    "in training mode with batch norm": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)
    ).train(),
    "scripted activation": lambda: nn.Sequential(*flat(), torch.jit.script(nn.Tanh())),
    "channels last": lambda: Backbone().to(memory_format=torch.channels_last),
}


@pytest.mark.filterwarnings(
    "ignore:.torch.jit:FutureWarning", "ignore:.*torch.jit:DeprecationWarning"
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", WORKING)
def test_is_pruned_and_left_as_it_was(kind, algorithm, data):
    torch.manual_seed(0)
    model = WORKING[kind]()
    before = whole_state(model)
    mask = prune(model, algorithm, 0.9, data=data, **OPTIONS.get(algorithm, {}))
    assert mask.kept == number_kept(mask.total, 0.9)
    parameters = dict(model.named_parameters())
    assert {name: array.shape for name, array in mask.items()} == {
        n: parameters[n].shape for n in mask
    }
    assert_unchanged(before, model)


def test_half_precision_is_scored_in_float32(data):
    """In float16 all scores of GraSP underflow."""
    torch.manual_seed(0)
    model = Backbone().half()
    single = Backbone()
    single.load_state_dict({name: t.float() for name, t in model.state_dict().items()})
    for algorithm in SCORED:
        options = OPTIONS.get(algorithm, {})
        assert prune(model, algorithm, 0.5, data, **options) == prune(
            single, algorithm, 0.5, data, **options
        )


def test_synflow_takes_constants_for_buffers(data):
    """The sign of a constant does not matter, wherever a module holds it."""
    torch.manual_seed(0)
    model = Blurred("attribute")
    expected = prune(model, "synflow", 0.8, input_shape=(1, 8, 8))
    model.blur[:2] *= -1
    assert prune(model, "synflow", 0.8, input_shape=(1, 8, 8)) == expected
    blur = model.blur
    del model.blur
    model.register_buffer("blur", blur)
    assert prune(model, "synflow", 0.8, input_shape=(1, 8, 8)) == expected


@pytest.mark.parametrize("algorithm", ["grasp", "prospr"])
def test_fused_attention_is_differentiated_twice(algorithm, data):
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    model = nn.Sequential(nn.Flatten(1, 2), layer, nn.Flatten(), nn.Linear(64, 4))
    mask = prune(model, algorithm, 0.5, data=data, **OPTIONS.get(algorithm, {}))
    assert mask.layer_kept["1.self_attn.in_proj_weight"] > 0


def test_prunings_in_threads_are_those_alone_and_leave_the_random_state(data):
    """Dropout draws from the generators that all threads share."""
    models = []
    for seed in range(4):
        torch.manual_seed(seed)
        models.append(
            nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Dropout(0.5), nn.Linear(32, 4))
        )

    def pruned(model):
        return prune(model.train(), "snip", 0.9, data=data)

    alone = [pruned(model) for model in models]
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(pruned, models * 3))
    assert together == alone * 3
    assert torch.equal(torch.get_rng_state(), before)
