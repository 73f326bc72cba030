"""Files of a user: a network in one, its parts in another."""

from pathlib import Path

NETWORKS = '''"""Networks of my own."""
from torch import nn

from my_parts import block


def small(input_shape, classes, width=4):
    channels, _, _ = input_shape
    return nn.Sequential(
        block(channels, width), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes)
    )


class Wide(nn.Module):
    def __init__(self, *, input_shape, classes, width):
        super().__init__()
        self.layers = small(input_shape, classes, width)

    def forward(self, x):
        return self.layers(x)


def two_outputs(input_shape, classes):
    return small(input_shape, classes + 1)


def no_network(input_shape, classes):
    return classes


def broken(input_shape, classes, **options):
    raise KeyError("depth")


def positional(shape):
    return small(shape, 10)
'''
PARTS = """from torch import nn


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())
"""


def write_networks(folder: Path) -> None:
    """Write `my_networks.py` and the file that it imports."""
    (folder / "my_networks.py").write_text(NETWORKS)
    (folder / "my_parts.py").write_text(PARTS)
