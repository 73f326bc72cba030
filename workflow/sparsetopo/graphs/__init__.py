"""A pruned network as a multipartite graph: parse -> plan -> execute.

`tracing` runs a PyTorch model once and records its operations, `planning` turns the recording into a `Plan` (node
layers, blocks of edges, spatial incidences), and `MGE` joins a plan with masked weights. Only `tracing` and `encode`
need torch.
"""

from sparsetopo.extras import import_lazily

__getattr__, __dir__, __all__ = import_lazily(
    __name__,
    {
        "mge": ["MGE", "mge_from_masks"],
        "plan": ["Plan"],
        "tracing.trace": ["register_operation", "trace"],
    },
)
