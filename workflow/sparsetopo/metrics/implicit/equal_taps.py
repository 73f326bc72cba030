"""Taps of a bundle that keep the same weights, so that what holds for one holds for all of them.

Composite taps are often alike: a row of patches that becomes part of a row of tokens has a tap of its own, and in
attention within windows a token in another row and one in another column are seen alike (``docs/graph.md``, section 4).
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle

EMPTY = -1  # stands for a tap without kept weights


def equal_taps(bundle: Bundle) -> NDArray[np.int64]:
    """(taps,) the first tap that keeps the same weights, EMPTY if none is kept; magnitudes do not matter.

    Examples
    --------
    >>> from sparsetopo.layers import rolled
    >>> (bundle,) = rolled(np.ones((2, 3)), np.ones((2, 3), dtype=bool)).bundles
    >>> equal_taps(bundle)
    array([0])
    """
    kept_per_tap = bundle.kept_per_tap.tolist()
    taps = np.arange(len(kept_per_tap))
    times = Counter(kept_per_tap)
    if len(times) == len(taps) and 0 not in times:
        return taps
    known: dict[tuple[bytes, bytes], int] = {}
    channels, lists = len(bundle.source_channels), bundle.forward
    for tap, kept in enumerate(kept_per_tap):
        if kept == 0:
            taps[tap] = EMPTY
        elif times[kept] > 1:
            starts = lists.starts[tap * channels : (tap + 1) * channels + 1]
            ends = lists.ends[starts[0] : starts[-1]]
            key = (starts - starts[0]).tobytes(), ends.tobytes()
            taps[tap] = known.setdefault(key, tap)
    return taps


def all_differ(taps: NDArray[np.int64]) -> bool:
    """Whether no two taps are equal and none is empty, given the result of `equal_taps`."""
    return bool((taps == np.arange(len(taps))).all())
