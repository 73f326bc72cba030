"""Facts about the graphs of the paper's architectures, recorded in `golden/paper_plans.json`; `python -m tests.paper_plans` prints them anew.

They do not depend on how a plan is written down: node layers, parameters, edges of each pair of layers with all weights
kept, and a digest of all edges (node ids and weights) of a pruned network.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

from sparsetopo.architectures import build
from sparsetopo.graphs.encode import encode

FILE = Path(__file__).parent / "golden" / "paper_plans.json"
SHAPE = (3, 32, 32)
CASES = [
    (name, identity)
    for name in ("Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2")
    for identity in (False, True)
]
KEPT = 0.01


def pruned_network(name):
    """(network, masks) with weights and masks of fixed streams, whatever the versions of torch draw."""
    network, masks = build(name, SHAPE, 10), {}
    generator = np.random.default_rng(14)
    for parameter, tensor in network.named_parameters():
        values = generator.integers(-64, 64, tuple(tensor.shape)).astype(np.float32) / 64
        tensor.data = torch.from_numpy(values)
        if tensor.dim() > 1:
            masks[parameter] = generator.random(tuple(tensor.shape)) < KEPT
    return network, masks


def facts(name, identity_shortcuts):
    """JSON-able facts of one architecture."""
    network, masks = pruned_network(name)
    dense = encode(network, SHAPE, {}, identity_shortcuts)
    pruned = encode(network, SHAPE, masks, identity_shortcuts)
    plan = dense.plan
    edges = {}
    for bundle in dense.bundles:
        at = f"{bundle.source} -> {bundle.target}"
        edges[at] = edges.get(at, 0) + bundle.num_edges
    return {
        "node_layers": [[n.name, n.channels, n.height, n.width] for n in plan.node_layers],
        "outputs": list(plan.outputs),
        "parameters": {name: list(shape) for name, shape in plan.parameters.items()},
        "dense_edges": edges,
        "pruned_edges": pruned.num_edges,
        "pruned_digest": digest(pruned),
    }


def digest(mge):
    """SHA-256 of all edges, sorted by source and target, and their weights."""
    parts = [(s.astype(np.int64) * mge.num_nodes + t, w) for s, t, w in mge.edge_blocks()]
    keys, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(keys)
    state = hashlib.sha256(keys[order].astype("<i8").tobytes())
    state.update(weights[order].astype("<f4").tobytes())
    return state.hexdigest()


if __name__ == "__main__":
    lines = [
        f'"{name}, {identity}": {json.dumps(facts(name, identity), separators=(",", ":"))}'
        for name, identity in CASES
    ]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
