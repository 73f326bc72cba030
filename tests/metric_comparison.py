"""Implicit against explicit: all metrics of one graph, and what only future metrics may need.

Integer metrics must be identical; the spectra agree to 1e-5, of the gap or 1e-9 of the largest eigenvalue, and
logarithms of sums over paths to 1e-11.
"""

from contextlib import nullcontext

import numpy as np
import pytest

from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.measure import topometrics


def assert_same_metrics(mge):
    """Implicit and explicit metrics agree; NaN is motif4 where it must be, and only there."""
    with (
        pytest.warns(UserWarning, match="It is NaN here")
        if joins_four_layers(mge)
        else nullcontext()
    ):
        found = topometrics(mge, "all")
    expected = topometrics(mge, "all", explicit=True)
    largest = ExplicitPrimitives(mge).adjacency_eigenvalues.magnitudes[0]
    if joins_four_layers(mge):
        assert np.isnan(found.pop("motif4"))
        expected.pop("motif4")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert type(found[name]) is type(value), name
        if name in ("spectral_gap", "spectral_gap_signed"):
            assert found[name] == pytest.approx(value, rel=1e-5, abs=max(1e-9 * largest, 1e-300)), (
                name
            )
        elif name == "spectral_radius":
            assert found[name] == pytest.approx(value, rel=1e-5), name
        elif name in ("log_paths", "log_path_norm"):
            assert found[name] == pytest.approx(value, rel=1e-11, abs=1e-11, nan_ok=True), name
        elif name == "strength":
            assert found[name] == pytest.approx(value, rel=1e-12), name
        else:
            assert found[name] == value, name


def assert_same_building_blocks(mge):
    """What only future metrics may need: products with vectors, and distances."""
    found, expected = ImplicitPrimitives(mge), ExplicitPrimitives(mge)
    np.testing.assert_array_equal(found.levels, expected.levels)
    vectors = np.random.default_rng(0).standard_normal((mge.num_nodes, 2))
    product = expected.adjacency.product(vectors)
    np.testing.assert_allclose(found.adjacency.product(vectors), product, rtol=1e-9, atol=1e-9)


def joins_four_layers(mge):
    return ImplicitPrimitives(mge)._two_walks.four_joined_layers() is not None
