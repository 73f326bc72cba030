"""The file of one MGE, described in ``docs/formats.md``: its plan, its masks as bits, and the kept weights."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.bits import pack, scatter, unpack
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.graphs.bundles.kernels import Masks, Weights
from sparsetopo.graphs.plan import Plan
from sparsetopo.version import package_version

FORMAT = "sparsetopo mge"
VERSION = 1


MAIN, TRAINED = "weights", "trained"
"""Weights that a file may hold: those of the graph, and beside them those after training."""


def write_mge(
    path: str | PathLike[str],
    plan: Plan,
    weights: Weights,
    masks: Masks,
    specification: Any,
    trained: Weights | None = None,
) -> None:
    """Write the parts of an MGE, a `specification` (JSON-serialisable), and perhaps the weights after training."""
    tensors: dict[str, NDArray[Any]] = {}
    kinds = {MAIN: weights} if trained is None else {MAIN: weights, TRAINED: trained}
    for name, mask in masks.items():
        tensors[f"mask:{name}"] = pack(mask)
        for kind, arrays in kinds.items():
            tensors[f"{kind}:{name}"] = arrays[name][mask]
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "plan": plan.to_record(),
        "specification": specification,
        "package_version": package_version(),
    }
    write_tensors(path, tensors, metadata)


def read_mge(path: str | PathLike[str], kind: str = MAIN) -> tuple[Plan, Weights, Masks]:
    """Read the parts of an MGE: plan, weights of a kind, masks; raises as `MGE.load`."""
    tensors, metadata = read_tensors(path)
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        raise FileFormatError(
            f"{path}: holds '{metadata.get('format')}' version {metadata.get('version')!r}, not "
            f"'{FORMAT}' version {VERSION}."
        )
    plan = Plan.from_record(metadata.get("plan"), str(path))
    kinds = {MAIN, kind, *(TRAINED for name in tensors if name.startswith(f"{TRAINED}:"))}
    expected = {f"{each}:{name}" for each in ("mask", *kinds) for name in plan.parameters}
    if tensors.keys() != expected:
        name = min(tensors.keys() ^ expected)
        problem = "is missing" if name in expected else "is not of its plan"
        raise FileFormatError(f"{path}: the tensor '{name}' {problem}; the file is damaged.")
    weights, masks = {}, {}
    for name, shape in plan.parameters.items():
        where = f"{path}: parameter '{name}'"
        masks[name] = unpack(tensors[f"mask:{name}"], shape, where)
        kept = _float32(tensors[f"{kind}:{name}"], where)
        weights[name] = scatter(kept, masks[name], where)
    return plan, weights, masks


def _float32(kept: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Kept weights of one parameter, checked to be finite numbers of type float32."""
    if kept.dtype != np.float32:
        raise FileFormatError(f"{where} has weights of type {kept.dtype}, but should have float32.")
    if not np.isfinite(kept).all():
        raise FileFormatError(f"{where} has weights that are not finite (NaN or infinite).")
    return kept
