"""Today's networks at their sizes: seconds of tracing, encoding and all metrics, edges, memory, and what bounds them.

`python -m tests.benchmarks.networks_at_size [--threads 2] [--sparsity 0.9] [--export] [network ...]`

Weights are the library's initial ones, masks are random, from a seed of their own. Every network is measured under both
settings of `attention` (one line where they give the same edges) in a process of its own, so that the peak of the
memory is its own. Tracing is timed apart from importing torch, compiled loops apart from compiling them (a tiny
network runs first).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from typing import Any

NETWORKS = {
    "Resnet-20": (3, 32, 32),
    "torchvision:resnet50": (3, 224, 224),
    "torchvision:efficientnet_b0": (3, 224, 224),
    "torchvision:convnext_tiny": (3, 224, 224),
    "timm:vit_tiny_patch16_224": (3, 224, 224),
    "torchvision:swin_t": (3, 224, 224),
    "torchvision:vit_b_16": (3, 224, 224),
}
LONGEST = 3  # primitives named as what bounds a network


def build(name: str, shape: tuple[int, ...]) -> Any:
    """The network with its initial weights, seed 0."""
    import torch

    torch.manual_seed(0)
    library, _, model = name.partition(":")
    if library == "torchvision":
        from torchvision.models import get_model

        return get_model(model, weights=None)
    if library == "timm":
        import timm

        return timm.create_model(model)
    from sparsetopo.architectures import build as build_own

    return build_own(name, shape, 10)


def export_seconds(model: Any, shape: tuple[int, ...]) -> float:
    """Seconds that torch.export takes to read the network, with its decompositions: the obvious alternative."""
    import torch

    start = time.perf_counter()
    torch.export.export(model.eval(), (torch.zeros(1, *shape),), strict=False).run_decompositions()
    return time.perf_counter() - start


def measure(
    name: str, attention: str, sparsity: float, threads: int, *, export: bool
) -> dict[str, Any]:
    """All that is printed of one network."""
    import numpy as np
    import torch
    from torch import nn

    import sparsetopo as st

    torch.set_num_threads(threads)
    tiny = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    st.topometrics(st.encode(tiny, (1, 4, 4)), threads=threads)
    shape = NETWORKS[name]
    model = build(name, shape)
    start = time.perf_counter()
    plan = st.trace(model, shape, attention=attention)  # type: ignore[arg-type]
    traced = time.perf_counter() - start
    exported = export_seconds(model, shape) if export else 0.0
    random = np.random.default_rng(1)
    masks = {key: random.random(size) >= sparsity for key, size in plan.parameters.items()}
    start = time.perf_counter()
    mge = st.encode(model, masks=masks, plan=plan)
    encoded = time.perf_counter() - start
    start = time.perf_counter()
    edges = mge.num_edges
    bundled = time.perf_counter() - start
    begun: list[tuple[str, float]] = []
    start = time.perf_counter()
    values = st.topometrics(
        mge,
        progress=lambda what, done, total: begun.append((what, time.perf_counter())),
        threads=threads,
    )
    measured = time.perf_counter() - start
    # Several threads overlap: seconds from the start of a primitive to that of the next are a rough share.
    shares: dict[str, float] = defaultdict(float)
    ends = [moment for _, moment in begun[1:]] + [start + measured]
    for (what, moment), end in zip(begun, ends, strict=True):
        shares[what] += end - moment
    longest = sorted(shares.items(), key=lambda item: -item[1])[:LONGEST]
    return {
        "nodes": mge.num_nodes,
        "edges": edges,
        "trace": traced,
        "export": exported,
        "encode": encoded,
        "bundles": bundled,
        "metrics": measured,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "bounds": ", ".join(f"{what} {seconds:.1f}" for what, seconds in longest),
        "values": {key: float(value) for key, value in values.items()},
    }


def main() -> None:
    """Measure every network in a process of its own, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="network")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument(
        "--export", action="store_true", help="time torch.export too, as a way of reading networks"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    options = arguments.sparsity, arguments.threads
    if arguments.one:
        (name,) = arguments.networks
        print(json.dumps(measure(name, arguments.one, *options, export=arguments.export)))
        return
    seconds = ["trace", *["export"] * arguments.export, "encode", "bundles", "metrics"]
    header = ["network", "attention", "nodes", "edges", *(f"{what}, s" for what in seconds)]
    print("| " + " | ".join([*header, "peak, GB", "longest, s"]) + " |")
    print("|" + "---|" * (len(header) + 2))
    for name in arguments.networks:
        edges = None
        for attention in ("all", "values"):
            command = [sys.executable, "-m", "tests.benchmarks.networks_at_size", *sys.argv[1:]]
            command = [part for part in command if part not in arguments.networks]
            done = subprocess.run(
                [*command, "--one", attention, name], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"| {name} | {attention} | failed: {done.stderr.strip().splitlines()[-1]} |")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            if found["edges"] == edges:
                continue
            edges = found["edges"]
            cells = [name, attention, f"{found['nodes']:,}", f"{edges:.1e}"]
            cells += [f"{found[key]:.2f}" for key in (*seconds, "gigabytes")]
            print("| " + " | ".join([*cells, found["bounds"]]) + " |", flush=True)


if __name__ == "__main__":
    main()
