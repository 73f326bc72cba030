"""Edges of Conv-6 for every (algorithm, data set, sparsity), compared with the released ones.

Masks are made from the initial weights of our seeds and real images (the packs of the shared
folder), so only means and spreads can agree. No network is trained: edges depend on the mask alone.

    python tests/benchmarks/published_edges.py                                  # hours: GraSP
    python tests/benchmarks/published_edges.py --algorithms snip synflow --seeds 0 1 2
    python tests/benchmarks/published_edges.py --algorithms er --options '{"allocation": "released"}'
"""

import argparse
import itertools
import json
import sys
import time

import pandas as pd
from conv6_edges import CLASSES, SPARSITIES, edges, masks, released, summary
from scoring_images import TrainingImages

ALGORITHMS = ("uniform", "er", "erk", "snip", "synflow", "prospr", "grasp")


def ours(algorithm, dataset, seed, options) -> pd.DataFrame:
    """Count the edges of one network at all sparsities."""
    from sparsetopo.pruning import needs

    data = TrainingImages(dataset) if needs(algorithm) == "data" else None
    rows = [
        {"algorithm": algorithm, "dataset": dataset, "sparsity": sparsity, "seed": seed}
        | {"edges": edges(dataset, mask), "collapsed": len(mask.collapsed_layers)}
        for sparsity, mask in masks(dataset, algorithm, seed, data, **options)
    ]
    return pd.DataFrame(rows)


def line(key, here, there) -> str:
    def millions(row):
        spread = "-" if row["count"] < 2 else f"{row['std'] / 1e6:.2f}"
        return f"{row['mean'] / 1e6:.2f} ± {spread} ({row['count']:.0f})"

    ratio = f"{here['mean'] / there['mean']:.3f}"
    return f"| {' | '.join([*key, millions(here), millions(there), ratio])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithms", nargs="*", default=ALGORITHMS)
    parser.add_argument("--datasets", nargs="*", default=list(CLASSES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, for the algorithms")
    chosen = parser.parse_args()

    import torch

    torch.set_num_threads(chosen.threads)
    theirs = summary(released())
    print("| algorithm | data set | sparsity | edges here, millions | released | ratio |")
    print("|---|---|---|---|---|---|", flush=True)
    for algorithm, dataset in itertools.product(chosen.algorithms, chosen.datasets):
        start = time.perf_counter()
        tables = [ours(algorithm, dataset, seed, chosen.options) for seed in chosen.seeds]
        table = summary(pd.concat(tables))
        for sparsity in SPARSITIES:
            key = (algorithm, dataset, sparsity)
            print(line(key, table.loc[key], theirs.loc[key]))
        seconds = time.perf_counter() - start
        print(f"{algorithm}, {dataset}: {seconds:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
