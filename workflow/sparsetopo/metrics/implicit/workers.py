"""Threads that share independent pieces of work, which may hand out pieces of their own.

Loops and matrix products let other threads run. A thread that hands out work does the first piece itself, then every
piece that no thread has begun, from the last one backwards, and waits only for what others are doing. So no thread is
idle while there is work.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """A number of threads, the caller's among them; leaving the context ends the others.

    With one thread the caller does everything, in order.

    Examples
    --------
    >>> with Workers(2) as workers:
    ...     workers.run([lambda: "one", lambda: "two"])
    ['one', 'two']
    """

    def __init__(self, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Results of independent pieces of work, in their order."""
        if self._pool is None or len(pieces) < 2:
            return [piece() for piece in pieces]
        futures = [self._pool.submit(piece) for piece in pieces[1:]]
        results = {0: pieces[0]()}
        for number in range(len(pieces) - 1, 0, -1):
            if futures[number - 1].cancel():
                results[number] = pieces[number]()
        return [
            results[number] if number in results else futures[number - 1].result()
            for number in range(len(pieces))
        ]

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
