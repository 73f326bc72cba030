"""Layer by layer: the bipartite graphs that multipartite graphs are compared with, and their metrics.

A *bipartite graph encoding* (BGE) is one graph a layer that ignores the layer's input. `bge` builds
the two of the literature, `measure` takes their topometrics with the code that measures whole
networks, `ramanujan` their expander metrics, and `network` makes tables of all layers of a network.
Torch-free; nothing is imported here until it is asked for.
"""

import importlib
from typing import Any

_HOMES = {
    "LayerKind": "bge",
    "rolled": "bge",
    "rolled_channel": "bge",
    "bge_topometrics": "measure",
    "scaled_bge_topometrics": "measure",
    "ramanujan_metrics": "ramanujan",
    "layer_kinds": "network",
    "topometric_records": "network",
    "ramanujan_records": "network",
}

__all__ = [  # noqa: RUF022 (in the order of use)
    "LayerKind",
    "rolled",
    "rolled_channel",
    "bge_topometrics",
    "scaled_bge_topometrics",
    "ramanujan_metrics",
    "layer_kinds",
    "topometric_records",
    "ramanujan_records",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
