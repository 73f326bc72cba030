"""Random small networks of every kind: convolutional, attention, recurrent, three-dimensional, and combined.

`draw_model` takes a function that chooses from a list, so that hypothesis and a plain random generator both serve.
The steps are in `model_steps`; a step that does not fit its input is left out.
"""

import itertools
import math
import random
import sys
import warnings

import torch
from tests.model_steps import attention, maps, moves, tokens
from tests.model_steps.build import MOST_ELEMENTS, Build
from torch import nn
from torch.nn import functional

FEATURES = (
    # convolutional
    "convolution", "strided", "dilated", "grouped", "depthwise", "transposed convolution", "pooling",
    "interpolation", "concatenation", "identity shortcut", "projection shortcut", "shared weights",
    "flattened", "linear layers only", "three-dimensional convolution", "three-dimensional pooling",
    "volume to map",
    # moves
    "pixel shuffle", "pixel unshuffle", "channel shuffle", "transpose", "flip", "roll", "slice", "pad",
    "expand", "repeat", "index_select", "stack", "unbind", "chunk", "slice assignment", "view before +=",
    "moves before a strided convolution",
    # gates and activations
    "squeeze-excitation", "gate by linear layers", "spatial gate", "gate on a concatenation",
    "product of two layers", "gated linear unit", "SwiGLU", "activation written out",
    # normalisation
    "normalisation: batch", "normalisation: group", "normalisation: instance", "normalisation: layer",
    "normalisation: standardised", "normalisation: norm", "normalisation: root",
    "token normalisation: layer", "token normalisation: root", "token normalisation: layer written out",
    "token normalisation: root written out",
    # attention
    "attention", "attention: full", "attention: causal", "attention: boolean", "attention: additive",
    "attention: bmm", "attention: matmul", "attention: scaled_dot_product_attention",
    "attention: MultiheadAttention", "attention: packed q, k, v", "attention on a map",
    "attention beside convolution", "attention in windows", "attention in rolled windows",
    "windows hidden from each other",
    # tokens and recurrence
    "token input", "token ids", "token-wise linear", "class token", "position embedding",
    "patch embedding", "patch embedding: conv", "patch embedding: unfold", "patch embedding: reshape",
    "linear layer on a permuted map", "convolution over tokens", "moved tokens", "RNN", "GRU", "LSTM",
    "recurrence by hand",
    # weights that are computed
    "weight: mask product", "weight: transposed", "weight: standardised", "weight: sign",
    "weight: straight-through", "weight: weight norm, hook", "weight: weight norm, parametrization",
    # what is returned
    "output: tensor", "output: dict", "output: tuple",
)  # fmt: skip


class StepModel(nn.Module):
    """Runs its steps, and returns the result alone, in a tuple or in a dictionary.

    `example` is what it is called with, `input_shape` that without the batch (None for token ids), `features` names
    what it is made of, `explicit_masks` says whether masks may be given for its parameters.
    """

    def __init__(self, steps, layers, example):
        super().__init__()
        self.steps, self.layers, self.example = steps, nn.ModuleDict(layers), example
        self.input_shape = tuple(example.shape[1:]) if example.is_floating_point() else None
        self.output = "tensor"

    def forward(self, x):
        for step in self.steps:
            x = step(self, x)
        if self.output == "tensor":
            return x
        return {"logits": x} if self.output == "dict" else (x, None)


class _Model:
    """A model under construction."""

    def __init__(self, choose):
        self.build, self.steps = Build(choose), []
        self.choose = choose

    def start(self, *shape, ids=False):
        self.example = torch.zeros(1, *shape, dtype=torch.long) if ids else torch.zeros(1, *shape)
        self.shape = shape

    def try_step(self, make, most=MOST_ELEMENTS):
        """Append a step if it can be made and run, and its result is neither empty nor too large."""
        layers, features = dict(self.build.layers), set(self.build.features)
        masks = self.build.explicit_masks
        try:
            step = make(self.build, self.shape)
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = StepModel([*self.steps, step], self.build.layers, self.example).eval()
                result = tuple(model(self.example).shape[1:])
        except (RuntimeError, ValueError, IndexError):
            result = (0,)
        if 0 < math.prod(result) <= most:
            self.steps.append(step)
            self.shape = result
            return True
        self.build.layers, self.build.features, self.build.explicit_masks = layers, features, masks
        return False

    def finished(self):
        model = StepModel(self.steps, self.build.layers, self.example)
        model.output = self.choose(["tensor"] * 6 + ["dict", "tuple"])
        model.features = self.build.features | {f"output: {model.output}"}
        model.explicit_masks = self.build.explicit_masks
        return model.eval()


def draw_model(choose):
    """Draw a model of at most four steps and a head."""
    model = _Model(choose)
    kind = choose([map_model] * 13 + [sequence_model] * 6 + [volume_model] * 2 + [flat_model])
    kind(model, choose)
    # Without a weight there is no graph.
    if not any(p.dim() > 1 for layer in model.build.layers.values() for p in layer.parameters()):
        return draw_model(choose)
    return model.finished()


def map_model(model, choose):
    model.start(choose([1, 2, 3]), choose([4, 5, 6]), choose([4, 6, 7]))
    steps = [
        *maps.STEPS,
        *[moves.move] * 14,
        *attention.MAP_STEPS,
        *[tokens.nhwc_linear] * 2,
    ]
    for _ in range(choose([2, 3, 4, 5])):
        model.try_step(choose(steps))
    if choose([True, False, False]) and model.try_step(tokens.patches):
        for _ in range(choose([1, 2])):
            model.try_step(choose(tokens.STEPS))
        token_head(model, choose)
    else:
        map_head(model, choose)


def sequence_model(model, choose):
    length = choose([2, 3, 4, 5])
    if choose([True, False, False]):
        model.start(length, ids=True)
        model.try_step(embedding)
    else:
        model.start(length, choose([2, 3, 4]))
        model.build.uses("token input")
    for _ in range(choose([1, 2, 3, 4])):
        model.try_step(choose(tokens.SEQUENCE_STEPS))
    token_head(model, choose)


def volume_model(model, choose):
    model.start(choose([1, 2]), choose([3, 4]), choose([3, 4]), choose([2, 4]))
    model.build.uses("three-dimensional convolution")
    for _ in range(choose([1, 2])):
        model.try_step(choose([conv3d, conv3d, pool3d]))
    model.try_step(choose([conv3d, volume_to_map]))
    if len(model.shape) == 3:
        map_head(model, choose)
    else:
        model.try_step(lambda b, shape: lambda m, x: x.mean((2, 3, 4)))
        model.try_step(lambda b, shape: linear(b, shape[0]))


def flat_model(model, choose):
    widths = [choose([3, 5, 8]) for _ in range(choose([2, 3, 4]))]
    model.start(widths[0])
    model.build.uses("linear layers only")
    for inputs, _ in itertools.pairwise(widths):
        model.try_step(lambda b, shape, i=inputs: linear(b, i if not b.layers else shape[0]))


def map_head(model, choose):
    head = choose(["flatten", "global", "none", "conv"])
    if head == "conv" or not model.build.layers:
        model.try_step(lambda b, shape: maps.conv(b, shape))
    if head == "global":
        model.try_step(lambda b, shape: lambda m, x: functional.adaptive_avg_pool2d(x, 1))
    if head in ("flatten", "global"):
        model.try_step(lambda b, shape: flattened(b, shape))


def token_head(model, choose):
    head = choose(["mean", "first", "last", "flatten", "each", "none"])
    pick = {
        "mean": lambda x: x.mean(1),
        "first": lambda x: x[:, 0],
        "last": lambda x: x[:, -1],
        "each": lambda x: x,
    }
    if head == "flatten":
        model.try_step(flattened)
    elif head in pick:
        name = None

        def make(b, shape):
            nonlocal name
            name = b.linear(shape[-1], 3)
            return lambda m, x: m.layers[name](pick[head](x))

        model.try_step(make)


def flattened(b, shape):
    name = b.linear(math.prod(shape), 3)
    b.uses("flattened")
    return lambda m, x: m.layers[name](x.flatten(1))


def linear(b, inputs):
    name = b.linear(inputs, b.choose([3, 5]))
    return lambda m, x: m.layers[name](x).relu()


def embedding(b, shape):
    name, positions = b.add(nn.Embedding(7, 4)), b.add(tokens.Constant(shape[0], 4))
    b.uses("token ids")
    b.explicit_masks = False
    if b.sometimes("position embedding"):
        return lambda m, x: m.layers[name](x) + m.layers[positions].values
    return lambda m, x: m.layers[name](x)


def conv3d(b, shape):
    settings = {"stride": b.choose([1, 2, (1, 2, 1)]), "padding": b.choose([0, 1, (1, 0, 1)])}
    kernel = b.choose([1, 2, 3, (1, 3, 3), (3, 1, 1)])
    groups = b.choose([1, shape[0]])
    layer = nn.Conv3d(
        shape[0], 2, kernel, groups=groups if 2 % groups == 0 else 1, bias=False, **settings
    )
    name = b.add(layer)
    return lambda m, x: m.layers[name](x).relu()


def pool3d(b, shape):
    kind = b.choose(["max", "avg", "norm"])
    b.uses("three-dimensional pooling")
    if kind == "norm":
        name = b.add(nn.BatchNorm3d(shape[0]))
        return lambda m, x: m.layers[name](x)
    return {
        "max": lambda m, x: functional.max_pool3d(x, 2, 1),
        "avg": lambda m, x: functional.avg_pool3d(x, (1, 2, 2)),
    }[kind]


def volume_to_map(b, shape):
    b.uses("volume to map")
    return lambda m, x: x.flatten(1, 2)


def draw_weights(model, choose, seed):
    """Fill the weights at random; return masks to encode with: explicit ones, or None for the non-zero weights."""
    generator = torch.Generator().manual_seed(seed)
    masks = {} if model.explicit_masks and choose([True, False]) else None
    for name, weight in model.named_parameters():
        if weight.dim() < 2 or not name.rpartition(".")[2].startswith(
            ("weight", "in_proj", "original")
        ):
            continue
        density = choose([0.0, 0.3, 0.5, 0.8, 1.0, 1.0])
        kept = torch.rand(weight.shape, generator=generator) < density
        values = torch.randn(weight.shape, generator=generator) * kept
        if masks is not None:
            zeros = torch.rand(weight.shape, generator=generator) < 0.1
            values = values.masked_fill(zeros, 0.0)
            masks[name] = kept
        if name.endswith(("weight_g", "original0")):
            values = torch.rand(weight.shape, generator=generator) + 0.5
        module = model.get_submodule(name.rpartition(".")[0])
        if name.endswith(("weight_v", "original1")) or type(module).__name__ == "Standardised":
            values = _without_zero_rows(values, kept)
        weight.data = values
    return masks


def _without_zero_rows(values, kept):
    """Weights whose rows have some number other than 0: dividing by the norm of a row of zeros gives no numbers."""
    rows, kept_rows = values.flatten(1).clone(), kept.flatten(1)
    for row, row_kept in zip(rows, kept_rows, strict=True):
        if not row.any():
            row[int(row_kept.int().argmax())] = 1.0
    return rows.view(values.shape)


def feature_table(counts):
    """Lines of the number of networks that have each feature."""
    return "\n".join(f"{counts[feature]:5d}  {feature}" for feature in FEATURES)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]))
    shown = draw_model(random.Random(int(sys.argv[1])).choice)
    print(shown, tuple(shown.example.shape), sorted(shown.features), sep="\n")
    shown(shown.example)
