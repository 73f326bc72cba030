"""What is listed in the folders of classes: nothing hidden, no image twice, names that look alike, links."""

import os
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from sparsetopo.datasets import folders as folders_module
from sparsetopo.datasets import prepare
from sparsetopo.errors import DataError

NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


@pytest.fixture
def picture():
    random = np.random.default_rng(0)

    def save(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(path)
        return path

    return save


@pytest.fixture
def pets(tmp_path, picture):
    """Ten images of cats and ten of dogs."""
    for name in ("cat", "dog"):
        for index in range(10):
            picture(tmp_path / "pets" / name / f"{index}.png")
    return tmp_path / "pets"


def load(folder, **options):
    return prepare("own", {"folder": str(folder), **options}, source="image-folder")


def count(prepared):
    """Images of each class."""
    return np.bincount(np.concatenate([prepared.train_labels, prepared.test_labels])).tolist()


@pytest.mark.parametrize(
    "hidden",
    [
        ".ipynb_checkpoints/0-checkpoint.png",
        ".git/objects/0.png",
        ".thumbnails/normal/0.png",
        "@eaDir/0.png/SYNOPHOTO_THUMB_M.png",
        "__MACOSX/cat/0.png",
        "__MACOSX/cat/._0.png",
        "._0.png",
        ".0.png",
        "$RECYCLE.BIN/0.png",
        "#recycle/0.png",
    ],
)
@pytest.mark.parametrize("place", ["", "cat", "cat/below"])
def test_hidden_files_and_folders_are_not_read(pets, hidden, place):
    whole = load(pets, test_fraction=0.5)
    path = pets / place / hidden
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(pets / "cat" / "0.png", path)
    (pets / "cat" / "Thumbs.db").write_bytes(b"no image")
    (pets / "cat" / ".DS_Store").write_bytes(b"no image")
    prepared = load(pets, test_fraction=0.5)
    assert count(prepared) == [10, 10]
    assert np.array_equal(prepared.train_images, whole.train_images)


def test_images_with_a_suffix_that_is_not_read_are_named(pets, caplog):
    shutil.copy(pets / "cat" / "0.png", pets / "cat" / "0.GIF")
    (pets / "cat" / "notes.txt").write_text("no image")
    load(pets)
    assert f"{pets}/cat: 1 files .gif are not read" in caplog.text
    assert ".txt" not in caplog.text


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("cat/current", "."),
        ("cat/below/up", ".."),
        ("cat/again.png", "0.png"),
        ("cat/0-is-before-0.png", "0.png"),
        ("cat/0/again", "../below"),
    ],
)
def test_an_image_that_links_reach_twice_is_read_once(pets, picture, link, target):
    picture(pets / "cat" / "below" / "10.png")
    (pets / link).parent.mkdir(exist_ok=True)
    (pets / link).symlink_to(target)
    assert count(load(pets)) == [11, 10]


def test_a_link_to_itself_is_no_folder(pets):
    (pets / "cat" / "loop").symlink_to("loop")
    (pets / "loop").symlink_to("loop")
    assert count(load(pets)) == [10, 10]
    (pets / "cat" / "loop.png").symlink_to("loop.png")
    with pytest.raises(DataError, match=r"loop\.png: cannot be read \(Too many levels"):
        load(pets)


def test_an_unknown_user_in_the_path_is_no_traceback():
    with pytest.raises(DataError, match=r"~nobody-here/pets: there is no such folder"):
        load("~nobody-here/pets")


def test_links_to_folders_and_files_elsewhere_are_followed(pets, picture, tmp_path):
    for index in range(5):
        picture(tmp_path / "store" / f"{index}.png")
    (pets / "owl").symlink_to(tmp_path / "store", target_is_directory=True)
    (pets / "dog" / "linked.png").symlink_to(picture(tmp_path / "one.png"))
    assert count(load(pets)) == [10, 11, 5]


@pytest.mark.parametrize(
    ("link", "target"),
    [("latest", "cat"), ("all", "."), ("cat/up", ".."), ("dog/x.png", "../cat/1.png")],
)
def test_a_file_of_two_classes_is_refused(pets, link, target):
    (pets / link).symlink_to(target)
    with pytest.raises(DataError, match=r"is the same file as .*, which belongs to the class"):
        load(pets)


@pytest.mark.parametrize(
    ("link", "target"), [("test", "train"), ("test/dog/x.png", "../../train/dog/3.png")]
)
def test_a_file_of_both_parts_is_refused(tmp_path, pets, picture, link, target):
    root = tmp_path / "parts"
    root.mkdir()
    pets.rename(root / "train")
    if link != "test":
        picture(root / "test" / "cat" / "0.png")
        picture(root / "test" / "dog" / "0.png")
    (root / link).symlink_to(target)
    with pytest.raises(DataError, match=r"is the same file as .*train.* of the training part"):
        load(root)


def test_equal_images_of_both_parts_are_counted(tmp_path, pets, caplog):
    root = tmp_path / "parts"
    shutil.copytree(pets, root / "test")
    pets.rename(root / "train")
    shutil.copy(root / "train/cat/0.png", root / "test/cat/new.png")
    load(root)
    assert "21 of 21 test images are training images too" in caplog.text
    caplog.clear()
    shutil.rmtree(root / "test" / "dog")
    shutil.copytree(root / "train" / "dog", root / "test" / "dog")
    for index in range(1, 10):  # other pixels
        path = root / "train" / "dog" / f"{index}.png"
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    load(root)
    assert "12 of 21 test images" in caplog.text


def test_equal_images_in_one_folder_are_counted_after_the_split(pets, caplog):
    for index in range(10):
        shutil.copy(pets / "cat/0.png", pets / "cat" / f"copy_{index}.png")
    load(pets, test_fraction=0.5)
    assert "test images are training images too" in caplog.text


def test_unicode_forms_of_a_name_are_one_class(tmp_path, picture):
    for part, name in (("train", NFC), ("test", NFD)):
        for index in range(3):
            picture(tmp_path / part / name / f"{index}.png")
            picture(tmp_path / part / "zoo" / f"{index}.png")
            picture(tmp_path / part / "cage" / f"{index}.png")
    prepared = load(tmp_path)
    assert (prepared.classes, count(prepared)) == (3, [6, 6, 6])


@pytest.mark.parametrize("other", [NFD, "café ", "ca\u200bfé", "\u00a0café"])
def test_two_names_that_look_the_same_are_refused(tmp_path, picture, other):
    for name in (NFC, other, "tea"):
        picture(tmp_path / name / "0.png")
    with pytest.raises(DataError, match=r"two folders whose names look the same, .*'caf\\xe9'"):
        load(tmp_path)


def test_a_pipe_is_not_waited_for(pets):
    os.mkfifo(pets / "cat" / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png: is no file"):
        load(pets)


def test_a_folder_that_cannot_be_listed_is_named(pets, monkeypatch):
    real = os.scandir

    def refuse(path):
        if str(path).endswith("below"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    (pets / "cat" / "below").mkdir()
    monkeypatch.setattr(folders_module.os, "scandir", refuse)
    with pytest.raises(DataError, match=r"below: cannot be listed \(Permission denied\)"):
        load(pets)


def test_a_class_of_unreadable_images_is_named(pets):
    for path in (pets / "dog").iterdir():
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"dog/0\.png: is (not an image|a damaged image)"):
        load(pets)
