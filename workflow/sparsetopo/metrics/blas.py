"""Matrix products in the thread that asks for them."""

import contextlib
import functools
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Keep matrix products in the thread that asks for them, which also fixes their rounding."""
    import numpy  # noqa: F401  (loads the BLAS library that is to be limited)

    # Looking for BLAS libraries takes a millisecond, as long as a metric of a small graph, and only an import can bring
    # another one. Code that imports one inside this context must enter it again.
    with _blas_libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


@functools.lru_cache(maxsize=1)
def _blas_libraries(modules: int) -> "ThreadpoolController":
    """The BLAS libraries of this process; `modules`, how many it has imported, tells when to look again."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
