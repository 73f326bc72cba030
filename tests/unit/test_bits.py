"""Masks as bits, and kept weights: round trips of any shape, against a slow reference, and refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparsetopo.bits import pack, read_shape, scatter, unpack
from sparsetopo.errors import FileFormatError

SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, max_side=9)
MASKS = arrays.arrays(np.bool_, SHAPES)
FINITE_OR_NOT = [0.0, -0.0, 1.5, -3e-39, math.inf, -math.inf, math.nan]


def reference(mask):
    """The documented bytes, bit by bit."""
    packed = [0] * ((mask.size + 7) // 8)
    for place, keep in enumerate(mask.ravel().tolist()):
        packed[place // 8] += keep << (7 - place % 8)
    return packed


@given(mask=MASKS)
@settings(derandomize=True, deadline=None)
def test_round_trip_and_the_documented_order_of_the_bits(mask):
    packed = pack(mask)
    assert packed.tolist() == reference(mask)
    back = unpack(packed, mask.shape, "file")
    assert back.dtype == np.bool_
    assert np.array_equal(back, mask)
    assert np.array_equal(pack(np.asfortranarray(mask)), packed)


@given(mask=MASKS, data=st.data())
@settings(derandomize=True, deadline=None)
def test_every_bit_beyond_the_end_is_refused(mask, data):
    spare = -mask.size % 8
    packed = pack(mask)
    if spare:
        packed[-1] |= 1 << data.draw(st.integers(0, spare - 1))
        with pytest.raises(FileFormatError, match="file has bits set beyond the end of its mask"):
            unpack(packed, mask.shape, "file")
    for wrong in (packed[:-1], np.append(packed, np.uint8(0)), packed[None], packed.view(np.int8)):
        with pytest.raises(FileFormatError, match=f"should have {len(packed)} bytes"):
            unpack(wrong, mask.shape, "file")


@given(mask=MASKS, data=st.data())
@settings(derandomize=True, deadline=None)
def test_kept_weights_come_back_bit_for_bit(mask, data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    values = data.draw(arrays.arrays(dtype, mask.shape, elements=st.sampled_from(FINITE_OR_NOT)))
    back = scatter(values[mask], mask, "file")
    assert back.dtype == dtype
    assert back[mask].tobytes() == values[mask].tobytes()
    assert not back[~mask].view(f"u{back.itemsize}").any(), "a pruned weight is not +0.0"
    for wrong in (np.append(values[mask], 1), values[mask][None]):
        with pytest.raises(FileFormatError, match=f"its mask keeps {mask.sum()}"):
            scatter(wrong, mask, "file")


def test_a_nan_keeps_its_payload():
    bits = np.array([0x7F800001, 0xFFC12345, 0x7FC00000], np.uint32)
    mask = np.array([[True, False], [True, True]])
    assert np.array_equal(scatter(bits.view(np.float32), mask, "file")[mask].view(np.uint32), bits)


@pytest.mark.parametrize(
    "shape", [None, 8, "8", [], [8.0], [True], [0], [-2, -4], ["8"], {"0": 8}, [1] * 65]
)
def test_shapes_that_no_parameter_has_are_refused(shape):
    with pytest.raises(FileFormatError, match=r"file has the shape .* list of whole numbers"):
        read_shape(shape, "file")


def test_shapes_are_read_and_too_large_ones_are_not_allocated():
    assert read_shape([3, 1, 2], "file") == (3, 1, 2)
    with pytest.raises(FileFormatError, match=f"should have {2**77} bytes"):
        unpack(np.zeros(1, np.uint8), (2**40, 2**40), "file")
