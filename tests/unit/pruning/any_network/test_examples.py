"""Networks that do not take one image: token ids, several inputs, keywords."""

import pytest
import torch
from torch import nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import ALGORITHMS, prune

EVERY = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
OPTIONS = {"synflow": {"iterations": 3}, "prospr": {"batch_size": 16, "steps": 1}}
IDS = torch.randint(0, 50, (40, 8), generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 4


class Text(nn.Module):
    """A small transformer over token ids with learnt positions."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(50, 16), nn.Embedding(8, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.fc = nn.Linear(16, 4)

    def forward(self, ids, mask=None):
        h = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        hidden = None if mask is None else mask == 0
        return {"logits": self.fc(self.block(h, src_key_padding_mask=hidden).mean(1))}


class OneHot(nn.Module):
    """Token ids that no embedding reads."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(400, 4)

    def forward(self, ids):
        return self.fc(nn.functional.one_hot(ids, 50).flatten(1).to(self.fc.weight.dtype))


class Two(nn.Module):
    """Two inputs and a flag."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Linear(6, 8), nn.Linear(3, 8), nn.Linear(16, 4)

    def forward(self, x, z, *, flag=True):
        return self.fc(torch.cat([torch.tanh(self.a(x)), torch.tanh(self.b(z))], 1))


@pytest.fixture
def text():
    torch.manual_seed(0)
    return Text()


@EVERY
def test_token_ids(algorithm, text):
    mask = prune(text, algorithm, 0.8, data=(IDS, LABELS), **OPTIONS.get(algorithm, {}))
    assert next(iter(mask)) == "block.self_attn.in_proj_weight"
    assert mask.achieved_sparsity == pytest.approx(0.8, abs=1e-3)
    keywords = {"ids": IDS, "mask": torch.ones_like(IDS)}
    by_name = prune(text, algorithm, 0.8, data=(keywords, LABELS), **OPTIONS.get(algorithm, {}))
    assert by_name.total == mask.total


@EVERY
def test_several_inputs(algorithm):
    torch.manual_seed(0)
    model, x, z = Two(), torch.randn(40, 6), torch.randn(40, 3)
    options = OPTIONS.get(algorithm, {})
    by_position = prune(model, algorithm, 0.5, data=((x, z), LABELS), **options)
    assert by_position == prune(model, algorithm, 0.5, data=({"z": z, "x": x}, LABELS), **options)
    assert list(by_position) == ["a.weight", "b.weight", "fc.weight"]


@pytest.mark.parametrize(
    "example",
    [
        IDS[:1],
        (IDS[:1],),
        {"ids": IDS[:1]},
        IDS[:1].numpy(),
        (IDS[:1], torch.ones(1, 8).long()),
        IDS[:1].int(),
    ],
)
def test_synflow_takes_an_example_in_place_of_data(example, text):
    expected = prune(text, "synflow", 0.8, data=(IDS, LABELS))
    assert prune(text, "synflow", 0.8, example=example) == expected


def test_synflow_depends_neither_on_the_tokens_nor_on_their_embedding(text):
    expected = prune(text, "synflow", 0.8, example=IDS[:1])
    text.tokens.weight.data.normal_()
    assert prune(text, "synflow", 0.8, example=IDS[3:4]) == expected
    text.positions.weight.data.mul_(9)  # constants of the network
    assert prune(text, "synflow", 0.8, example=IDS[:1]) != expected


def test_synflow_on_embedded_tokens_is_that_of_ones(text):
    class Embedded(nn.Module):
        def __init__(self):
            super().__init__()
            self.text = text

        def forward(self, h):
            h = h + self.text.positions(torch.arange(8))
            return self.text.fc(self.text.block(h).mean(1))

    expected = prune(text, "synflow", 0.8, example=IDS[:1])
    found = prune(Embedded(), "synflow", 0.8, input_shape=(8, 16))
    assert {name.removeprefix("text."): array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in expected.items()
    }


def test_synflow_needs_an_embedding_to_replace():
    with pytest.raises(
        SparsetopoError, match=r"integers have only where a torch.nn.Embedding reads them"
    ):
        prune(OneHot(), "synflow", 0.8, example=IDS[:1])
    assert prune(OneHot(), "snip", 0.8, data=(IDS, LABELS)).kept == 320


def test_an_example_of_an_image_is_its_shape():
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))
    expected = prune(model, "synflow", 0.8, input_shape=(1, 4, 4))
    assert prune(model, "synflow", 0.8, example=torch.randn(1, 1, 4, 4)) == expected


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (
            IDS[:1].float(),
            "reads whole numbers, such as token ids, and cannot take floating-point ones",
        ),
        ({"tokens": IDS[:1]}, "cannot take inputs of .*unexpected keyword argument 'tokens'"),
        (3, "the example must be what the network is called with.*got int"),
        ((), "got tuple without a tensor"),
    ],
)
def test_examples_that_do_not_fit(example, message, text):
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(text, "synflow", 0.8, example=example)
    assert "\n" not in str(caught.value)


def test_input_shapes_of_other_kinds():
    model = nn.Sequential(nn.Linear(6, 4))
    for shape in (6, "abc", None, (6.0,), [True]):
        with pytest.raises(SparsetopoError, match=r"positive integers|needs the shape"):
            prune(model, "synflow", 0.5, input_shape=shape if shape != 6 else -6)
    assert prune(model, "synflow", 0.5, input_shape=6).kept == 12
