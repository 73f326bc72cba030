"""Which folders are the training and the test part: in every spelling, nested, half there, or mixed up with classes."""

import logging

import numpy as np
import pytest
from PIL import Image

from sparsetopo.datasets import prepare
from sparsetopo.datasets.folder_parts import find_parts
from sparsetopo.errors import DataError


@pytest.fixture
def fill():
    """Put random images into a folder of each class."""
    random = np.random.default_rng(0)

    def put(folder, classes=("cat", "dog", "owl"), count=2):
        for name in classes:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for index in range(count):
                pixels = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{index}.png")

    return put


def load(folder, **options):
    return prepare("own", {"folder": str(folder), **options}, source="image-folder")


def sizes(prepared):
    return prepared.classes, len(prepared.train_labels), len(prepared.test_labels)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "valid"),
        ("Train", "Test"),
        ("TRAIN", "VAL"),
        ("Training", "Testing"),
        ("training", "Validation"),
        ("training_set", "test_set"),
        ("TrainSet", "TestSet"),
        ("trainset", "testset"),
        ("Train Data", "test-images"),
        ("seg_train", "seg_test"),
        ("train2017", "val2017"),
        ("flowers.train", "flowers.eval"),
        ("my_train_2020", "my_dev_2020"),
        ("segtrain", "segtest"),
        ("XTraining", "XValidation"),
    ],
)
def test_parts_are_known_in_every_spelling(tmp_path, fill, train, test):
    fill(tmp_path / train, count=3)
    fill(tmp_path / test)
    assert sizes(load(tmp_path)) == (3, 9, 6)


@pytest.mark.parametrize(
    "place",
    [
        "imagenet/{}",  # the data set in a folder of its own
        "archive/data/{}",
        "seg_{0}/seg_{0}",  # as archives of Kaggle unpack
        "flowers/{0}/{0}",
    ],
)
def test_parts_are_found_in_folders_that_hold_nothing_else(tmp_path, fill, place):
    (tmp_path / "__MACOSX").mkdir()
    fill(tmp_path / place.format("train"), count=3)
    fill(tmp_path / place.format("test"))
    assert sizes(load(tmp_path)) == (3, 9, 6)


@pytest.mark.parametrize(
    "names",
    [
        ("train", "tram"),
        ("Training", "running"),
        ("test", "field"),
        ("Testing", "production"),
        ("seg_train", "seg_pred"),
        ("my_train", "my_test_2"),
        ("train_2020", "test_2021"),
    ],
)
def test_half_of_the_parts_is_refused(tmp_path, fill, names):
    for name in names:
        fill(tmp_path / name)
    with pytest.raises(DataError, match=rf"{tmp_path}: .*'{names[0]}'") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [("train", "Train"), ("training", "train_set")])
def test_two_training_parts_are_refused(tmp_path, fill, names):
    for name in (*names, "test"):
        fill(tmp_path / name)
    with pytest.raises(DataError, match=r"the folders .* and .* may both be the training part"):
        load(tmp_path)


def test_two_data_sets_in_one_folder_are_refused(tmp_path, fill):
    for name in ("a_train", "a_test", "b_train", "b_test"):
        fill(tmp_path / name)
    with pytest.raises(DataError, match="which two belong together is not clear"):
        load(tmp_path)


def test_two_data_sets_side_by_side_are_no_classes(tmp_path, fill):
    for name in ("first", "second"):
        fill(tmp_path / name / "Train")
        fill(tmp_path / name / "Test")
    with pytest.raises(DataError, match=r"first: holds a training and a test part"):
        load(tmp_path)


def test_parts_below_the_classes_are_refused(tmp_path, fill):
    for name in ("cat", "dog"):
        fill(tmp_path / name, classes=("training", "validation"))
    with pytest.raises(DataError, match=r"cat: holds a training and a test part.*below 'train'"):
        load(tmp_path)


def test_flat_parts_are_refused(tmp_path, fill):
    fill(tmp_path, classes=("Training", "Testing"))
    with pytest.raises(DataError, match=r"Training: must hold one folder .*, and holds none"):
        load(tmp_path)


def test_a_class_may_be_called_like_a_part(tmp_path, fill):
    fill(tmp_path, classes=("valid", "invalid"), count=5)
    fill(
        tmp_path, classes=("train_station", "dev_board", "test tube", "retest", "trained"), count=5
    )
    (tmp_path / "test tube").rename(tmp_path / "tube")
    assert sizes(load(tmp_path)) == (7, 28, 7)


def test_test_is_preferred_and_what_is_not_read_is_named(tmp_path, fill, caplog):
    for name in ("train", "test", "Validation", "seg_pred"):
        fill(tmp_path / name)
    fill(tmp_path, classes=("",), count=3)
    load(tmp_path)
    assert f"{tmp_path}/Validation: is neither 'train' nor 'test' and is not read" in caplog.text
    assert f"{tmp_path}/seg_pred: is neither" in caplog.text
    assert "3 images lie beside the folders" in caplog.text
    assert find_parts(tmp_path).test == tmp_path / "test"


def test_a_lone_folder_of_classes_is_named(tmp_path, fill):
    fill(tmp_path / "animals")
    with pytest.raises(DataError, match=r"holds only 'animals'; if that .*, give .*/animals\."):
        load(tmp_path)
    assert sizes(load(tmp_path / "animals", test_fraction=0.5)) == (3, 3, 3)


def test_the_layout_is_told_in_the_log(tmp_path, fill, caplog):
    fill(tmp_path / "Train")
    fill(tmp_path / "Test")
    with caplog.at_level(logging.INFO):
        load(tmp_path)
    assert "labels 0 to 2 are the classes cat, dog, owl" in caplog.text
