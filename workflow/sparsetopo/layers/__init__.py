"""Layer by layer: the bipartite graphs that the multipartite graph is compared with (``docs/layers.md``).

A *bipartite graph encoding* (BGE) makes one graph of each layer and ignores the layer's input. Nothing here needs
torch, and names are imported when they are used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bge": ["LayerKind", "rolled", "rolled_channel"],
        "measure": ["bge_topometrics"],
        "network": ["layer_kinds", "ramanujan_records", "topometric_records"],
        "ramanujan": ["ramanujan_metrics"],
        "structure": ["structure_records"],
    },
)
