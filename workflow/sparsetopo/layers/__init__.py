"""Layer by layer: the bipartite graphs that multipartite graphs are compared with, and their metrics.

A *bipartite graph encoding* (BGE) is one graph a layer that ignores the layer's input. `bge` builds
the two of the literature, `measure` takes their topometrics with the code that measures whole
networks, `ramanujan` their expander metrics, and `network` makes tables of all layers of a network.
Torch-free; nothing is imported here until it is asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bge": ["LayerKind", "rolled", "rolled_channel"],
        "measure": ["bge_topometrics", "scaled_bge_topometrics"],
        "network": ["layer_kinds", "ramanujan_records", "topometric_records"],
        "ramanujan": ["ramanujan_metrics"],
    },
)
