"""N:M and block conformity and dead channels, against loops that look at one weight after the other."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.errors import MaskError, UsageError
from sparsetopo.layers import structure_records
from sparsetopo.layers.bge import LayerKind

PATTERNS = ("1:2", "2:4", "1:4", "3:5")
BLOCKS = ("1x1", "1x4", "4x4", "2x3", "50x50")

LAYERS = {
    "linear": (nn.Linear(10, 7), LayerKind()),
    "one input": (nn.Linear(1, 5), LayerKind()),
    "convolution": (nn.Conv2d(6, 5, 3), LayerKind()),
    "one dimension": (nn.Conv1d(5, 4, 2), LayerKind()),
    "grouped": (nn.Conv2d(8, 6, (1, 3), groups=2), LayerKind(2)),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4), LayerKind(4)),
    "transposed": (nn.ConvTranspose2d(6, 3, 2), LayerKind(1, True)),
    "grouped and transposed": (nn.ConvTranspose1d(6, 4, 3, groups=2), LayerKind(2, True)),
}


def kept_connections(layer, mask):
    """{(output channel, input channel): kept kernel positions}, and the channels that each output could read."""
    kept, reads = {}, {}
    groups = getattr(layer, "groups", 1)
    transposed = isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d)
    inputs = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
    outputs = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    for out, source in itertools.product(range(outputs), range(inputs)):
        group = out * groups // outputs
        if source * groups // inputs != group:
            continue
        if transposed:
            kernel = mask[source, out - group * (outputs // groups)]
        else:
            kernel = mask[out, source - group * (inputs // groups)]
        kept[out, source] = np.ravel(kernel)
        reads.setdefault(out, []).append(source)
    return kept, reads


def conforming(kept, reads, most, length):
    positions = len(next(iter(kept.values())))
    good = []
    for out, sources in reads.items():
        for start in range(0, len(sources), length):
            run = sources[start : start + length]
            for position in range(positions):
                good.append(sum(bool(kept[out, source][position]) for source in run) <= most)
    return sum(good) / len(good)


def in_blocks(kept, reads, rows, columns):
    positions = len(next(iter(kept.values())))
    good = []
    for sources, outs in itertools.groupby(sorted(reads), key=lambda out: tuple(reads[out])):
        outs = list(outs)
        for top in range(0, len(outs), rows):
            for left in range(0, len(sources), columns):
                for position in range(positions):
                    block = {
                        bool(kept[out, source][position])
                        for out in outs[top : top + rows]
                        for source in sources[left : left + columns]
                    }
                    good.append(len(block) == 1)
    return sum(good) / len(good)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("name", LAYERS)
def test_every_column_is_that_of_a_loop_over_weights(name, share):
    layer, kind = LAYERS[name]
    mask = np.random.default_rng(3).random(tuple(layer.weight.shape)) < share
    (record,) = structure_records(
        {"layer": mask}, {"layer": kind}, patterns=PATTERNS, blocks=BLOCKS
    )
    kept, reads = kept_connections(layer, mask)
    sources = {source for _, source in kept}
    assert record["inputs"] == len(sources)
    assert record["outputs"] == len(reads)
    assert record["dead_outputs"] == sum(
        not any(kept[out, source].any() for source in reads[out]) for out in reads
    )
    assert record["dead_inputs"] == sum(
        not any(kept[pair].any() for pair in kept if pair[1] == source) for source in sources
    )
    assert record["weights"] == sum(int(kernel.sum()) for kernel in kept.values())
    assert (record["parameters"], record["density"]) == (mask.size, record["weights"] / mask.size)
    for pattern in PATTERNS:
        sizes = map(int, pattern.split(":"))
        assert record[pattern] == pytest.approx(conforming(kept, reads, *sizes)), pattern
    for block in BLOCKS:
        sizes = map(int, block.split("x"))
        assert record[block] == pytest.approx(in_blocks(kept, reads, *sizes)), block


def test_a_dead_channel_has_no_influence():
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 4, 3, bias=False)
    mask = np.ones((4, 3, 3, 3), dtype=bool)
    mask[:, 1], mask[2] = False, False
    (record,) = structure_records({"layer": mask})
    assert (record["dead_inputs"], record["dead_outputs"]) == (1, 1)
    layer.weight.data *= torch.from_numpy(mask)
    images = torch.rand(1, 3, 5, 5)
    changed = images.clone()
    changed[:, 1] += 1
    assert torch.equal(layer(images), layer(changed))
    assert not layer(images)[:, 2].any()


@pytest.mark.parametrize("pattern", ["2", "4:2", "0:4", "4:4", "2:4:8", "a:b", "-1:4", "²:4"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(UsageError, match="is no N:M pattern"):
        structure_records({}, patterns=[pattern])


@pytest.mark.parametrize("block", ["4", "0x4", "4x", "4*4"])
def test_what_is_no_block_is_refused(block):
    with pytest.raises(UsageError, match="is no block"):
        structure_records({}, blocks=[block])


def test_a_mask_of_numbers_is_refused():
    with pytest.raises(MaskError, match="should be bool"):
        structure_records({"fc": np.ones((2, 2))})
