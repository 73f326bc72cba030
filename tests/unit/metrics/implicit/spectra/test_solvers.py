"""The iterative eigenvalue solvers on matrices of known spectrum."""

import numpy as np
import pytest

from sparsetopo.metrics.implicit.spectra.davidson import largest_pair
from sparsetopo.metrics.implicit.spectra.krylov import SPARE, Ends, outer_pairs
from sparsetopo.metrics.implicit.spectra.ritz import NotConvergedError, RitzPairs
from sparsetopo.metrics.implicit.workers import Workers


def rotated(values, seed=0):
    """Symmetric matrix with these eigenvalues."""
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.standard_normal((len(values), len(values))))
    return basis @ np.diag(values) @ basis.T


def run(matrix, block=4, tolerance=1e-10, start=None, capacity=30):
    random = np.random.default_rng(1)
    if start is None:
        start = random.standard_normal((len(matrix), block))

    def finished(pairs: RitzPairs):
        return max(pairs.errors[:2].max(), pairs.errors[-2:].max()) <= tolerance

    return outer_pairs(
        lambda x, _: matrix @ x,
        start,
        finished,
        ends=Ends(2, 2),
        memory=np.empty(len(matrix) * capacity),
        max_products=300,
        random=random,
        workers=Workers(),
    )


@pytest.mark.parametrize("multiplicity", [1, 2, 3, 4])
def test_multiple_eigenvalues_count_as_often_as_they_occur(multiplicity):
    values = np.concatenate([np.full(multiplicity, 5.0), np.linspace(-3, 4, 300)])
    pairs, vectors = run(rotated(values))
    expected = np.sort(values)[::-1]
    np.testing.assert_allclose(pairs.values[:2], expected[:2], atol=1e-9)
    np.testing.assert_allclose(pairs.values[-2:], expected[-2:], atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4 + 2 * SPARE), atol=1e-9)


def test_an_exhausted_krylov_space_is_left_by_random_directions():
    """The start block lies in an invariant subspace that lacks the largest eigenvalue."""
    values = np.concatenate([[9.0, 8.0], np.linspace(0, 1, 198)])
    start = np.zeros((200, 2))
    start[10, 0] = start[11, 1] = 1
    pairs, _ = run(np.diag(values), start=start)
    np.testing.assert_allclose(pairs.values[:2], [9, 8], atol=1e-9)


def test_more_vectors_than_dimensions():
    values = np.array([3.0, 2.0, -1.0, -5.0, 0.5])
    pairs, _ = run(rotated(values), block=4)
    np.testing.assert_allclose(pairs.values, np.sort(values)[::-1], atol=1e-12)


def test_errors_bound_what_is_missing():
    values = np.concatenate([[10.0, 9.99, 9.98], np.linspace(-8, 8, 400)])
    matrix = rotated(values)
    seen = []

    def finished(pairs):
        seen.append((10.0 - pairs.values[0], pairs.errors[0]))
        return pairs.errors[0] < 1e-11

    random = np.random.default_rng(0)
    start = random.standard_normal((len(values), 4))
    outer_pairs(
        lambda x, _: matrix @ x,
        start,
        finished,
        ends=Ends(2, 2),
        memory=np.empty(len(matrix) * 30),
        max_products=300,
        random=random,
        workers=Workers(),
    )
    late = seen[len(seen) // 2 :]
    assert len(late) > 3
    assert all(missing <= error + 1e-12 for missing, error in late)


def test_a_tiny_basis_still_converges():
    values = np.concatenate([[2.0, 1.9], np.linspace(-1, 1, 500)])
    pairs, _ = run(rotated(values), block=2, capacity=14)
    np.testing.assert_allclose(pairs.values[:2], [2.0, 1.9], atol=1e-9)


def test_davidson_with_a_dominant_diagonal_of_near_ties():
    random = np.random.default_rng(0)
    coupling = random.standard_normal((500, 500)) * 0.01
    diagonal = np.concatenate([[100.0, 99.999, 99.998], random.uniform(0, 60, 497)])
    matrix = np.diag(diagonal) + coupling + coupling.T
    products = []

    def product(x):
        products.append(x.shape[1])
        return matrix @ x

    start = np.eye(500)[:, :4]
    value, vectors = largest_pair(
        product,
        np.diag(matrix),
        start,
        tolerance=1e-12,
        capacity=30,
        least_steps=8,
        max_steps=100,
    )
    assert value == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-12)
    np.testing.assert_allclose(matrix @ vectors[:, 0], value * vectors[:, 0], atol=1e-5)
    assert len(products) < 20


def test_davidson_says_when_it_does_not_converge():
    matrix = np.diag(np.arange(1.0, 101))
    with pytest.raises(NotConvergedError, match="in 2 steps"):
        largest_pair(
            lambda x: matrix @ x,
            np.ones(100),
            np.ones((100, 1)),
            tolerance=1e-12,
            capacity=30,
            least_steps=1,
            max_steps=2,
        )
