"""Models as people have them, and what must not change of them."""

import dataclasses
from collections import namedtuple
from typing import Any

import torch
from torch import nn
from torch.nn import functional

ALGORITHMS = ("snip", "synflow", "grasp", "prospr", "erk", "uniform", "er")
SCORED = ("snip", "synflow", "grasp", "prospr")
OPTIONS = {"synflow": {"iterations": 3}, "prospr": {"batch_size": 16, "steps": 1}}

Named = namedtuple("Named", ["aux", "logits"])


@dataclasses.dataclass
class Output:
    """What the models of transformers return."""

    loss: Any
    logits: Any


class Head(nn.Module):
    """A linear classifier of 8 x 8 pixels, whose output is wrapped by `wrap`."""

    def __init__(self, wrap=lambda h: h):
        super().__init__()
        self.fc = nn.Linear(64, 4)
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(self.fc(x.flatten(1)))


class Backbone(nn.Module):
    """A convolution with a classifier; `run` says how the convolution is computed."""

    def __init__(self, run=lambda conv, x: conv(x)):
        super().__init__()
        self.c, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4 * 36, 4)
        self.run = run

    def forward(self, x):
        return self.fc(torch.relu(self.run(self.c, x)).clone().flatten(1))


class Blurred(nn.Module):
    """A fixed filter kept as a plain attribute, in a list, or in a closure: neither parameter nor buffer."""

    def __init__(self, where):
        super().__init__()
        self.c, self.fc, self.where = nn.Conv2d(1, 4, 3), nn.Linear(4 * 16, 4), where
        blur = torch.ones(4, 1, 3, 3) / 9
        if where == "attribute":
            self.blur = blur
        self.kept = [blur] if where == "list" else (lambda: blur)

    def forward(self, x):
        blur = {"attribute": lambda: self.blur, "list": lambda: self.kept[0], "closure": self.kept}
        return self.fc(
            functional.conv2d(torch.relu(self.c(x)), blur[self.where](), groups=4).flatten(1)
        )


class Decoder(nn.Module):
    """A transposed convolution between a strided one and the classifier."""

    def __init__(self):
        super().__init__()
        self.c, self.t = nn.Conv2d(1, 4, 3, 2), nn.ConvTranspose2d(4, 4, 2, 2)
        self.fc = nn.Linear(4 * 36, 4)

    def forward(self, x):
        return self.fc(torch.relu(self.t(torch.relu(self.c(x)))).flatten(1))


class Attention(nn.Module):
    """Attention over the rows of the image."""

    def __init__(self):
        super().__init__()
        self.a = nn.MultiheadAttention(8, 2, batch_first=True)
        self.fc = nn.Linear(64, 4)

    def forward(self, x):
        return self.fc(self.a(x[:, 0], x[:, 0], x[:, 0], need_weights=False)[0].flatten(1))


class Recurrent(nn.Module):
    """The rows of the image one after the other."""

    def __init__(self, kind):
        super().__init__()
        self.r, self.fc = kind(8, 5, batch_first=True), nn.Linear(5, 4)

    def forward(self, x):
        return self.fc(self.r(x[:, 0])[0][:, -1])


def flat(*layers):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), *layers)


def under(context):
    def run(conv, x):
        with context():
            return conv(x)

    return run


def casting(dtype):
    return Backbone(lambda conv, x: conv(x.to(dtype).to(conv.weight)).to(dtype).float())


def shared():
    layer = nn.Linear(16, 16)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), layer, nn.Tanh(), layer, nn.Linear(16, 4))


def whole_state(model):
    """Every tensor by its bits, the flags, modes, hooks and attributes of a model."""
    tensors = [(*named, tensor.detach().clone()) for *named, tensor in named_tensors(model)]
    rest = [
        (m.training, dict(m._forward_hooks), {k: id(v) for k, v in vars(m).items() if torch.is_tensor(v)},
         "forward" in vars(m))
        for m in model.modules()
    ]  # fmt: skip
    return tensors, rest


def named_tensors(model):
    for name, t in (*model.named_parameters(), *model.named_buffers()):
        yield name, id(t), t.data_ptr(), t.dtype, t.requires_grad, t.stride(), t.grad, t


def assert_unchanged(before, model):
    tensors, rest = whole_state(model)
    assert rest == before[1]
    for (*old, values), (*new, present) in zip(before[0], tensors, strict=True):
        assert old == new
        assert torch.equal(values, present)
