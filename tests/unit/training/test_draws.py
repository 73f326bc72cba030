"""Data order and batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.training.draws import PADDING, batch_slices, draw_epoch

LABELS = ("digits", "Resnet-20", 0)


def test_an_epoch_sees_every_image_once():
    draws = draw_epoch(LABELS, 3, 101, augmented=True)
    assert sorted(draws.order) == list(range(101))
    assert draws.offsets.shape == (101, 2)
    assert draws.flips.shape == (101,)


def test_draws_depend_on_labels_and_epoch_alone():
    one, again = (draw_epoch(LABELS, 3, 50, augmented=True) for _ in range(2))
    assert np.array_equal(one.order, again.order)
    assert np.array_equal(one.offsets, again.offsets)
    assert np.array_equal(one.flips, again.flips)
    others = [
        draw_epoch(LABELS, 4, 50, augmented=True),
        draw_epoch(("digits", "Resnet-20", 1), 3, 50, augmented=True),
        draw_epoch(("digits", "Resnet-32", 0), 3, 50, augmented=True),
    ]
    assert not any(np.array_equal(one.order, other.order) for other in others)


def test_order_does_not_depend_on_augmentation():
    plain = draw_epoch(LABELS, 0, 50, augmented=False)
    assert np.array_equal(plain.order, draw_epoch(LABELS, 0, 50, augmented=True).order)
    assert plain.offsets is None
    assert plain.flips is None


def test_crop_offsets_and_flips_are_uniform():
    draws = draw_epoch(LABELS, 0, 81_000, augmented=True)
    cells = np.bincount(draws.offsets @ [2 * PADDING + 1, 1], minlength=81)
    # 81 cells of expectation 1000: chi-square of 80 degrees of freedom, mean 80, deviation 12.6.
    assert len(cells) == 81
    assert ((cells - 1000) ** 2 / 1000).sum() == pytest.approx(80, abs=5 * 12.6)
    assert draws.flips.mean() == pytest.approx(0.5, abs=5 * 0.5 / 81_000**0.5)
    # Flips are independent of the offsets: each row of offsets is flipped half of the time.
    rates = [draws.flips[draws.offsets[:, 0] == top].mean() for top in range(2 * PADDING + 1)]
    assert rates == pytest.approx([0.5] * 9, abs=5 * 0.5 / 9000**0.5)


@given(images=st.integers(1, 300), batch_size=st.integers(1, 130))
def test_batches_cover_all_images_in_order(images, batch_size):
    slices = list(batch_slices(images, batch_size))
    assert [i for part in slices for i in range(part.start, part.stop)] == list(range(images))
    sizes = [part.stop - part.start for part in slices]
    full, rest = divmod(images, batch_size)
    if rest == 1 and full and batch_size > 1:
        # Batch normalisation needs two values: a last image alone joins the batch before it.
        assert sizes == [batch_size] * (full - 1) + [batch_size + 1]
    else:
        assert sizes == [batch_size] * full + [rest] * (rest > 0)
