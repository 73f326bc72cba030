"""Residual networks for small images, shared by Resnet-20 and Resnet-32.

He et al., "Deep residual learning for image recognition" (CVPR 2016), section 4.2: a 3x3 stem, three
stages of n residual blocks with 16, 32 and 64 channels and strides 1, 2, 2, global average pooling,
and one linear layer: 6n + 2 layers. Where the shape changes, the shortcut is a 1x1 projection with
batch-norm (their option B); elsewhere it is the identity. Convolutions have no bias, which the
batch-norm behind them would cancel; the classifier has one.
"""

from torch import Tensor, nn

STAGE_CHANNELS = (16, 32, 64)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch-norm, and a shortcut around them (post-activation)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out_channels))
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        residual = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(residual + self.shortcut(x))


class CifarResNet(nn.Module):
    """Residual network of 6n + 2 layers for images of `in_channels` channels, 4x4 or larger."""

    def __init__(self, in_channels: int, classes: int, blocks_per_stage: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, STAGE_CHANNELS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(STAGE_CHANNELS[0])
        self.relu = nn.ReLU()
        self.layer1 = _stage(STAGE_CHANNELS[0], STAGE_CHANNELS[0], 1, blocks_per_stage)
        self.layer2 = _stage(STAGE_CHANNELS[0], STAGE_CHANNELS[1], 2, blocks_per_stage)
        self.layer3 = _stage(STAGE_CHANNELS[1], STAGE_CHANNELS[2], 2, blocks_per_stage)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(STAGE_CHANNELS[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, classes)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.flatten(self.pool(x)))


def _stage(in_channels: int, out_channels: int, stride: int, blocks: int) -> nn.Sequential:
    first = BasicBlock(in_channels, out_channels, stride)
    return nn.Sequential(
        first, *(BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1))
    )
