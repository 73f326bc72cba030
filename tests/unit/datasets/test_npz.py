"""A user's arrays: the real packs as they come, every layout, and what is refused."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.datasets import prepare
from sparsetopo.datasets.layout import channels_first, find_layout
from sparsetopo.errors import ConfigurationError, DataError


def load(path, name="own", **options):
    return prepare(name, {"file": str(path), **options}, source="npz")


def arrays(test="test", shape=(5, 6, 3), **changes):
    """Arrays of a valid file with 3 classes, some replaced; None: left out."""
    random = np.random.default_rng(0)
    values = {
        "train_x": random.integers(0, 256, (9, *shape), dtype=np.uint8),
        "train_y": np.arange(9) % 3,
        f"{test}_x": random.integers(0, 256, (4, *shape), dtype=np.uint8),
        f"{test}_y": np.arange(4) % 3,
    } | changes
    return {name: value for name, value in values.items() if value is not None}


@pytest.fixture
def saved(tmp_path):
    def save(**values):
        path = tmp_path / "own.npz"
        np.savez(path, **values)
        return path

    return save


def test_the_slice_of_cifar_100_as_it_comes(cifar_100_slice):
    prepared = load(cifar_100_slice, "CIFAR-100")
    source = np.load(cifar_100_slice)
    assert np.array_equal(prepared.train_images, np.moveaxis(source["train_x"], 3, 1))
    assert np.array_equal(prepared.test_images, np.moveaxis(source["test_x"], 3, 1))
    assert np.array_equal(prepared.train_labels, source["train_y"])
    assert np.array_equal(prepared.test_labels, source["test_y"])
    assert (prepared.name, prepared.classes) == ("CIFAR-100", 100)
    assert np.bincount(prepared.train_labels).tolist() == [50] * 100
    # 5,000 of 50,000 images: near the mean of the whole, (0.5071, 0.4865, 0.4409).
    assert np.array(prepared.mean) / 255 == pytest.approx([0.5071, 0.4865, 0.4409], abs=0.01)


def test_the_slice_of_tiny_imagenet_as_it_comes(tiny_imagenet_slice):
    prepared = load(tiny_imagenet_slice, "Tiny-ImageNet")
    source = np.load(tiny_imagenet_slice)
    assert np.array_equal(prepared.test_images, np.moveaxis(source["val_x"], 3, 1))
    assert np.array_equal(prepared.test_labels, source["val_y"])
    assert prepared.classes == 200
    assert np.bincount(prepared.train_labels).tolist() == [30] * 200
    assert np.bincount(prepared.test_labels).tolist() == [10] * 200


@pytest.mark.parametrize(
    ("layout", "channels", "is_told"),
    [("NHW", 1, True)]
    + [(layout, channels, channels != 2) for layout in ("NHWC", "NCHW") for channels in (1, 2, 3)],
)
def test_layouts(saved, layout, channels, is_told):
    random = np.random.default_rng(1)
    wanted = random.integers(0, 256, (9, channels, 5, 6), dtype=np.uint8)
    stored = {"NHWC": np.moveaxis(wanted, 1, 3), "NCHW": wanted, "NHW": wanted[:, 0]}[layout]
    path = saved(**arrays(train_x=stored, test_x=stored[:4]))
    for given_layout in [layout, "auto"] if is_told else [layout]:
        prepared = load(path, layout=given_layout)
        assert np.array_equal(prepared.train_images, wanted)
        assert np.array_equal(prepared.test_images, wanted[:4])


@given(st.tuples(*[st.integers(1, 5)] * 4), st.sampled_from(["NHWC", "NCHW", "auto"]))
def test_channels_are_where_the_layout_says(shape, layout):
    images = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    may_be = {"NCHW": shape[1] in (1, 3), "NHWC": shape[3] in (1, 3)}
    if layout == "auto" and may_be["NCHW"] == may_be["NHWC"]:
        with pytest.raises(DataError, match="give the option 'layout'"):
            find_layout("x", shape, layout)
        return
    found = find_layout("x", shape, layout)
    if layout == "auto":
        assert may_be[found]
    expected = images if found == "NCHW" else np.moveaxis(images, 3, 1)
    assert np.array_equal(channels_first("x", images, found), expected)


def test_the_number_of_classes(saved):
    assert load(saved(**arrays())).classes == 3
    assert load(saved(**arrays(classes=np.array(["a", "b", "c"])))).classes == 3
    assert load(saved(**arrays()), classes=3).classes == 3
    with pytest.raises(
        DataError, match="1 of 4 classes have no image in 'train_x', the first is 3"
    ):
        load(saved(**arrays()), classes=4)
    with pytest.raises(DataError, match=r"'train_y' run from 0 to 2; with 2 classes .* in 0\.\.1"):
        load(saved(**arrays(classes=np.array(["a", "b"]))))


def test_test_is_preferred_to_val(saved):
    values = arrays("val") | arrays()
    values["val_x"] = values["val_x"] // 2
    assert np.array_equal(load(saved(**values)).test_images, np.moveaxis(values["test_x"], 3, 1))


UINT8_9 = np.zeros((9, 5, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"test_x": np.uint8(3)}, "'test_x' is a single value; images must have 3 axes or 4"),
        ({"train_x": None}, "there is no array 'train_x'; it must hold .* and holds train_y, test_x"),
        ({"test_x": None}, "there is no array 'test_x'"),
        ({"test_y": None}, "there is no array 'test_y'"),
        ({"train_x": UINT8_9.astype(np.float32)}, "'train_x' is float32; images must be uint8"),
        ({"train_x": UINT8_9.astype(np.int64)}, "'train_x' is int64; images must be uint8"),
        ({"train_x": np.array([{}] * 9)}, "'train_x' cannot be read .*allow_pickle=False"),
        ({"train_x": UINT8_9[:0], "train_y": np.zeros(0, int)}, "has 0 images and 'train_y' 0 labels"),
        ({"train_x": UINT8_9[:8]}, "'train_x' has 8 images and 'train_y' 9 labels"),
        ({"test_y": np.zeros(5, int)}, "'test_x' has 4 images and 'test_y' 5 labels"),
        ({"train_y": np.zeros(9)}, r"'train_y' is float64 of shape \(9,\); labels must be integers"),
        ({"train_y": np.zeros((9, 1), int)}, r"'train_y' is int64 of shape \(9, 1\)"),
        ({"train_y": np.arange(9) % 3 - 1}, "'train_y' run from -1 to 1; with 3 classes"),
        ({"test_y": np.array([0, 1, 2, 5])}, "3 of 6 classes have no image in 'train_x', the first is 3"),
        ({"train_y": np.array([0, 2] * 4 + [0])}, "1 of 3 classes .* the first is 1"),
        ({"test_y": np.array([0, 1, 2, 10**15])}, "the first is 3"),
        ({"test_y": np.array([0, 1, 2, 2**64 - 1], np.uint64)}, "the first is 3"),
        ({"train_y": np.zeros(9, int), "test_y": np.zeros(4, int)}, "all labels are 0"),
        ({"train_x": UINT8_9.reshape(9, -1)}, r"'train_x' has shape \(9, 90\); images must have 3 axes"),
        ({"train_x": np.zeros((9, 5, 6, 2), np.uint8)}, "neither the second nor the last axis"),
        ({"train_x": np.zeros((9, 3, 6, 3), np.uint8)}, "both the second and the last axis"),
        # Grey test images where three channels are needed.
        ({"test_x": np.zeros((4, 5, 6), np.uint8)}, "'test_x' has shape .* 3 axes; with the layout NHWC"),
        ({"test_x": np.zeros((4, 5, 6, 1), np.uint8)}, r"'train_x' have .* \(3, 5, 6\), those of 'test_x' \(1, 5, 6\)"),
        ({"test_x": np.zeros((4, 6, 6, 3), np.uint8)}, r"those of 'test_x' \(3, 6, 6\) \(layout NHWC\)"),
        ({"train_x": UINT8_9}, "channel 0 has standard deviation"),
    ],
)  # fmt: skip
def test_unsuitable_arrays_are_refused(saved, changes, sentence):
    with pytest.raises(DataError, match=sentence):
        load(saved(**arrays(**changes)))


def test_test_images_that_are_trained_on_are_counted(saved, caplog):
    values = arrays()
    values["test_x"][1] = values["train_x"][5]
    load(saved(**values))
    assert "1 of 4 test images are training images too" in caplog.text
    assert "the first is test image 1" in caplog.text


def test_a_layout_that_does_not_fit(saved):
    with pytest.raises(DataError, match=r"'train_x' has shape \(9, 5, 6, 3\), which has 4 axes"):
        load(saved(**arrays()), layout="NHW")


def test_labels_of_one_class_do_not_hide_what_is_wrong_with_the_images(saved):
    same = {"train_y": np.zeros(9, int), "test_y": np.zeros(4, int)}
    with pytest.raises(DataError, match="all labels are 0"):
        load(saved(**arrays(**same)))
    other_size = np.zeros((4, 5, 7, 3), np.uint8)
    with pytest.raises(DataError, match=r"they must be equal"):
        load(saved(**arrays(**same, test_x=other_size)))


def test_files_that_are_none(tmp_path, saved):
    with pytest.raises(DataError, match=r"none\.npz: there is no such file; the option 'file'"):
        load(tmp_path / "none.npz")
    path = tmp_path / "text.npz"
    for content in (b"", b"not an archive", b"\x93NUMPY" + b"x" * 9, b"PK\x03\x04" + b"x" * 99):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"text\.npz: is not a readable \.npz file"):
            load(path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"one\.npy: holds a single array"):
        load(tmp_path / "one.npy")
    with pytest.raises(ConfigurationError, match="'own', option 'file': is required and missing"):
        prepare("own", {}, source="npz")


def test_a_truncated_and_a_damaged_file(saved):
    path = saved(**arrays())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"own\.npz: is not a readable \.npz file"):
        load(path)
    with zipfile.ZipFile(saved(**arrays())) as archive:
        place = archive.getinfo("test_x.npy").header_offset
    content = bytearray(content)
    content[place + 300] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"own\.npz: the array 'test_x' cannot be read \(Bad CRC"):
        load(path)
