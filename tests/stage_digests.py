"""Digests of the sources of the expensive stages, to notice an edit without a raised version.

`python -m tests.stage_digests` records the present state: run it after raising a version, or after an edit that
changes no result. Docstrings, comments and formatting do not count.
"""

import ast
import hashlib
import json
from pathlib import Path

from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.config.stages import STAGE_VERSIONS
from sparsetopo.datasets import DATASETS
from sparsetopo.pruning import ALGORITHMS

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow/sparsetopo"
RECORD = Path(__file__).parent / "stage_digests.json"
SHARED = (
    "seeding.py",
    "architectures/*.py",
    "bits.py",
    "checksums.py",
    "datasets/prepared.py",
    "datasets/statistics.py",
    "networks/*.py",
)
PRUNING = ("pruning/*.py", "pruning/derivatives/*.py", "networks/running/*.py")
SOURCES = {
    "data": ("datasets/*.py",),
    "plan": (
        "graphs/*.py",
        "graphs/planning/*.py",
        "graphs/tracing/*.py",
        "graphs/tracing/handlers/*.py",
        "networks/random_state.py",
        "networks/running/*.py",
        "seeding.py",
        "architectures/*.py",
    ),
    "initial": SHARED,
    "score": (*SHARED, *PRUNING),
    "prune": (*SHARED, *PRUNING),
    "train": (
        *SHARED,
        "training/*.py",
        "pruning/layer_arrays.py",
        "pruning/mask.py",
        "pruning/mask_file.py",
    ),
}


def code_digest(paths: list[Path]) -> str:
    """SHA-256 (16 hex digits) of what the files do: their syntax trees without docstrings."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if (
                isinstance(body, list)
                and body
                and isinstance(body[0], ast.Expr)
                and isinstance(body[0].value, ast.Constant)
            ):
                node.body = body[1:]
        digest.update(path.name.encode() + ast.dump(tree).encode())
    return digest.hexdigest()[:16]


def stage_paths(stage: str) -> list[Path]:
    """Sources of an expensive stage: parts of the library, and its script."""
    paths = {path for pattern in SOURCES[stage] for path in LIBRARY.glob(pattern)}
    paths.add(ROOT / f"workflow/scripts/{stage}.py")
    if stage != "data":
        paths.add(ROOT / "workflow/scripts/building.py")
    if stage in ("score", "prune", "train"):
        paths.add(ROOT / "workflow/scripts/network.py")
    return sorted(paths)


def present() -> dict[str, dict[str, object]]:
    """Version and digest of every expensive stage and of every registry entry."""
    state: dict[str, dict[str, object]] = {}
    for stage in SOURCES:
        digest = code_digest(stage_paths(stage))
        state[f"stage {stage}"] = {"version": STAGE_VERSIONS[stage], "digest": digest}
    registries = {"data set": DATASETS, "architecture": ARCHITECTURES, "algorithm": ALGORITHMS}
    for kind, entries in registries.items():
        for name, entry in entries.items():
            state[f"{kind} {name}"] = {
                "version": entry.version,
                "digest": code_digest([entry.path]),
            }
    return state


if __name__ == "__main__":
    RECORD.write_text(json.dumps(present(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
