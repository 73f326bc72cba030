"""Tiny-ImageNet from a small tree of the published layout, made by hand, as a folder and as a zip."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from sparsetopo.datasets import DataFiles, prepare
from sparsetopo.datasets.entries import tiny_imagenet
from sparsetopo.errors import DataError

# As in the published wnids.txt, not sorted: labels follow the sorted ids.
WORDNET_IDS = ["n03", "n01", "n02"]
TRAIN_A_CLASS, TEST = 4, 5
GREY = "train/n02/images/n02_1.JPEG"


def jpeg(path, random, mode="RGB", size=(64, 64)):
    """Write a JPEG of smooth random content, so that the compression leaves some of it."""
    shape = (8, 8, 3) if mode == "RGB" else (8, 8)
    small = Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    small.resize(size, Image.Resampling.BICUBIC).save(path, "JPEG", quality=90)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Folder with tiny-imagenet-200: 3 classes, one grey image."""
    root = tmp_path / "tiny-imagenet-200"
    random = np.random.default_rng(5)
    for wordnet_id in WORDNET_IDS:
        for index in range(TRAIN_A_CLASS):
            path = root / f"train/{wordnet_id}/images/{wordnet_id}_{index}.JPEG"
            jpeg(path, random, mode="L" if str(path).endswith(GREY) else "RGB")
        (root / f"train/{wordnet_id}/{wordnet_id}_boxes.txt").write_text("n01_0.JPEG\t0\t0\t9\t9\n")
    lines = []
    for index in range(TEST):
        jpeg(root / f"val/images/val_{index}.JPEG", random)
        lines.append(f"val_{index}.JPEG\t{WORDNET_IDS[index % 3]}\t0\t32\t44\t62\n")
    (root / "val/val_annotations.txt").write_text("".join(lines))
    jpeg(root / "test/images/test_0.JPEG", random)
    (root / "wnids.txt").write_text("\n".join(WORDNET_IDS) + "\n")
    (root / "words.txt").write_text("n01\tfish\n")
    monkeypatch.setattr(tiny_imagenet, "_PUBLISHED", tiny_imagenet.Counts(3, TRAIN_A_CLASS, TEST))
    return DataFiles(tmp_path, download=False)


@pytest.fixture
def zipped(files, tmp_path, monkeypatch):
    """The same tree in tiny-imagenet-200.zip, and no folder."""
    root, archive = tmp_path / "tiny-imagenet-200", tmp_path / "tiny-imagenet-200.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in root.rglob("*"):
            target.write(path, path.relative_to(tmp_path))
    root.rename(tmp_path / "unpacked")
    accept(monkeypatch, archive)
    return files


def accept(monkeypatch, archive):
    """Take the archive for the published one."""
    published = tiny_imagenet._ARCHIVE
    changed = type(published)(
        published.url,
        published.filename,
        hashlib.md5(archive.read_bytes()).hexdigest(),
        published.unpacked,
    )
    monkeypatch.setattr(tiny_imagenet, "_ARCHIVE", changed)


def boxed(path):
    """Means over 2x2 boxes of a decoded file, uint8 (3, 32, 32).

    Pillow's BOX averages along rows, then along columns, and rounds half up each time.
    """
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    pixels = (pixels[:, 0::2] + pixels[:, 1::2] + 1) // 2
    pixels = (pixels[0::2] + pixels[1::2] + 1) // 2
    return pixels.transpose(2, 0, 1)


def require_expected(prepared, root):
    train = [
        root / f"train/{wordnet_id}/images/{wordnet_id}_{index}.JPEG"
        for wordnet_id in sorted(WORDNET_IDS)
        for index in range(TRAIN_A_CLASS)
    ]
    test = [root / f"val/images/val_{index}.JPEG" for index in range(TEST)]
    assert np.array_equal(prepared.train_images, [boxed(path) for path in train])
    assert np.array_equal(prepared.test_images, [boxed(path) for path in test])
    assert prepared.train_labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert prepared.test_labels.tolist() == [2, 0, 1, 2, 0]
    assert (prepared.name, prepared.classes) == ("Tiny-ImageNet", 3)


def test_from_the_folder(files, tmp_path):
    prepared = prepare("Tiny-ImageNet", files=files)
    require_expected(prepared, tmp_path / "tiny-imagenet-200")
    # The grey file, and only that one, has three equal channels.
    equal = [np.ptp(image.astype(int), axis=0).max() == 0 for image in prepared.train_images]
    assert np.flatnonzero(equal).tolist() == [1 * TRAIN_A_CLASS + 1]


def test_from_the_zip_without_unpacking(zipped, tmp_path):
    require_expected(prepare("Tiny-ImageNet", files=zipped), tmp_path / "unpacked")
    assert not (tmp_path / "tiny-imagenet-200").exists()


def test_another_zip_than_the_published_one_is_refused(zipped, tmp_path):
    with open(tmp_path / "tiny-imagenet-200.zip", "ab") as archive:
        archive.write(b"x")
    with pytest.raises(DataError, match=r"tiny-imagenet-200\.zip: has MD5 .* damaged"):
        prepare("Tiny-ImageNet", files=zipped)


def test_a_damaged_member_is_named(zipped, tmp_path, monkeypatch):
    archive = tmp_path / "tiny-imagenet-200.zip"
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        place = source.getinfo("tiny-imagenet-200/val/images/val_3.JPEG").header_offset
    content[place + 300] ^= 1
    archive.write_bytes(content)
    accept(monkeypatch, archive)
    with pytest.raises(
        DataError, match=r"zip:tiny-imagenet-200/val/images/val_3\.JPEG: cannot be read \(Bad CRC"
    ):
        prepare("Tiny-ImageNet", files=zipped)


def test_a_file_that_is_no_zip(zipped, tmp_path, monkeypatch):
    archive = tmp_path / "tiny-imagenet-200.zip"
    archive.write_bytes(b"<html>moved</html>")
    accept(monkeypatch, archive)
    with pytest.raises(DataError, match="is not a readable zip archive"):
        prepare("Tiny-ImageNet", files=zipped)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda root: (root / GREY).unlink(), "train/n02/images: has 3 images, but the published data set has 4"),
        (
            lambda root: (root / GREY).write_bytes(b"x" * 500),
            r"n02_1\.JPEG: is not an image in a known format",
        ),
        (
            lambda root: (root / GREY).write_bytes((root / GREY).read_bytes()[:600]),
            r"n02_1\.JPEG: is a damaged image \(.*truncated",
        ),
        (
            lambda root: jpeg(root / GREY, np.random.default_rng(0), size=(64, 63)),
            r"n02_1\.JPEG: is 64x63 pixels, but the published image has 64x64",
        ),
        (lambda root: (root / "wnids.txt").write_text("n01\nn02\n"), "wnids.txt: has 2 classes"),
        (lambda root: (root / "wnids.txt").unlink(), "wnids.txt: cannot be read .* incomplete"),
        (
            lambda root: (root / "val/val_annotations.txt").write_text("val_0.JPEG\tn01\n"),
            "val_annotations.txt: has 1 images, but the published data set has 5",
        ),
        (
            lambda root: (root / "val/val_annotations.txt").write_text("a.JPEG\tn01\nb.JPEG\tn9\n"),
            r"line 2 gives 'b\.JPEG' the class 'n9', which wnids\.txt lacks",
        ),
        (
            lambda root: (root / "val/images/val_2.JPEG").unlink(),
            r"val_2\.JPEG: cannot be read .* delete it and run again",
        ),
    ],
)  # fmt: skip
def test_an_incomplete_or_damaged_copy_is_named(files, tmp_path, damage, sentence):
    damage(tmp_path / "tiny-imagenet-200")
    with pytest.raises(DataError, match=sentence):
        prepare("Tiny-ImageNet", files=files)


def test_without_files_and_downloads_the_message_says_what_to_put_where(tmp_path):
    with pytest.raises(
        DataError,
        match=r"holds neither the folder 'tiny-imagenet-200' nor 'tiny-imagenet-200\.zip', and downloading is off",
    ):
        prepare("Tiny-ImageNet", files=DataFiles(tmp_path, download=False))


def test_the_published_counts():
    # 200 classes, 500 training images each, 50 validation images each (the course's description).
    assert tiny_imagenet.Counts() == tiny_imagenet.Counts(200, 500, 10_000)
