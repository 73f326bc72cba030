"""The digits data set: real images of scikit-learn, divided the same way on every machine."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import sparsetopo.datasets
from sparsetopo.datasets import DATASETS, prepare
from sparsetopo.errors import ConfigurationError, DataError, UnknownNameError


@pytest.fixture(scope="module")
def digits():
    return prepare("digits")


def rows(images, labels):
    """Sorted list of (label, pixels): the images as a multiset."""
    return sorted((int(y), x.tobytes()) for x, y in zip(images, labels, strict=True))


def test_the_two_parts_together_are_the_bundled_images(digits):
    bunch = load_digits()
    images = np.concatenate([digits.train_images, digits.test_images])
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    expected = bunch.images.astype(np.uint8)[:, None]
    assert np.array_equal(expected[:, 0], bunch.images)
    assert rows(images, labels) == rows(expected, bunch.target)
    assert images.min() == 0
    assert images.max() == 16


def test_shapes_and_sizes(digits):
    assert digits.input_shape == (1, 8, 8)
    assert digits.classes == 10
    assert len(digits.test_labels) == round(0.2 * 1797)
    assert len(digits.train_labels) == 1797 - round(0.2 * 1797)


def test_every_class_has_the_same_share_in_the_test_part(digits):
    whole = np.bincount(load_digits().target)
    assert np.all(np.abs(np.bincount(digits.test_labels) - 0.2 * whole) < 1)


def test_the_split_depends_on_its_seed_alone(digits):
    again = prepare("digits", {"split_seed": 0, "test_fraction": 0.2})
    other = prepare("digits", {"split_seed": 1})
    assert np.array_equal(again.test_images, digits.test_images)
    assert not np.array_equal(other.test_images, digits.test_images)
    assert len(other.test_labels) == len(digits.test_labels)


def test_the_split_is_the_same_in_every_release(digits):
    # Recorded: a change moves images between the parts and makes old results incomparable.
    assert digits.test_labels[:12].tolist() == [7, 7, 9, 4, 1, 3, 1, 2, 0, 3, 6, 6]
    assert float(digits.mean[0]) == pytest.approx(4.8869958275382475, abs=0)


def test_options_are_checked():
    with pytest.raises(ConfigurationError, match=r"'digits', option 'test_fraction': .*1\.5"):
        prepare("digits", {"test_fraction": 1.5})
    with pytest.raises(ConfigurationError, match="no such option; known options: test_fraction"):
        prepare("digits", {"fraction": 0.2})
    with pytest.raises(DataError, match="leaves class 0"):
        prepare("digits", {"test_fraction": 0.0005})


def test_unknown_data_set_names_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown data set 'mnist'; known: .*digits"):
        prepare("mnist")


def test_registry_reads_the_entry_without_importing_it():
    entry = DATASETS["digits"]
    assert entry.default_options() == {"test_fraction": 0.2, "split_seed": 0}
    code = (
        "import sys, sparsetopo.datasets as d; d.DATASETS['digits'];"
        "import sparsetopo.datasets.prepared;"
        "assert not {'torch', 'sklearn', 'torchvision', 'pandas'} & set(sys.modules)"
    )
    library = Path(sparsetopo.datasets.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(library)})
