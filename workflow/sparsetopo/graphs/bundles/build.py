"""From a plan and masked weights to bundles: one for every two node layers that edges join."""

from collections import defaultdict

import numpy as np

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.bundles.composite import composite_bundle
from sparsetopo.graphs.bundles.incidence import has_one_tap_a_pair, incidence_of
from sparsetopo.graphs.bundles.kernels import Masks, Weights, kernels_and_mask
from sparsetopo.graphs.plan import Block, Plan


def bundles(plan: Plan, weights: Weights, masks: Masks) -> list[Bundle]:
    """Bundles of a network that hold at least one edge, by (target, source)."""
    between: dict[tuple[int, int], list[Block]] = defaultdict(list)
    for block in plan.blocks:
        between[block.target, block.source].append(block)
    found = (_bundle(plan, between[pair], weights, masks) for pair in sorted(between))
    return [bundle for bundle in found if bundle is not None and bundle.num_edges]


def _bundle(plan: Plan, blocks: list[Block], weights: Weights, masks: Masks) -> Bundle | None:
    kept = [block for block in blocks if _keeps_any(block, masks)]
    if not kept:
        return None
    if len(kept) == 1:
        (block,) = kept
        if block.channel_map is None and all(
            has_one_tap_a_pair(plan.axes[axis]) for axis in (block.rows, block.columns)
        ):
            return _simple_bundle(plan, block, weights, masks)
    return composite_bundle(plan, kept, weights, masks)


def _keeps_any(block: Block, masks: Masks) -> bool:
    return block.parameter is None or bool(block.kernels(masks[block.parameter]).any())


def _simple_bundle(plan: Plan, block: Block, weights: Weights, masks: Masks) -> Bundle:
    """Bundle of one block whose taps need not be united."""
    kernels, kept = kernels_and_mask(block, weights, masks)
    taps = block.kernel[0] * block.kernel[1]
    outputs, inputs = block.outputs, block.inputs
    # (tap, group, output of the group, input of the group)
    shape = (block.groups, outputs // block.groups, inputs, taps)
    flags = np.ascontiguousarray(kept.reshape(shape).transpose(3, 0, 1, 2))
    sizes = np.abs(kernels.reshape(shape).transpose(3, 0, 1, 2))
    source, target = plan.node_layers[block.source], plan.node_layers[block.target]
    height, width = block.kernel
    return Bundle(
        block.source,
        block.target,
        range(block.source_channel, block.source_channel + block.all_inputs),
        range(block.target_channel, block.target_channel + block.outputs),
        rows=incidence_of(plan.axes[block.rows], source.height, height, target.height),
        columns=incidence_of(plan.axes[block.columns], source.width, width, target.width),
        forward=Lists.of(flags.swapaxes(2, 3), sizes.swapaxes(2, 3)),
        backward=Lists.of(flags, sizes),
    )
