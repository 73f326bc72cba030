"""Topology of sparse neural networks: prune, encode as a multipartite graph, measure.

>>> import sparsetopo as st
>>> mask = st.prune(model, "snip", sparsity=0.9, data=(images, labels), seed=0)  # doctest: +SKIP
>>> mge = st.encode(model, input_shape=(3, 32, 32), masks=mask)  # doctest: +SKIP
>>> st.topometrics(mge)  # doctest: +SKIP

Names are imported when they are first used, so that what needs no torch does not wait for it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparsetopo.graphs.encode import encode
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.graphs.plan import Plan
    from sparsetopo.graphs.tracing import trace
    from sparsetopo.pruning import Scores, prune, score
    from sparsetopo.pruning.mask import Mask
    from sparsetopo.topometrics import topometrics

_HOMES = {
    "MGE": "sparsetopo.graphs.mge",
    "Mask": "sparsetopo.pruning.mask",
    "Plan": "sparsetopo.graphs.plan",
    "encode": "sparsetopo.graphs.encode",
    "Scores": "sparsetopo.pruning",
    "prune": "sparsetopo.pruning",
    "score": "sparsetopo.pruning",
    "topometrics": "sparsetopo.topometrics",
    "trace": "sparsetopo.graphs.tracing",
}

__all__ = ["MGE", "Mask", "Plan", "Scores", "encode", "prune", "score", "topometrics", "trace"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sparsetopo' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
