"""Sixteen topological metrics of a sparse network's graph (and the signed spectral gap), exact.

A *metric* is one function in a family file of this folder; it turns *primitives* (degrees, motif
counts, eigenvalues, ...) into one number. What computes the primitives is a backend of
`sparsetopo.topometrics.primitives`. `METRICS` is read from the family files without running them,
so importing this package imports neither numpy nor scipy.

`import sparsetopo.topometrics` binds this module to the name under which the library offers its
function ``sparsetopo.topometrics(mge)``; so the module itself can be called, and both spellings
work in any order.
"""

import sys
from types import ModuleType
from typing import Any

from sparsetopo.topometrics._measure import measure, scaled, topometrics
from sparsetopo.topometrics._registry import METRICS, Metric

__all__ = ["METRICS", "Metric", "measure", "scaled", "topometrics"]


class _CallableModule(ModuleType):
    """A module that passes calls on to its function `topometrics`."""

    def __call__(self, *args: Any, **options: Any) -> dict[str, int | float]:
        return topometrics(*args, **options)


_CallableModule.__call__.__doc__ = topometrics.__doc__
sys.modules[__name__].__class__ = _CallableModule
