"""Pruning at initialisation: `prune` and `score`, the masks and scores they give, and the algorithms.

Algorithms are one file each in ``algorithms/``. torch is imported when `prune` or `score` is first
used.
"""

from typing import TYPE_CHECKING

from sparsetopo.extras import import_lazily

if TYPE_CHECKING:
    from sparsetopo.pruning.mask import Mask as Mask
    from sparsetopo.pruning.registry import ALGORITHMS as ALGORITHMS
    from sparsetopo.pruning.registry import COMMON_OPTIONS as COMMON_OPTIONS
    from sparsetopo.pruning.registry import is_single_shot as is_single_shot
    from sparsetopo.pruning.registry import memory_options as memory_options
    from sparsetopo.pruning.registry import needs as needs
    from sparsetopo.pruning.registry import register_algorithm as register_algorithm
    from sparsetopo.pruning.run import prune as prune
    from sparsetopo.pruning.run import score as score
    from sparsetopo.pruning.scores import Scores as Scores

__getattr__, __dir__, __all__ = import_lazily(
    __name__,
    {
        "mask": ["Mask"],
        "registry": [
            "ALGORITHMS",
            "COMMON_OPTIONS",
            "is_single_shot",
            "memory_options",
            "needs",
            "register_algorithm",
        ],
        "run": ["prune", "score"],
        "scores": ["Scores"],
    },
)
