"""Prepared data sets: statistics, files, and what is refused."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.datasets import statistics as _statistics
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import write_tensors


def make(seed=0, train=30, test=11, shape=(3, 6, 5), classes=4):
    random = np.random.default_rng(seed)

    def part(count):
        images = random.integers(0, 256, (count, *shape), dtype=np.uint8)
        return images, random.integers(0, classes, count)

    return PreparedDataset.from_arrays("random", part(train), part(test), classes)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 999),
    count=st.integers(1, 40),
    channels=st.integers(1, 4),
    high=st.integers(2, 256),
    chunk=st.integers(1, 50),
)
def test_statistics_equal_numpys(seed, count, channels, high, chunk):
    random = np.random.default_rng(seed)
    images = random.integers(0, high, (count, channels, 3, 4), dtype=np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_statistics, "_CHUNK", chunk)
        mean, std = _statistics.channel_statistics(images)
    assert mean == pytest.approx(images.mean(axis=(0, 2, 3), dtype=np.float64), rel=1e-13)
    assert std == pytest.approx(images.std(axis=(0, 2, 3), dtype=np.float64), rel=1e-12)


def test_normalised_images_have_mean_0_and_deviation_1():
    dataset = make(train=400)
    train = dataset.normalised("train")
    assert train.dtype == np.float32
    assert train.mean(axis=(0, 2, 3)) == pytest.approx([0, 0, 0], abs=1e-5)
    assert train.std(axis=(0, 2, 3)) == pytest.approx([1, 1, 1], abs=1e-5)
    mean, std = np.array(dataset.mean), np.array(dataset.std)
    expected = (dataset.test_images - mean[:, None, None]) / std[:, None, None]
    assert np.abs(dataset.normalised("test") - expected).max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), count=st.integers(0, 50), part=st.sampled_from(["train", "test"]))
def test_a_sample_has_the_bits_of_the_whole(seed, count, part):
    dataset = make(seed)
    size = len(dataset.arrays[f"{part}_labels"])
    indices = np.random.default_rng(seed).integers(0, size, count)
    sample = dataset.sample(part, indices)
    assert sample.dtype == np.float32
    assert sample.tobytes() == dataset.normalised(part)[indices].tobytes()


def test_a_sample_takes_the_memory_of_its_images_only():
    dataset = make(train=20_000, shape=(3, 16, 16))
    tracemalloc.start()
    sample = dataset.sample("train", np.arange(0, 20_000, 200))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The sample in float32 and once in uint8; the whole part would take 200 times as much.
    assert peak < 1.5 * sample.nbytes + 10_000


def test_a_saved_data_set_comes_back_bit_for_bit(tmp_path):
    dataset = make()
    dataset.save(tmp_path / "data.safetensors", {"name": "random"})
    loaded = PreparedDataset.load(tmp_path / "data.safetensors")
    for name, array in dataset.arrays.items():
        assert np.array_equal(loaded.arrays[name], array)
        assert loaded.arrays[name].dtype == array.dtype
    assert (loaded.name, loaded.classes) == ("random", 4)
    assert (loaded.mean, loaded.std) == (dataset.mean, dataset.std)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_one_changed_bit_is_found(tmp_path, place):
    path = tmp_path / "data.safetensors"
    make().save(path, {})
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"data\.safetensors"):
        PreparedDataset.load(path)


def test_a_changed_mean_in_the_header_is_found(tmp_path):
    path = tmp_path / "data.safetensors"
    dataset = make()
    dataset.save(path, {})
    content = path.read_bytes()
    digits = repr(dataset.mean[0]).encode()
    assert content.count(digits) == 1
    changed = digits[:-1] + (b"1" if digits[-1:] != b"1" else b"2")
    path.write_bytes(content.replace(digits, changed))
    with pytest.raises(FileFormatError, match=r"do not match the SHA-256 .* damaged"):
        PreparedDataset.load(path)


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_truncated_file_is_found(tmp_path, kept):
    path = tmp_path / "data.safetensors"
    make().save(path, {})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match="truncated or foreign"):
        PreparedDataset.load(path)


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "mask.safetensors"
    write_tensors(path, {"a": np.zeros(3)}, {"kind": "mask"})
    with pytest.raises(FileFormatError, match="holds 'mask', not a 'prepared data set'"):
        PreparedDataset.load(path)


def changed(**values):
    """Arguments of a valid data set, some replaced."""
    dataset = make()
    arguments = {name: getattr(dataset, name) for name in ("name", "classes", "mean", "std")}
    return arguments | dataset.arrays | values


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"train_images": np.zeros((30, 3, 6, 5))}, "train part: images are float64"),
        ({"train_images": np.zeros((30, 6, 5), np.uint8)}, r"uint8 of shape \(30, 6, 5\)"),
        ({"test_images": np.zeros((11, 3, 5, 5), np.uint8)}, "test images .*must be equal"),
        ({"test_labels": np.zeros(10, np.int64)}, r"test part: labels are int64 of shape \(10,\)"),
        ({"train_labels": np.zeros(30, np.int32)}, "train part: labels are int32"),
        ({"classes": 3}, r"labels run from 0 to 3; with 3 classes they must lie in 0\.\.2"),
        ({"mean": (1.0,)}, "1 means and 3 standard deviations for images of 3 channels"),
        ({"std": (1.0, 0.0, 1.0)}, "channel 1 has standard deviation 0.0"),
    ],
)
def test_what_does_not_fit_together_is_refused(values, sentence):
    with pytest.raises(DataError, match=sentence):
        PreparedDataset(**changed(**values))


def test_images_that_are_all_equal_are_refused():
    part = (np.full((4, 1, 2, 2), 7, np.uint8), np.array([0, 1, 0, 1]))
    with pytest.raises(DataError, match=r"channel 0 has standard deviation 0\.0"):
        PreparedDataset.from_arrays("flat", part, part, 2)
