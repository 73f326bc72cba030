"""Scores: masks of every sparsity from one scoring, bit for bit; files; errors."""

import numpy as np
import pytest
import torch

from sparsetopo.errors import FileFormatError, MaskError, SparsetopoError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.pruning import ALGORITHMS, Mask, Scores, is_single_shot, prune, score

SINGLE_SHOT = sorted(name for name in ALGORITHMS if is_single_shot(name))
LABELS = ("some data", "some network")


def test_which_algorithms_are_single_shot():
    assert SINGLE_SHOT == ["grasp", "prospr", "snip"]


@pytest.mark.parametrize("algorithm", SINGLE_SHOT)
@pytest.mark.parametrize("shuffle", ["none", "layer"])
def test_masks_are_those_of_prune(algorithm, shuffle, small_network, small_data, tmp_path):
    arguments = {"seed": 3, "stream_labels": LABELS}
    scores = score(small_network, algorithm, small_data, **arguments)
    scores.save(tmp_path / "scores.safetensors")
    loaded = Scores.load(tmp_path / "scores.safetensors")
    for sparsity in ("0.6", "0.90", 0.98):
        pruned = prune(small_network, algorithm, sparsity, small_data, shuffle=shuffle, **arguments)
        for mask in (
            scores.mask(sparsity, shuffle=shuffle),
            loaded.mask(sparsity, shuffle=shuffle),
        ):
            assert mask == pruned
            assert mask.record() == pruned.record()
        pruned.save(tmp_path / "a")
        loaded.mask(sparsity, shuffle=shuffle).save(tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - set(SINGLE_SHOT)))
def test_others_have_no_scores(algorithm, small_network, small_data):
    with pytest.raises(SparsetopoError, match=f"{algorithm} has no scores.*grasp, prospr, snip"):
        score(small_network, algorithm, small_data)


@pytest.mark.parametrize("sparsity", [0, 1, "abc", None])
def test_wrong_sparsity(sparsity):
    scores = Scores({"a": np.arange(4.0)}, algorithm="given")
    with pytest.raises(SparsetopoError, match="between 0 and 1"):
        scores.mask(sparsity)


def test_the_largest_scores_are_kept():
    scores = Scores({"a": np.array([3.0, -1.0]), "b": np.array([[2.0, 9.0]])}, algorithm="given")
    assert scores.mask(0.5) == Mask({"a": np.array([True, False]), "b": np.array([[False, True]])})


class CountingSource:
    """Images made when asked for, as a prepared data set gives them; remembers what was asked."""

    def __init__(self, images, labels):
        self._images = images.float().numpy()
        self.labels = labels.numpy()
        self.input_shape = self._images.shape[1:]
        self.asked = 0

    def sample(self, indices):
        self.asked += len(indices)
        return self._images[indices]


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_images_on_request_give_the_same_mask(algorithm, small_network, small_data):
    images, labels = small_data
    source = CountingSource(images, labels)
    options = {"batch_size": 5} if algorithm in ("snip", "prospr") else {}
    small_network.float()
    expected = prune(small_network, algorithm, "0.7", (images.float(), labels), **options)
    assert prune(small_network, algorithm, "0.7", source, **options) == expected
    asked = {"snip": 5, "grasp": 48, "prospr": 5 * (3 + 1 + 3)}  # Hessian products ask again
    assert source.asked == asked.get(algorithm, 0)


def test_what_gives_no_images_is_refused(small_network):
    with pytest.raises(SparsetopoError, match=r"pair.*sample\(indices\), got dict"):
        prune(small_network, "snip", 0.5, {"images": 1})


def test_files_of_other_kinds_and_damaged_ones(small_network, small_data, tmp_path):
    path = tmp_path / "scores.safetensors"
    scores = score(small_network, "snip", small_data)
    scores.save(path, {"seed": 0})
    arrays, header = read_tensors(path)
    assert header["specification"] == {"seed": 0}
    changed = {name: array.copy() for name, array in arrays.items()}
    next(iter(changed.values())).flat[0] += 1
    lacking = dict(list(arrays.items())[1:])
    for name, (content, record) in {
        "changed": (changed, header),
        "lacking": (lacking, header),
        "no order": (arrays, {k: v for k, v in header.items() if k != "order"}),
    }.items():
        write_tensors(tmp_path / name, content, record)
        with pytest.raises(FileFormatError, match="damaged"):
            Scores.load(tmp_path / name)
    prune(small_network, "snip", 0.5, small_data).save(tmp_path / "mask")
    with pytest.raises(FileFormatError, match="holds no scores"):
        Scores.load(tmp_path / "mask")
    with pytest.raises(FileFormatError, match="not a mask"):
        Mask.load(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileFormatError, match="truncated"):
        Scores.load(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no layer"),
        ({"a": np.zeros(2), "b": np.zeros(2, np.float32)}, "same dtype.*float32, float64"),
        ({"a": np.zeros(2, int)}, "layer 'a'.*got int64"),
        ({"a": [1.0]}, "layer 'a'.*got list"),
        ({"a": np.zeros((0, 3))}, r"layer 'a'.*\(0, 3\)"),
        ({"": np.zeros(2)}, "non-empty strings"),
    ],
)
def test_malformed_scores_are_refused(arrays, message):
    with pytest.raises(MaskError, match=message):
        Scores(arrays, algorithm="given")


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(SparsetopoError, match="layer 'a' are NaN or infinite"):
        Scores({"a": np.array([1.0, np.nan])}, algorithm="given")


def test_scores_are_read_only(small_network, small_data):
    scores = score(small_network, "snip", small_data)
    with pytest.raises(ValueError, match="read-only"):
        scores["fc.weight"][0, 0] = 1
    assert torch.is_tensor(small_network.fc.weight)
