"""Start vectors of the iteration for the largest eigenvalue of the Laplacian.

The eigenvector is concentrated at nodes of large degree, the *hubs*. If h are its values there, the
values elsewhere are about -A h / (value - D). Inserted into the rows of the hubs, this leaves an
eigenvalue problem of the hubs alone, whose vectors are short (``docs/graph.md``):

    (D - A + A (value - D)^-1 A) h  =  value h
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.davidson import largest_pair
from sparsetopo.metrics.implicit.spectra.laplacian_part import Part
from sparsetopo.metrics.implicit.spectra.ritz import NotConvergedError
from sparsetopo.metrics.implicit.spectra.waves import WAVES, standing_waves
from sparsetopo.seeding import generator

Vectors = NDArray[np.float64]

# Nodes of largest degree whose unit vectors are among the start vectors.
_FIRST = 4
# A power of the degrees that leaves little but the maps of the largest.
_POWER = 32
# Hubs have at least this part of the largest degree. Their own problem is solved if there are at
# least so many, but at most this part of the nodes.
_HUB, _FEW, _LEAST = 0.7, 1 / 8, 50
# The value in (value - D), in units of the largest degree.
_ABOUT = 1.03
# Accuracy, steps (least and most) and number of vectors of the problem of the hubs.
_TOLERANCE, _STEPS, _FOUND = 1e-4, (8, 100), 4
_CAPACITY = 40
# If the largest degree lies between this and its reciprocal, the products of the start vectors neither
# vanish nor overflow in single precision.
_WITHIN_SINGLE = 1e-18


def start_vectors(part: Part) -> Vectors:
    """(nodes, vectors) start vectors for the largest eigenvalue of a part."""
    plain = _plain(part)
    largest = float(part.degrees.max())
    hubs = np.flatnonzero(part.degrees >= _HUB * largest)
    if not _LEAST <= len(hubs) <= _FEW * len(part.degrees):
        return plain
    # Single precision is twice as fast, and accurate enough for a start.
    single = _WITHIN_SINGLE < largest < 1 / _WITHIN_SINGLE
    precision: type[np.floating[Any]] = np.float32 if single else np.float64
    reciprocals: NDArray[np.floating[Any]] = 1 / (_ABOUT * largest - part.degrees)
    reciprocals = reciprocals.astype(precision)
    reciprocals[hubs] = 0

    def continued(vectors: Vectors) -> tuple[Vectors, NDArray[np.floating[Any]]]:
        """(A h at the hubs, -A h / (value - D) elsewhere) for (hubs, vectors) vectors."""
        everywhere = np.zeros((len(part.degrees), vectors.shape[1]), dtype=precision)
        everywhere[hubs] = vectors
        image = part.adjacency.product(everywhere)
        elsewhere: NDArray[np.floating[Any]] = -image * reciprocals[:, None]
        return image[hubs].astype(np.float64), elsewhere

    def product(vectors: Vectors) -> Vectors:
        at_hubs, elsewhere = continued(vectors)
        beyond = part.adjacency.product(elsewhere)[hubs]
        return part.degrees[hubs, None] * vectors - at_hubs - beyond

    try:
        _, found = largest_pair(
            product,
            part.degrees[hubs],
            plain[hubs],
            tolerance=_TOLERANCE,
            capacity=_CAPACITY,
            least_steps=_STEPS[0],
            max_steps=_STEPS[1],
        )
    except NotConvergedError:
        return plain
    found = np.ascontiguousarray(found[:, :_FOUND])
    everywhere = continued(found)[1].astype(np.float64)
    everywhere[hubs] = found
    return np.hstack([everywhere, plain[:, :1], plain[:, -2:]])


def beside_plain(part: Part, vectors: Vectors) -> Vectors:
    """Given (nodes, vectors) start vectors, with those of the plain ones that see the hubs and that are random."""
    plain = _plain(part)
    return np.hstack([vectors, plain[:, :_FIRST], plain[:, -2:]])


def _plain(part: Part) -> Vectors:
    """Unit vectors of the nodes of largest degree, and powers of the degrees times standing waves.

    The eigenvector has opposite signs at the two ends of an edge, so in one of the vectors the signs
    alternate from layer to layer. The last two are random, for what has neither hubs nor such signs.
    """
    order = len(part.degrees)
    first = np.argsort(-part.degrees, kind="stable")[:_FIRST]
    start = np.zeros((order, len(first) + len(WAVES) + 3))
    start[first, np.arange(len(first))] = 1
    relative = part.degrees / part.degrees[first[0]]
    signs = np.repeat([(-1.0) ** number for number in range(len(part.sizes))], part.sizes)
    waves = standing_waves(part.layers)
    start[:, len(first) : -3] = waves * (relative**_POWER)[:, None]
    start[:, -3] = waves[:, 0] * relative**4 * signs
    start[:, -2:] = generator("laplacian start", order).standard_normal((order, 2))
    start[:, -2:] *= relative[:, None]
    return start
