"""How often the iteration for the adjacency's eigenvalues errs on very sparse random graphs.

    python -m tests.benchmarks.missed_eigenvalues                   # the numbers of docs/graph.md
    python -m tests.benchmarks.missed_eigenvalues --kept-zeros --first 46453 --graphs 1

Each graph is measured by the iteration, by the default way (which unrolls graphs in several pieces)
and piece by piece, which counts as the truth. Graphs of more than 40 nodes are iterated, so that
small ones, which are fast and hard, count too; by default those of up to 1,000 are solved dense.
"""

import argparse
import logging
import random
import warnings
from collections import Counter

import numpy as np
import torch
from scipy.sparse import csgraph
from tests.random_networks import draw_network
from tests.unit.metrics.implicit.test_random_networks import (
    grouped_convolutions,
    residual_chain,
)

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.implicit import backend
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues
from sparsetopo.metrics.measure import evaluate
from sparsetopo.metrics.registry import METRICS

ITERATED_ABOVE = 40
GAPS = ("spectral_gap", "spectral_gap_signed")
# What is promised: of the gap, and of the largest eigenvalue.
OF_GAP, OF_LARGEST = 1e-5, 1e-9


def draw(seed: int, kept_zeros: bool):
    """A graph of few kept weights, some of them 0 if wanted."""
    choose = random.Random(seed).choice
    family = choose([grouped_convolutions, grouped_convolutions, draw_network, residual_chain])
    network = family(choose)
    generator = torch.Generator().manual_seed(seed)
    densities = choose([[0.05, 0.1], [0.1, 0.2, 0.4]])
    masks = {}
    for name, weight in network.named_parameters():
        masks[name] = torch.rand(weight.shape, generator=generator) < choose(densities)
        weight.data = torch.randn(weight.shape, generator=generator)
        if kept_zeros:
            zeros = torch.rand(weight.shape, generator=generator) < choose([0, 0, 0.2])
            weight.data.masked_fill_(zeros, 0.0)
    return encode(network, network.input_shape, masks, True)


def gaps(primitives) -> np.ndarray:
    """Both gaps."""
    values = evaluate(primitives, [METRICS[name] for name in GAPS])
    return np.array([values[name] for name in GAPS])


def main() -> None:
    """Draw graphs, measure each three times, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="seed of the first graph")
    parser.add_argument("--graphs", type=int, default=10_000)
    parser.add_argument("--kept-zeros", action="store_true", help="some kept weights are 0")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()  # that an iteration did not converge, and the graph was unrolled
    adjacency_eigenvalues._DENSE_ORDER = ITERATED_ABOVE
    few_edges = backend._FEW_EDGES
    drawn, missed = Counter(), Counter()
    for seed in range(options.first, options.first + options.graphs):
        graph = draw(seed, options.kept_zeros)
        matrix = graph.to_scipy()
        matrix.eliminate_zeros()
        sizes = np.bincount(csgraph.connected_components(matrix, directed=False)[1])
        pieces = ["no edge", "one piece", "several pieces"][min(int((sizes > 1).sum()), 2)]
        drawn[pieces] += 1
        explicit = ExplicitPrimitives(graph)
        true, largest = gaps(explicit), explicit.adjacency_eigenvalues.magnitudes[0]
        for way, most_edges in (("iterated", 0), ("default", few_edges)):
            backend._FEW_EDGES = most_edges
            errors = np.abs(gaps(ImplicitPrimitives(graph)) - true)
            if (errors > np.maximum(OF_GAP * true, OF_LARGEST * largest)).any():
                missed[pieces, way] += 1
                print(
                    f"seed {seed}, {pieces}, {graph.num_nodes} nodes, {way}: off by "
                    f"{errors.max() / largest:.1e} of the largest eigenvalue",
                    flush=True,
                )
    for pieces, count in drawn.items():
        counts = ", ".join(f"{missed[pieces, way]} {way}" for way in ("iterated", "default"))
        print(f"{pieces}: {count} graphs; missed: {counts}", flush=True)


if __name__ == "__main__":
    main()
