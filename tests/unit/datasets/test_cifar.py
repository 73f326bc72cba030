"""CIFAR-10 and CIFAR-100 from the published files: real images, and every way a copy can be incomplete."""

import hashlib
import shutil
import tarfile

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, CIFAR100

from sparsetopo.datasets import DATASETS, DataFiles, prepare
from sparsetopo.datasets.cifar import prepare_cifar
from sparsetopo.errors import DataError
from sparsetopo.registry import literals


@pytest.fixture(scope="module")
def images(cifar_100_slice):
    """600 training and 100 test images of CIFAR-100 with labels, as {file name: (N, H, W, C), (N,)}."""
    arrays = np.load(cifar_100_slice)
    return {
        file: (arrays[f"{file}_x"][:count], arrays[f"{file}_y"][:count])
        for file, count in (("train", 600), ("test", 300))
    }


@pytest.fixture
def small(tmp_path, imgpack, images):
    """Those images in CIFAR-100's own format below `tmp_path`, and a reader that expects their MD5s."""
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for file, (pixels, labels) in images.items():
        record = {
            "filenames": [f"{index}.png" for index in range(len(labels))],
            "batch_label": file,
            "labels": labels.tolist(),
            "coarse_labels": [0] * len(labels),
        }
        (folder / file).write_bytes(imgpack.pickle_c100(pixels, record))
    # A pickle of {"fine_label_names": []}, protocol 0.
    (folder / "meta").write_bytes(b"(dp0\nVfine_label_names\np1\n(lp2\ns.")

    def md5(file):
        return hashlib.md5((folder / file).read_bytes()).hexdigest()

    archive = tmp_path / "cifar-100-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
        tar.add(__file__, arcname="cifar-100-python/file.txt~")

    small = type("Small", (CIFAR100,), {})
    small.url = "http://127.0.0.1:9/cifar-100-python.tar.gz"
    small.tgz_md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    small.train_list, small.test_list = [["train", md5("train")]], [["test", md5("test")]]
    small.meta = {"filename": "meta", "key": "fine_label_names", "md5": md5("meta")}
    return small


def offline(folder):
    return DataFiles(folder, download=False)


def require_equal(prepared, images):
    for part in ("train", "test"):
        pixels, labels = images[part]
        assert np.array_equal(getattr(prepared, f"{part}_images"), np.moveaxis(pixels, 3, 1))
        assert np.array_equal(getattr(prepared, f"{part}_labels"), labels)


def test_a_folder_that_is_there_is_used_offline(small, tmp_path, images):
    (tmp_path / "cifar-100-python.tar.gz").unlink()
    require_equal(prepare_cifar("slice", small, 100, offline(tmp_path)), images)


def test_an_archive_that_is_there_is_unpacked_offline(small, tmp_path, images):
    shutil.rmtree(tmp_path / "cifar-100-python")
    require_equal(prepare_cifar("slice", small, 100, offline(tmp_path)), images)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["cifar-100-python", "cifar-100-python.tar.gz"]
    # What the reader does not need stays in the archive.
    assert sorted(path.name for path in (tmp_path / "cifar-100-python").iterdir()) == [
        "meta",
        "test",
        "train",
    ]


def test_an_archive_without_a_file_leaves_no_folder(small, tmp_path):
    shutil.rmtree(tmp_path / "cifar-100-python")
    archive = tmp_path / "cifar-100-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(__file__, arcname="cifar-100-python/train")
    small.tgz_md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=r"tar\.gz: cannot be unpacked there: .*test"):
        prepare_cifar("slice", small, 100, offline(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


@pytest.mark.parametrize("file", ["train", "test", "meta"])
def test_a_damaged_or_missing_file_is_named(small, tmp_path, file):
    path = tmp_path / "cifar-100-python" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=f"cifar-100-python/{file}: does not have the published MD5"
    ):
        prepare_cifar("slice", small, 100, offline(tmp_path))
    path.unlink()
    with pytest.raises(DataError, match=f"cifar-100-python/{file}: is missing"):
        prepare_cifar("slice", small, 100, offline(tmp_path))


@pytest.mark.parametrize(
    ("name", "folder", "archive"),
    [
        ("CIFAR-10", "cifar-10-batches-py", "cifar-10-python.tar.gz"),
        ("CIFAR-100", "cifar-100-python", "cifar-100-python.tar.gz"),
    ],
)
def test_without_files_and_downloads_the_message_says_what_to_put_where(
    tmp_path, name, folder, archive
):
    with pytest.raises(DataError) as caught:
        prepare(name, files=offline(tmp_path))
    assert f"{tmp_path}: holds neither the folder '{folder}' nor '{archive}'" in str(caught.value)


@pytest.mark.slow
def test_the_whole_of_cifar_10(cifar_10_folder):
    prepared = prepare("CIFAR-10", files=offline(cifar_10_folder))
    reference = {
        part: CIFAR10(cifar_10_folder, train=part == "train", download=False)
        for part in ("train", "test")
    }
    require_equal(prepared, {part: (set_.data, set_.targets) for part, set_ in reference.items()})
    entry = literals(DATASETS["CIFAR-10"].path, {"INPUT_SHAPE", "CLASSES"})
    assert list(prepared.input_shape) == entry["INPUT_SHAPE"]
    assert prepared.classes == entry["CLASSES"]
    assert np.bincount(prepared.train_labels).tolist() == [5000] * 10
    assert np.bincount(prepared.test_labels).tolist() == [1000] * 10
    # The statistics in every recipe for CIFAR-10: (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616).
    assert np.array(prepared.mean) / 255 == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-5)
    assert np.array(prepared.std) / 255 == pytest.approx([0.2470, 0.2435, 0.2616], abs=5e-5)
