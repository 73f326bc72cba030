"""The two largest singular values, by both ways, against numpy's full decomposition."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sparsetopo.layers import singular_values


@pytest.fixture(params=["dense", "arpack"])
def two_largest(request, monkeypatch):
    if request.param == "arpack":
        monkeypatch.setattr(singular_values, "_DENSE_OPERATIONS", 50)
    return singular_values.two_largest_singular_values


def expected(matrix):
    values = np.linalg.svd(matrix.toarray().astype(np.float64), compute_uv=False)
    return [values[0], values[1] if len(values) > 1 else 0]


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (40, 7), (7, 40), (60, 60), (200, 90)])
@pytest.mark.parametrize("density", [0.03, 0.3, 1.0])
def test_random_matrices(two_largest, shape, density):
    random = np.random.default_rng(0)
    for _ in range(5):
        dense = np.where(random.random(shape) < density, random.exponential(size=shape), 0)
        matrix = csr_array(dense.astype(np.float32))
        assert two_largest(matrix) == pytest.approx(expected(matrix), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("copies", [2, 3])
def test_a_multiple_largest_value_counts_as_often_as_it_occurs(two_largest, copies):
    random = np.random.default_rng(1)
    block = random.exponential(size=(12, 9))
    matrix = csr_array(np.kron(np.eye(copies), block))
    first, second = two_largest(matrix)
    assert first == pytest.approx(np.linalg.norm(block, 2))
    assert second == pytest.approx(first, rel=1e-9)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_rank_one(two_largest, shape):
    first, second = two_largest(csr_array(np.ones(shape)))
    assert first == pytest.approx(600**0.5)
    assert second == pytest.approx(0, abs=1e-8)


def test_an_identity_and_a_zero_matrix(two_largest):
    assert two_largest(csr_array(np.eye(30))) == pytest.approx([1, 1])
    assert two_largest(csr_array((30, 20))) == (0, 0)


@settings(max_examples=300, deadline=None)
@given(st.integers(3, 12), st.integers(3, 12), st.integers(0, 2**32 - 1))
def test_small_matrices_of_zeros_and_ones_by_arpack(rows, columns, seed):
    random = np.random.default_rng(seed)
    matrix = csr_array((random.random((rows, columns)) < random.random()).astype(np.float32))
    assume(matrix.nnz)
    found = singular_values._by_arpack(matrix)
    assert found is not None
    assert found == pytest.approx(expected(matrix), abs=1e-7)


def test_it_is_the_same_at_every_call(two_largest):
    matrix = csr_array(np.random.default_rng(2).normal(size=(80, 50)))
    assert two_largest(matrix) == two_largest(matrix)
