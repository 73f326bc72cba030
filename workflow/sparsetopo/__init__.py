"""Topology of sparse neural networks: prune, encode as a multipartite graph, measure.

>>> import sparsetopo as st
>>> mask = st.prune(model, "snip", sparsity=0.9, data=(images, labels), seed=0)  # doctest: +SKIP
>>> mge = st.encode(model, input_shape=(3, 32, 32), masks=mask)  # doctest: +SKIP
>>> st.topometrics(mge)  # doctest: +SKIP

Names are imported when they are first used, so that what needs no torch does not wait for it.
"""

from typing import TYPE_CHECKING

from sparsetopo.extras import import_lazily

if TYPE_CHECKING:
    from sparsetopo.graphs.encode import encode as encode
    from sparsetopo.graphs.mge import MGE as MGE
    from sparsetopo.graphs.plan import Plan as Plan
    from sparsetopo.graphs.tracing.trace import trace as trace
    from sparsetopo.metrics.measure import topometrics as topometrics
    from sparsetopo.metrics.primitives import Eigenvectors as Eigenvectors
    from sparsetopo.pruning import Scores as Scores
    from sparsetopo.pruning import prune as prune
    from sparsetopo.pruning import score as score
    from sparsetopo.pruning.mask import Mask as Mask

__getattr__, __dir__, __all__ = import_lazily(
    __name__,
    {
        "graphs.encode": ["encode"],
        "graphs.mge": ["MGE"],
        "graphs.plan": ["Plan"],
        "graphs.tracing.trace": ["trace"],
        "metrics.measure": ["topometrics"],
        "metrics.primitives": ["Eigenvectors"],
        "pruning": ["Scores", "prune", "score"],
        "pruning.mask": ["Mask"],
    },
)
