"""A folder with a network of one's own, its weights and masks; and running a command in this process."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo import Mask
from sparsetopo.command_line.run import run

# One name for all tests: Python imports a module once.
NETWORK = "command_line_networks:small"
SOURCE = """
from torch import nn

print("networks may print")


def small(input_shape, classes, width=4):
    channels, height, length = input_shape
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(width * height * length, classes),
    )


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = small((1, 4, 4), 3)

    def forward(self, x):
        return self.body(x)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.first, self.last = nn.Embedding(20, 4), nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, tokens):
        return self.last(self.first(self.words(tokens)).relu())


class NoNetwork:
    pass
"""
WORDS = (NETWORK, "--input", "1x4x4", "--classes", "3")
"""What every command is given first."""


@dataclass
class Ended:
    """What a command printed, and the status that it ended with."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks")
    (path / "command_line_networks.py").write_text(SOURCE, encoding="utf-8")
    return path


def network():
    """The same network, built here."""
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))


@pytest.fixture
def model(folder):
    """The network with weights of its own, which lie in weights.pt."""
    made = network()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    torch.save(made.state_dict(), folder / "weights.pt")
    return made


def random_mask(seed, share=0.4):
    random = np.random.default_rng(seed)
    shapes = {"0.weight": (4, 1, 3, 3), "3.weight": (3, 64)}
    return {name: random.random(shape) < share for name, shape in shapes.items()}


@pytest.fixture
def masks(folder):
    """Two masks, in the files mask-0.safetensors and mask-1.safetensors."""
    made = [random_mask(seed) for seed in (0, 1)]
    for number, arrays in enumerate(made):
        Mask(arrays).save(folder / f"mask-{number}.safetensors")
    return made


@pytest.fixture
def command(folder, monkeypatch, capfd):
    """Run a command in the folder: command("measure", *WORDS, ...)."""
    monkeypatch.chdir(folder)

    def ended(*words):
        status = run([str(word) for word in words])
        printed = capfd.readouterr()
        return Ended(status, printed.out, printed.err)

    return ended
