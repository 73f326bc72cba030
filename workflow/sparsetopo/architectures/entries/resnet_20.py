"""Resnet-20: the residual network of He et al. (CVPR 2016, section 4.2) with 3 residual blocks per stage."""

from torch import nn

from sparsetopo.architectures.resnet import CifarResNet

NAME = "Resnet-20"
VERSION = 1
SMALLEST_SIZE = 4  # pixels; two strides of 2 leave one position


def build(input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build the network for images of `input_shape` (channels, height, width)."""
    return CifarResNet(input_shape[0], classes, blocks_per_stage=3)
