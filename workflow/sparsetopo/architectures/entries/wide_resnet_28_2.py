"""Wide-Resnet-28-2: a pre-activation residual network, twice as wide, 28 layers deep.

Zagoruyko and Komodakis, "Wide residual networks" (BMVC 2016), table 1: a 3x3 stem of 16 channels
and three stages of n = 4 residual blocks with 32, 64 and 128 channels and strides 1, 2, 2. Batch-norm
and ReLU come before each convolution. Where the shape changes (in the first block of every stage,
also 16 -> 32), the shortcut is a 1x1 projection of the activated input, without a batch-norm of its
own; elsewhere it is the identity. No dropout. Only the classifier has a bias.
"""

from torch import Tensor, nn

NAME = "Wide-Resnet-28-2"
VERSION = 1
SMALLEST_SIZE = 4  # pixels: two strides of 2 leave one position

STEM_CHANNELS = 16
STAGE_CHANNELS = (32, 64, 128)
BLOCKS_PER_STAGE = 4


class PreActivationBlock(nn.Module):
    """Batch-norm, ReLU, 3x3 convolution, twice, and a shortcut around them."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.shortcut: nn.Conv2d | None = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        activated = self.relu1(self.bn1(x))
        residual = self.conv2(self.relu2(self.bn2(self.conv1(activated))))
        return residual + (x if self.shortcut is None else self.shortcut(activated))


class WideResNet(nn.Module):
    """Wide-Resnet-28-2 for images of `in_channels` channels and any size of at least 4."""

    def __init__(self, in_channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, STEM_CHANNELS, 3, padding=1, bias=False)
        self.layer1 = _stage(STEM_CHANNELS, STAGE_CHANNELS[0], 1)
        self.layer2 = _stage(STAGE_CHANNELS[0], STAGE_CHANNELS[1], 2)
        self.layer3 = _stage(STAGE_CHANNELS[1], STAGE_CHANNELS[2], 2)
        self.bn = nn.BatchNorm2d(STAGE_CHANNELS[2])
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(STAGE_CHANNELS[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes)."""
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(self.flatten(self.pool(self.relu(self.bn(x)))))


def build(input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build the network for images of `input_shape` (channels, height, width)."""
    return WideResNet(input_shape[0], classes)


def _stage(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    first = PreActivationBlock(in_channels, out_channels, stride)
    others = (
        PreActivationBlock(out_channels, out_channels, 1) for _ in range(BLOCKS_PER_STAGE - 1)
    )
    return nn.Sequential(first, *others)
