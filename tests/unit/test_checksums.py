"""Checksums of arrays: what they cover, and that the values in stored files stay valid."""

import numpy as np
import pytest

from sparsetopo.checksums import checksum


def test_covers_names_shapes_dtypes_and_values_but_not_order():
    a, b = np.arange(6.0), np.ones(2)
    reference = checksum({"a": a, "b": b})
    assert checksum({"b": b, "a": a}) == reference
    changed = [
        {"a": a, "c": b},
        {"a": a.reshape(2, 3), "b": b},
        {"a": a.astype(np.float32), "b": b},
        {"a": np.nextafter(a, 9), "b": b},
        {"a": a},
    ]
    assert len({reference, *map(checksum, changed)}) == len(changed) + 1


def test_covers_the_record_whatever_the_order_of_its_keys():
    arrays = {"a": np.arange(3)}
    reference = checksum(arrays, {"x": 1, "y": None})
    assert checksum(arrays, {"y": None, "x": 1}) == reference
    assert len({reference, checksum(arrays), checksum(arrays, {}), checksum(arrays, {"x": 1})}) == 4


def test_the_memory_layout_does_not_matter():
    array = np.random.default_rng(0).random((4, 3, 2))
    for same in (np.asfortranarray(array), array[::-1].copy()[::-1]):
        assert checksum({"a": same}) == checksum({"a": array})


@pytest.mark.parametrize(
    ("record", "value"),
    [
        (None, "ee216e0c413438c843a94212d26d21cf62beb32b326fe58863f97349effd2938"),
        (
            {"classes": 2, "mean": [0.5]},
            "b83bee636d9162954715554bb925fe78703452ce043098a0537074ebe793682e",
        ),
    ],
)
def test_values_are_pinned(record, value):
    """Files of masks, scores, data sets and checkpoints hold these sums."""
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "empty": np.zeros((0, 2))}
    assert checksum(arrays, record) == value
