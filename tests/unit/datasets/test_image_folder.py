"""A user's image folder: against torchvision's ImageFolder, crops and resizing by hand, and what is refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from sparsetopo.datasets import prepare
from sparsetopo.datasets.folders import SUFFIXES
from sparsetopo.datasets.images import square
from sparsetopo.errors import ConfigurationError, DataError


def write(path, random, size=(12, 12), mode="RGB"):
    """An image of random pixels; JPEGs and WebPs lose some of them."""
    channels = {"RGB": (3,), "RGBA": (4,), "CMYK": (4,), "LA": (2,), "L": (), "1": ()}[mode]
    width, height = size
    pixels = random.integers(0, 256, (height, width, *channels), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels if mode != "1" else pixels > 127, mode=None)
    image.convert(mode).save(path)


def fill(folder, random, classes=("zebra", "Ape", "cat"), count=6, **settings):
    for name in classes:
        for index in range(count):
            write(folder / name / f"{name}_{index}.png", random, **settings)


@pytest.fixture
def random():
    return np.random.default_rng(3)


def of_torchvision(folder):
    """Images (N, C, H, W) and labels (N,) as torchvision's ImageFolder gives them."""
    reference = ImageFolder(folder)
    images = [np.asarray(image).transpose(2, 0, 1) for image, _ in reference]
    return np.array(images), np.array(reference.targets)


def load(folder, **options):
    return prepare("own", {"folder": str(folder), **options}, source="image-folder")


@pytest.mark.parametrize("test_folder", ["test", "val"])
def test_parts_equal_torchvisions(tmp_path, random, test_folder):
    for part in ("train", test_folder):
        fill(tmp_path / part, random)
        for index, suffix in enumerate(SUFFIXES):
            mode = {".pgm": "L"}.get(suffix, "RGB")
            write(tmp_path / part / "cat" / "below" / f"{index}{suffix.upper()}", random, mode=mode)
        for mode in ("RGBA", "LA", "L", "1"):
            write(tmp_path / part / "Ape" / f"{mode}.png", random, mode=mode)
        write(tmp_path / part / "Ape" / "CMYK.tif", random, mode="CMYK")
        Image.fromarray(random.integers(0, 256, (12, 12), dtype=np.uint8)).convert("P").save(
            tmp_path / part / "Ape" / "palette.png"
        )
        (tmp_path / part / "Ape" / "notes.txt").write_text("no image")
        (tmp_path / part / "licence.txt").write_text("no class")
    prepared = load(tmp_path)
    for part, images, labels in (
        ("train", prepared.train_images, prepared.train_labels),
        (test_folder, prepared.test_images, prepared.test_labels),
    ):
        expected_images, expected_labels = of_torchvision(tmp_path / part)
        assert np.array_equal(images, expected_images)
        assert np.array_equal(labels, expected_labels)
    assert len(prepared.train_images) == 3 * 6 + len(SUFFIXES) + 6
    assert (prepared.name, prepared.classes) == ("own", 3)


def test_test_is_preferred_to_val(tmp_path, random):
    for part in ("train", "test", "val"):
        fill(tmp_path / part, random)
    assert np.array_equal(load(tmp_path).test_images, of_torchvision(tmp_path / "test")[0])


def test_without_parts_a_share_is_set_aside(tmp_path, random):
    fill(tmp_path, random, count=10)
    write(tmp_path / ".thumbnails" / "hidden.png", random)
    one, again = load(tmp_path, test_fraction=0.3), load(tmp_path, test_fraction=0.3)
    other = load(tmp_path, test_fraction=0.3, split_seed=1)
    assert np.bincount(one.test_labels).tolist() == [3, 3, 3]
    assert np.array_equal(one.test_images, again.test_images)
    assert not np.array_equal(one.test_images, other.test_images)
    (tmp_path / ".thumbnails" / "hidden.png").unlink()
    (tmp_path / ".thumbnails").rmdir()
    images, labels = of_torchvision(tmp_path)
    both = [*zip(one.train_images, one.train_labels), *zip(one.test_images, one.test_labels)]  # noqa: B905
    found = sorted((int(label), image.tobytes()) for image, label in both)
    assert found == sorted(
        (int(label), image.tobytes()) for image, label in zip(images, labels, strict=True)
    )


def test_images_of_one_size_need_not_be_square(tmp_path, random):
    fill(tmp_path, random, size=(20, 10))
    assert load(tmp_path).input_shape == (3, 10, 20)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (17, 16), (16, 19), (40, 17)])
def test_larger_images_are_cropped_and_averaged(width, height, random):
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    result = np.asarray(square(Image.fromarray(pixels), 8))
    side = min(width, height)
    top, left = (height - side) // 2, (width - side) // 2
    crop = pixels[top : top + side, left : left + side].astype(float)
    if side == 16:
        expected = crop.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
        # Pillow rounds after each of the two axes: up to half a unit each.
        assert np.abs(result - expected).max() <= 1
    else:
        assert np.array_equal(
            result, Image.fromarray(crop.astype(np.uint8)).resize((8, 8), Image.Resampling.BOX)
        )


def test_smaller_images_are_interpolated_and_fitting_ones_kept(random):
    pixels = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    crop = Image.fromarray(np.ascontiguousarray(pixels[:, 1:6]))
    assert np.array_equal(square(Image.fromarray(pixels), 5), crop)
    bicubic = crop.resize((9, 9), Image.Resampling.BICUBIC)
    assert np.array_equal(square(Image.fromarray(pixels), 9), bicubic)


def test_a_size_brings_mixed_images_together(tmp_path, random):
    fill(tmp_path, random)
    write(tmp_path / "cat" / "cat_9.png", random, size=(30, 24))
    prepared = load(tmp_path, size=8, test_fraction=0.4)
    assert prepared.input_shape == (3, 8, 8)
    assert len(prepared.train_images) + len(prepared.test_images) == 19


def test_one_channel_is_the_luma(tmp_path, random):
    fill(tmp_path / "train", random)
    fill(tmp_path / "test", random)
    colour, grey = load(tmp_path), load(tmp_path, channels=1)
    assert grey.input_shape == (1, 12, 12)
    luma = np.tensordot([0.299, 0.587, 0.114], colour.train_images.astype(float), (0, 1))
    assert np.abs(grey.train_images[:, 0] - luma).max() < 1


def test_grey_images_get_three_equal_channels(tmp_path, random, caplog):
    fill(tmp_path, random, mode="L")
    prepared = load(tmp_path)
    assert prepared.input_shape == (3, 12, 12)
    assert np.ptp(prepared.train_images.astype(int), axis=1).max() == 0
    assert "all 18 images are grey: 'channels: 1' would" in caplog.text
    assert np.array_equal(load(tmp_path, channels=1).train_images, prepared.train_images[:, :1])


def test_a_missing_or_unsuitable_folder(tmp_path, random):
    with pytest.raises(DataError, match=r"nowhere: there is no such folder; the option 'folder'"):
        load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="at least two classes, and holds none"):
        load(tmp_path)
    write(tmp_path / "cat" / "1.png", random)
    with pytest.raises(DataError, match="at least two classes, and holds only 'cat'"):
        load(tmp_path)
    with pytest.raises(ConfigurationError, match="'own', option 'folder': is required and missing"):
        prepare("own", {}, source="image-folder")
    with pytest.raises(ConfigurationError, match="option 'channels': 2 is not one of"):
        load(tmp_path, channels=2)


def test_only_one_of_the_parts(tmp_path, random):
    fill(tmp_path / "train", random)
    with pytest.raises(DataError, match="has a folder 'train' but neither 'test' nor 'val'"):
        load(tmp_path)
    (tmp_path / "train").rename(tmp_path / "val")
    with pytest.raises(DataError, match="has a folder 'val' but no 'train'"):
        load(tmp_path)


def test_parts_with_other_classes(tmp_path, random):
    fill(tmp_path / "train", random)
    fill(tmp_path / "test", random, classes=("zebra", "Ape"))
    with pytest.raises(DataError, match=r"test: has no folder for the class 'cat', which .*train"):
        load(tmp_path)
    fill(tmp_path / "test", random, classes=("cat", "dog"))
    with pytest.raises(DataError, match=r"train: has no folder for the class 'dog', which .*test"):
        load(tmp_path)


def test_a_class_without_images(tmp_path, random):
    fill(tmp_path, random)
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "notes.txt").write_text("to come")
    with pytest.raises(DataError, match="dog: holds no image, so the class 'dog' is empty"):
        load(tmp_path)


def test_a_class_too_small_to_divide(tmp_path, random):
    fill(tmp_path, random)
    write(tmp_path / "dog" / "1.png", random)
    with pytest.raises(DataError, match=rf"{tmp_path}: a test fraction of 0\.2 leaves class 2"):
        load(tmp_path)


def test_mixed_sizes_are_named(tmp_path, random):
    fill(tmp_path, random)
    write(tmp_path / "cat" / "cat_3.png", random, size=(13, 12))
    with pytest.raises(
        DataError,
        match=r"cat_3\.png: is 13x12 pixels, but .*Ape_0\.png is 12x12; give the option 'size'",
    ):
        load(tmp_path)


def damaged_png(content):
    """A PNG whose pixels are cut off, with all chunks and checksums in place."""
    start = content.index(b"IDAT") - 4
    length = struct.unpack(">I", content[start : start + 4])[0]
    data = content[start + 8 : start + 8 + length // 2]
    chunk = b"IDAT" + data
    chunk = struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:start] + chunk + content[start + 12 + length :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no image",
        lambda content: content[: len(content) // 2],
        lambda content: content[:20],
        lambda content: content[:60] + bytes([content[60] ^ 1]) + content[61:],
        damaged_png,
    ],
)
def test_a_damaged_image_is_named(tmp_path, random, damage):
    fill(tmp_path, random)
    path = tmp_path / "cat" / "cat_2.png"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"cat_2\.png: is (not an image|a damaged image).* replace"):
        load(tmp_path)


def test_more_than_8_bits_are_refused(tmp_path, random):
    fill(tmp_path, random)
    pixels = random.integers(0, 2**16, (12, 12), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "cat" / "deep.png")
    with pytest.raises(DataError, match=r"deep\.png: has pixels of Pillow's mode 'I;16'"):
        load(tmp_path)


def test_a_link_that_leads_nowhere_is_named(tmp_path, random):
    fill(tmp_path, random)
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"gone\.png: cannot be read \(No such file"):
        load(tmp_path)
