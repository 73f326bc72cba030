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
    """Keep matrix products in the thread that asks for them: then their rounding is fixed too."""
    import numpy  # noqa: F401  (loads the BLAS library that is to be limited)

    # Looking for BLAS libraries takes a millisecond, as long as a small graph's metric; only an
    # import can have brought another one. Code that may have imported one within enters anew.
    with _blas_libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


@functools.lru_cache(maxsize=1)
def _blas_libraries(modules: int) -> "ThreadpoolController":
    """The BLAS libraries of this process, which has imported so many modules."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
