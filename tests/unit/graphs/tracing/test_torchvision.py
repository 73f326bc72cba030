"""The paper's networks and torchvision's: node and edge counts, and refusal of what is no CNN."""

import pytest
import torchvision
from torch import nn

from sparsetopo.architectures import build
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.plan import Plan
from sparsetopo.graphs.tracing.trace import trace

PAPER = {
    "Conv-6": (233366, 241388032),
    "Resnet-20": (191894, 37278208),
    "Resnet-32": (306582, 62923264),
    "Wide-Resnet-28-2": (478614, 194994176),
}


@pytest.mark.parametrize("name", sorted(PAPER))
def test_paper_networks(name):
    mge = encode(
        build(name, (3, 32, 32), 10), (3, 32, 32), {}
    )  # every weight kept, also one drawn as 0
    assert (mge.num_nodes, mge.num_edges) == PAPER[name]
    for classes in (100, 200):
        plan = trace(build(name, (3, 32, 32), classes), (3, 32, 32))
        assert plan.num_nodes == PAPER[name][0] + classes - 10


# Weighted layers, counted from the papers; identity shortcuts make no blocks. Node layers: input,
# and one for each weighted layer but projection shortcuts, which share theirs.
TORCHVISION = {
    "resnet18": (1 + 17 + 1, 3),
    "resnet50": (1 + 49 + 1, 4),
    "vgg11_bn": (1 + 8 + 3, 0),
    "mobilenet_v2": (1 + 52 + 1, 0),
    "densenet121": (1 + 120 + 1, 0),
    "squeezenet1_1": (1 + 2 + 8 * 3, 0),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in ("densenet121", "vgg11_bn") else name
        for name in sorted(TORCHVISION)
    ],
)
def test_torchvision_networks(name):
    model = getattr(torchvision.models, name)(weights=None)
    layers, projections = TORCHVISION[name]
    mge = encode(model, (3, 224, 224))
    plan = mge.plan
    weighted = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(plan.node_layers) == layers == 1 + len(weighted) - projections
    assert len(plan.parameters) == len(weighted)
    last = 1000 if name != "squeezenet1_1" else 1000 * 13 * 13
    assert plan.node_layers[-1].size == last
    assert plan.outputs == (len(plan.node_layers) - 1,)
    assert Plan.from_record(plan.to_record()) == plan
    assert mge.num_edges > 1e8


def test_first_edges_of_resnet18_follow_from_its_geometry():
    model = torchvision.models.resnet18(weights=None)
    plan = trace(model, (3, 224, 224))
    # 7x7 stride 2 padding 3 on 224; the max pool 3x3 stride 2 padding 1 behind it makes no nodes.
    assert (plan.node_layers[0].height, plan.node_layers[1].height) == (230, 112)
    assert plan.node_layers[2].height == 56
    assert plan.blocks[0].kernel == (7, 7)
