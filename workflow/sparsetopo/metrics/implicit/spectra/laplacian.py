"""Largest eigenvalue of the weighted Laplacian D - A, mostly on a small part of the graph.

The eigenvalue is first computed on some node layers only, and layers are added while the residual outside them
matters. ``docs/graph.md`` has the bounds and their proofs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.laplacian_part import Part
from sparsetopo.metrics.implicit.spectra.laplacian_start import beside_plain, start_vectors
from sparsetopo.metrics.implicit.spectra.product.terms import Term
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph
from sparsetopo.metrics.primitives import Eigenvectors

# Errors allowed, relative to the eigenvalue: in the value of a part, at first and at last; and what
# the layers left out may add. Less than ten times their sum is promised.
_ROUGH, _ACCURATE, _LEFT_OUT = 1e-4, 3e-7, 1e-6
# Steps before a value is accepted: from the start vectors, since what they hardly hold needs some to
# grow, and from vectors already found. Vectors that are carried from part to part.
_LEAST_STEPS, _FURTHER_STEPS, _CARRIED = 8, 1, 4


def laplacian_largest_eigenvalue(graph: WeightedGraph, known: Eigenvectors | None = None) -> float:
    """Largest eigenvalue of D - A.

    The iteration may start from known eigenvectors, and then replaces them by those found. NotConvergedError if many
    eigenvalues lie too close together.
    """
    degrees = graph.degrees
    if float(degrees.max(initial=0.0)) == 0:
        return 0.0
    classes = graph.quotient
    if classes is not None:
        found = _largest_eigenvalue(classes.layers, classes.terms, degrees[classes.members], known)
        rest = classes.complement
        if rest.is_below(found, rest.largest_degrees(degrees)):
            return found
    return _largest_eigenvalue(graph.layers, graph.terms, degrees, known)


def _largest_eigenvalue(
    layers: Sequence[NodeLayer],
    terms: Sequence[Term],
    degrees: NDArray[np.float64],
    known: Eigenvectors | None,
) -> float:
    """Largest eigenvalue of D - A, A being a sum of terms, given the degrees D, which are not all 0."""
    largest = float(degrees.max())
    whole = Part(layers, terms, range(len(layers)), degrees)
    if whole.is_small:
        return float(np.linalg.eigvalsh(whole.matrix)[-1])
    mean_degrees = whole.adjacency.product(degrees[:, None])[:, 0]
    np.divide(mean_degrees, degrees, out=mean_degrees, where=degrees > 0)
    bounds = whole.largest_by_layer(degrees + mean_degrees)
    chosen = _with_joined(np.flatnonzero(bounds > largest).tolist(), terms)
    if known is not None and known.laplacian is not None and len(known.laplacian) == len(degrees):
        # What mattered then will matter now.
        matters = whole.largest_by_layer(np.abs(known.laplacian).max(axis=1)) > 0
        part = Part(layers, terms, sorted({*chosen, *np.flatnonzero(matters).tolist()}), degrees)
        vectors, tolerance = beside_plain(part, part.restricted(known.laplacian)), _ACCURATE
    else:
        part = Part(layers, terms, chosen, degrees)
        vectors, tolerance = start_vectors(part), _ROUGH
    least_steps = _LEAST_STEPS
    while True:
        value, vectors = part.largest_pair(vectors, tolerance, least_steps)
        vectors, least_steps = vectors[:, :_CARRIED], _FURTHER_STEPS
        beyond = np.delete(bounds, part.chosen).max(initial=0.0)
        wider = Part(layers, terms, _with_joined(part.chosen, terms), degrees)
        continued = wider.embedded(vectors, part)
        residual = wider.residual_outside(continued[:, :1], part)
        if min(residual, residual**2 / (value - beyond)) > _LEFT_OUT * value:
            part, vectors = wider, continued
        elif tolerance == _ACCURATE or part.is_small:
            if known is not None:
                known.laplacian = whole.embedded(vectors, part).astype(np.float32)
            return value
        else:
            tolerance = _ACCURATE


def _with_joined(chosen: Sequence[int], terms: Sequence[Term]) -> list[int]:
    """The chosen layers and those that an edge joins to them."""
    found = set(chosen)
    for term in terms:
        joined = {term.core.layer, term.wide.layer}
        if not joined.isdisjoint(chosen):
            found |= joined
    return sorted(found)
