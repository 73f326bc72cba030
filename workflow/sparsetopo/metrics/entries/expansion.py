"""Expansion metrics: eigenvalues of the weighted undirected graph.

Eigenvalues count with multiplicity. Source: Cunegatti et al., TMLR 2024, section 4.1; the gap is defined as in their
released code.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "spectral_gap": {
        "label": "spectral gap",
        "category": "expansion",
        "graphs": ["network", "layer"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["adjacency_eigenvalues"],
        "description": "first minus third largest |eigenvalue| of the weighted adjacency matrix",
    },
    "spectral_gap_signed": {
        "label": "signed spectral gap",
        "category": "expansion",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["adjacency_eigenvalues"],
        "description": "largest minus second largest eigenvalue of the weighted adjacency matrix",
        "second_reading_of": "spectral_gap",
    },
    "spectral_radius": {
        "label": "spectral radius",
        "category": "expansion",
        "graphs": ["network", "layer"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["laplacian_largest_eigenvalue"],
        "description": "largest eigenvalue of the weighted Laplacian matrix D - A",
    },
}


def spectral_gap(primitives: "Primitives") -> float:
    """Gap by magnitude: |lambda|_1 - |lambda|_3.

    In a graph without triangles -lambda is an eigenvalue whenever lambda is, so this is the usual
    gap; the second largest magnitude would always equal the first. Missing eigenvalues (V < 3)
    count as 0.
    """
    first, _, third = primitives.adjacency_eigenvalues.magnitudes
    return first - third


def spectral_gap_signed(primitives: "Primitives") -> float:
    """Gap of the eigenvalues in algebraic order: lambda_1 - lambda_2."""
    first, second = primitives.adjacency_eigenvalues.largest
    return first - second


def spectral_radius(primitives: "Primitives") -> float:
    """Largest eigenvalue of the weighted Laplacian."""
    return primitives.laplacian_largest_eigenvalue
