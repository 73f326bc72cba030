"""Conv-6: the six-convolution VGG of Frankle and Carbin, with batch-norm.

"The lottery ticket hypothesis" (ICLR 2019), figure 2: 3x3 convolutions of 64, 64, pool, 128, 128,
pool, 256, 256, pool, then linear layers of 256, 256 and one output per class. Batch-norm follows
every layer but the classifier, which alone has a bias (batch-norm would cancel any other).
"""

from collections import OrderedDict

from torch import nn

NAME = "Conv-6"
VERSION = 1
SMALLEST_SIZE = 8  # pixels: three poolings by 2 leave one position
SIZE_MULTIPLE = 8  # a pooling of an odd size would drop its last row and column

STAGE_CHANNELS = (64, 128, 256)
HIDDEN_UNITS = 256


def build(input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build the network for images of `input_shape` (channels, height, width)."""
    in_channels, height, width = input_shape
    features = nn.Sequential()
    for out_channels in STAGE_CHANNELS:
        for conv_in in (in_channels, out_channels):
            features.append(nn.Conv2d(conv_in, out_channels, 3, padding=1, bias=False))
            features.append(nn.BatchNorm2d(out_channels))
            features.append(nn.ReLU())
        features.append(nn.MaxPool2d(2))
        in_channels = out_channels
    positions = (height // 8) * (width // 8)
    classifier = nn.Sequential()
    for units_in in (STAGE_CHANNELS[-1] * positions, HIDDEN_UNITS):
        classifier.append(nn.Linear(units_in, HIDDEN_UNITS, bias=False))
        classifier.append(nn.BatchNorm1d(HIDDEN_UNITS))
        classifier.append(nn.ReLU())
    classifier.append(nn.Linear(HIDDEN_UNITS, classes))
    return nn.Sequential(
        OrderedDict(features=features, flatten=nn.Flatten(), classifier=classifier)
    )
