"""A pruned network as a multipartite graph: parse -> plan -> execute.

``tracing`` runs a PyTorch model once and records its operations, ``resolve`` turns them into a
`Plan` (node layers, bipartite blocks, spatial incidences), and `MGE` joins a plan with masked
weights. Only the modules whose name starts with ``tracing`` and ``encode`` need torch; nothing is
imported here until it is asked for.
"""

import importlib
from typing import Any

_HOMES = {
    "Plan": "plan",
    "MGE": "mge",
    "mge_from_masks": "mge",
    "trace": "tracing",
    "register_operation": "tracing_operations",
}

__all__ = ["MGE", "Plan", "mge_from_masks", "register_operation", "trace"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
