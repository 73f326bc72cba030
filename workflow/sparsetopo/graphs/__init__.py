"""A pruned network as a multipartite graph: parse -> plan -> execute.

`tracing` runs a PyTorch model once and records its operations, `planning` turns the recording into a `Plan` (node
layers, blocks of edges, spatial incidences), and `MGE` joins a plan with masked weights. Only `tracing` and `encode`
need torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "mge": ["MGE", "mge_from_masks"],
        "plan": ["Plan"],
        "tracing.trace": ["register_operation", "trace"],
    },
)
