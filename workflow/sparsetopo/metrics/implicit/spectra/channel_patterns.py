"""A few patterns of channels for every node layer, and the small graph that they make of a large one.

An outer eigenvector of a convolutional network's graph is, at every position of a layer, nearly a combination of the
same few patterns of its channels: what differs between positions is how much of each. Vectors that are such
combinations are maps of a graph of the same form, with one channel for each pattern (``docs/graph.md``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.channel_lists import Kernel
from sparsetopo.metrics.implicit.spectra.product.terms import End, Term
from sparsetopo.metrics.implicit.spectra.ritz import Vectors
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.seeding import generator

Pattern = NDArray[np.float64]

# A layer of more channels than this is searched by random combinations of its positions, of which there are so many
# more than patterns are wanted; of fewer channels all patterns are computed.
_MOST_DECOMPOSED = 48
_OVERSAMPLED = 6


@dataclass(frozen=True)
class ChannelPatterns:
    """Orthonormal patterns of the channels of each node layer, (channels, patterns), the most important ones first."""

    layers: Sequence[NodeLayer]
    patterns: Sequence[Pattern]

    @classmethod
    def of_vectors(
        cls,
        layers: Sequence[NodeLayer],
        vectors: Sequence[Vectors],
        *,
        most: int,
        negligible: float,
        workers: Workers,
    ) -> "ChannelPatterns":
        """The patterns that (V, vectors) unit vectors, in one array or several, consist of.

        A layer has at most `most`. What is left out has a norm of at most `negligible` in every direction of a layer's
        channels, unless there are more patterns than that.
        """
        stops = np.cumsum([layer.size for layer in layers])

        def find(number: int) -> Pattern:
            layer, stop = layers[number], stops[number]
            rows = slice(stop - layer.size, stop)
            maps = [part[rows].reshape(layer.channels, -1) for part in vectors]
            together = maps[0] if len(maps) == 1 else np.hstack(maps)
            return _leading(together, most, negligible, number)

        return cls(layers, workers.run([partial(find, number) for number in range(len(layers))]))

    def first(self, most: int) -> "ChannelPatterns":
        """Patterns of the graph of patterns: by themselves, the first ones of each layer."""
        return ChannelPatterns(
            self.layers_of_patterns,
            [np.eye(pattern.shape[1])[:, :most] for pattern in self.patterns],
        )

    @property
    def layers_of_patterns(self) -> list[NodeLayer]:
        """The node layers of the small graph."""
        return [
            NodeLayer(layer.name, pattern.shape[1], layer.height, layer.width)
            for layer, pattern in zip(self.layers, self.patterns, strict=True)
        ]

    def terms(self, terms: Sequence[Term]) -> list[Term]:
        """What the adjacency matrix is in the space of the patterns, given the terms that it is the sum of."""
        projected = (self._projected(term) for term in terms)
        return [term for term in projected if term is not None]

    def restricted(self, vectors: Vectors) -> Vectors:
        """How much of each pattern (V, vectors) vectors hold at every position."""
        return self._multiplied([pattern.T for pattern in self.patterns], vectors)

    def lifted(self, vectors: Vectors) -> Vectors:
        """(V, vectors) combinations of the patterns."""
        return self._multiplied(self.patterns, vectors)

    def _multiplied(self, factors: Sequence[Pattern], vectors: Vectors) -> Vectors:
        """Maps of vectors multiplied, at every position, by a matrix of each layer's channels."""
        positions = [layer.height * layer.width for layer in self.layers]
        height = sum(count * len(factor) for count, factor in zip(positions, factors, strict=True))
        result = np.zeros((height, vectors.shape[1]), dtype=vectors.dtype)
        read = written = 0
        for count, factor in zip(positions, factors, strict=True):
            rows, columns = (count * channels for channels in factor.shape)
            if rows and columns:
                maps = vectors[read : read + columns].reshape(factor.shape[1], -1)
                to = result[written : written + rows].reshape(len(factor), -1)
                np.matmul(factor.astype(vectors.dtype), maps, out=to)
            read, written = read + columns, written + rows
        return result

    def _projected(self, term: Term) -> Term | None:
        """The term between patterns; None if it joins none."""
        core, wide = (self._of_end(end) for end in (term.core, term.wide))
        taps = len(term.rows) * len(term.columns)
        if not core.shape[1] or not wide.shape[1]:
            return None
        lists = term.kernel.core
        weights = csr_matrix(
            (lists.magnitudes, lists.ends, lists.starts), shape=(taps * len(core), len(wide))
        )
        by_tap = core.T @ (weights @ wide).reshape(taps, len(core), wide.shape[1])
        core_end, wide_end = (
            End(end.layer, range(pattern.shape[1]))
            for end, pattern in ((term.core, core), (term.wide, wide))
        )
        kernel = Kernel(_full_lists(by_tap), _full_lists(by_tap.transpose(0, 2, 1)))
        return Term(core_end, wide_end, term.rows, term.columns, kernel)

    def _of_end(self, end: End) -> Pattern:
        """(channels of the kernel, patterns): the patterns of an end's channels, or of its groups of equal ones."""
        pattern = self.patterns[end.layer][end.channels.start : end.channels.stop]
        if end.groups is None:
            return pattern
        sums = np.zeros((end.num_groups, pattern.shape[1]))
        joined = end.groups >= 0
        np.add.at(sums, end.groups[joined], pattern[joined])
        return sums


def _full_lists(kernels: NDArray[np.float64]) -> Lists:
    """Lists of all entries of (taps, near, far) matrices."""
    taps, near, far = kernels.shape
    return Lists(
        np.arange(taps * near + 1, dtype=np.int64) * far,
        np.tile(np.arange(far, dtype=np.int32), taps * near),
        kernels.astype(np.float32).reshape(-1),
    )


def _leading(maps: Vectors, most: int, negligible: float, seed: int) -> Pattern:
    """(channels, patterns) left singular vectors of (channels, positions x vectors) maps, largest first."""
    channels, width = maps.shape
    if channels <= _MOST_DECOMPOSED:
        squares, patterns = np.linalg.eigh((maps @ maps.T).astype(np.float64))
    else:
        # Two steps of the block power method from random combinations (Halko, Martinsson and Tropp,
        # SIAM Review 53, 2011), one of them shared with the projection.
        count = min(most + _OVERSAMPLED, channels, width)
        random = generator("channel patterns", seed, channels, width)
        sample = maps @ random.standard_normal((width, count), dtype=np.float32)
        basis, _ = np.linalg.qr(sample)
        image = maps @ (maps.T @ basis)
        patterns, squares, _ = np.linalg.svd(image.astype(np.float64), full_matrices=False)
        squares, patterns = squares[::-1], patterns[:, ::-1]
    kept = np.flatnonzero(squares[::-1] > negligible**2)[:most]
    return np.ascontiguousarray(patterns[:, ::-1][:, kept])
