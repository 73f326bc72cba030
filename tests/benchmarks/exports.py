"""Seconds, bytes and memory of saving and exporting graphs: the tables of docs/formats.md.

Uses the networks that `topometrics.py` writes, which must have run before. Each export runs in a fresh
process.

    python tests/benchmarks/exports.py
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = ("Resnet-20-0.6", "Wide-Resnet-28-2-0.6", "Conv-6-0.6", "resnet50-0.9")
FOLDER = Path(tempfile.gettempdir()) / "sparsetopo-networks"


def measured(source: str, action: str, target: str) -> None:
    """Do one thing with a saved graph and print a record."""
    import resource

    from sparsetopo.graphs.mge import MGE

    mge = MGE.load(source)
    start = time.perf_counter()
    if action == "blocks":
        edges = sum(len(block.weights) for block in mge.edge_blocks())
        assert edges == mge.num_edges
    elif action == "save":
        mge.save(target)
    else:
        mge.export(target)
    seconds = time.perf_counter() - start
    weights = sum(mask.size for mask in mge.masks.values())
    kept = sum(int(mask.sum()) for mask in mge.masks.values())
    record = {
        "seconds": seconds,
        "size": os.path.getsize(target) if os.path.exists(target) else 0,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "edges": mge.num_edges,
        "masked_weights": 4 * kept + weights // 8,
    }
    print(json.dumps(record))


def main() -> None:
    print(
        "| network | edges | save, bytes | of 4 B a kept + 1 bit a weight | blocks, s | .parquet | .npz | memory, MB |"
    )
    print("|" + " --- |" * 8)
    for name in NETWORKS:
        source, records = str(FOLDER / f"{name}.safetensors"), {}
        for action in ("save", "blocks", "parquet", "npz"):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, __file__, source, action, f"{folder}/graph.{action}"]
                if action == "save":
                    command[-1] = f"{folder}/graph.safetensors"
                done = subprocess.run(command, capture_output=True, text=True, check=True)
            records[action] = json.loads(done.stdout)
        save = records["save"]
        files = (
            f"{r['seconds']:.1f} s, {r['size'] / 1e6:,.0f} MB"
            for r in (records["parquet"], records["npz"])
        )
        print(
            f"| {name} | {save['edges']:,} | {save['size']:,} "
            f"| {save['size'] / save['masked_weights']:.3f} | {records['blocks']['seconds']:.2f} "
            f"| {' | '.join(files)} | {max(r['memory'] for r in records.values()) / 1e6:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    measured(*sys.argv[1:]) if len(sys.argv) > 1 else main()
