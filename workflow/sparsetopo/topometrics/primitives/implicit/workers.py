"""Threads that share independent pieces of work, also pieces of pieces.

Kernels and matrix products let other threads run. Whoever hands out work does the first piece
itself and, when it comes to a piece that no thread has begun, that one too: so nobody waits idly
for work that is not being done, and pieces may hand out work of their own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """A number of threads, the caller's among them; as a context manager it ends them.

    Parameters
    ----------
    threads
        How many; with one, everything is done by the caller, in order.
    """

    def __init__(self, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Results of independent pieces of work, in their order."""
        if self._pool is None or len(pieces) < 2:
            return [piece() for piece in pieces]
        first, *rest = pieces
        futures = [self._pool.submit(piece) for piece in rest]
        results = [first()]
        for piece, future in zip(rest, futures, strict=True):
            results.append(piece() if future.cancel() else future.result())
        return results

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
