"""Training data as people have it: it works, or one sentence says what is wrong."""

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.pruning.any_network.models import OPTIONS
from torch import nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
)

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import prune

RANDOM = torch.Generator().manual_seed(0)
X, Y = torch.randn(60, 1, 8, 8, generator=RANDOM), torch.arange(60) % 4
SCORED = ("snip", "grasp", "prospr")


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 4))


class Pairs(Dataset):
    """Pairs by index, as most data sets are."""

    def __init__(self, label=int, image=lambda x: x):
        self.label, self.image = label, image

    def __len__(self):
        return 60

    def __getitem__(self, index):
        return self.image(X[index]), self.label(Y[index])


class Targets(Pairs):
    """As those of torchvision, which know their labels without loading an image."""

    targets = Y.tolist()

    def __init__(self):
        super().__init__(self.refuse)

    def refuse(self, label):
        return 0  # not what `targets` says


class Transformed(Pairs):
    """A data set whose targets are not what it gives."""

    targets = [9] * 60
    target_transform = int


class Stream(IterableDataset):
    """A data set without indices."""

    def __iter__(self):
        return iter(zip(X, Y, strict=True))


WORKING = {
    "list pair": [X, Y],
    "DataLoader": DataLoader(TensorDataset(X, Y), 10),
    "shuffled DataLoader": DataLoader(TensorDataset(X, Y), 7, shuffle=True, drop_last=True),
    "DataLoader of pairs": DataLoader(Pairs(), 10),
    "TensorDataset": TensorDataset(X, Y),
    "data set of pairs": Pairs(),
    "tensor labels": Pairs(lambda y: y),
    "data set of arrays": Pairs(image=lambda x: x.numpy()),
    "subset": Subset(Pairs(), range(60)),
    "data set with targets": Targets(),
    "data set with transformed targets": Transformed(),
    "list of pairs": list(zip(X, Y.tolist(), strict=True)),
    "numpy": (X.numpy(), Y.numpy()),
    "numpy int32 labels": (X.numpy(), Y.numpy().astype(np.int32)),
    "big-endian": (X.numpy().astype(">f4"), Y.numpy().astype(">i8")),
    "negative strides": (X.numpy()[::-1][::-1], Y.numpy()[::-1].copy()[::-1]),
    "read-only": (np.broadcast_to(X.numpy(), X.shape), Y.numpy()),
    "uint8 labels": (X, Y.byte()),
    "double": (X.double(), Y),
    "requires gradients": (X.clone().requires_grad_(), Y),
    "channels last": (X.to(memory_format=torch.channels_last), Y),
    "list of images": (list(X), list(Y)),
    "tuple of images": (tuple(X), tuple(Y.tolist())),
    "list of arrays": (list(X.numpy()), Y.tolist()),
    "lists of numbers": (X.tolist(), Y.tolist()),
    "series": (X, pd.Series(Y.numpy(), index=range(100, 160))),
    "one argument": ((X,), Y),
    "keyword": ({"input": X}, Y),
}


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize("kind", WORKING)
def test_the_same_data_gives_the_same_mask(kind, algorithm):
    expected = prune(network(), algorithm, 0.9, data=(X, Y))
    assert prune(network(), algorithm, 0.9, data=WORKING[kind]) == expected


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize(
    "data",
    [(X.half(), Y), (X, Y * 0), (X[:1], Y[:1]), (X[:3], Y[:3])],
    ids=["half", "one class", "one image", "three"],
)
def test_little_or_coarse_data_is_enough(data, algorithm):
    assert prune(network(), algorithm, 0.9, data=data).kept == 61


class Named(Dataset):
    """As those of Hugging Face."""

    def __len__(self):
        return 60

    def __getitem__(self, index):
        return {"image": X[index], "label": int(Y[index])}


REFUSED = {
    "uint8 images": ((X * 20 + 128).byte(), Y, "float tensor .*normalised.*got torch.uint8"),
    "bool images": (X > 0, Y, "got torch.bool"),
    "complex images": (X + 0j, Y, "got torch.complex64"),
    "labels from 1": (
        X,
        Y + 1,
        "label 4 is out of range: the network has 4 outputs, and labels count from 0",
    ),
    "label -1": (X, Y - 1, "must not be negative, got -1"),
    "ignored label": (X, torch.where(Y == 2, -100, Y), "must not be negative, got -100"),
    "float labels": (X, Y.float(), "integer tensor .*got torch.float32"),
    "bool labels": (X, Y > 1, "got torch.bool"),
    "column of labels": (X, Y[:, None], r"integer tensor \(N,\).*\(60, 1\)"),
    "one-hot labels": (X, nn.functional.one_hot(Y), r"got torch.int64 of shape \(60, 4\)"),
    "words as labels": (
        X,
        ["cat"] * 60,
        "labels must be a tensor or array of numbers, got list: its type is <U3",
    ),
    "no labels": (X, None, "labels must be a tensor or array of numbers, got NoneType"),
    "labels of another number": (X, Y[:50], "60 images and 50 labels"),
    "NaN": (
        torch.where(torch.arange(60)[:, None, None, None] == 3, torch.nan, X),
        Y,
        "NaN or infinite",
    ),
    "channels at the end": (X.permute(0, 2, 3, 1), Y, "cannot take inputs of shape"),
    "no batch": (X[0, 0, 0], Y[:8], r"got torch.float32 of shape \(8,\)"),
    "flat": (X.flatten(1), Y, "cannot take inputs of shape"),
    "integers": ((X * 10).long(), Y, "cannot take inputs of shape"),
    "unequal images": ([X[0], X[1, :, 1:]] * 30, Y, "images must be a tensor or array of numbers"),
    "ragged": ([[1.0], [1.0, 2.0]], [0, 1], "images must be a tensor or array of numbers"),
    "file names": (["a.png"] * 60, Y, "images must be a tensor or array of numbers"),
    "unknown keyword": ({"pixels": X}, Y, "unexpected keyword argument 'pixels'"),
    "empty": (X[:0], Y[:0], "at least one image"),
}


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_data_is_refused_in_one_sentence(kind, algorithm):
    *data, message = REFUSED[kind]
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(network(), algorithm, 0.9, data=tuple(data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X, "must be a pair .*got Tensor"),
        (X.numpy(), "got ndarray"),
        ({"images": X, "labels": Y}, "got dict"),
        ((X, Y, Y), "got tuple"),
        (zip(X, Y, strict=True), "got zip"),
        ("cifar10", "got str"),
        (Stream(), "got Stream"),
        (DataLoader(Stream(), 10), "got Stream"),
        (DataLoader(Pairs(), 10, collate_fn=list), "collate_fn of its own"),
        (DataLoader(Pairs(), 10, sampler=SubsetRandomSampler(range(50))), "draws with a SubsetRandomSampler"),
        (DataLoader(Pairs(), batch_sampler=[[0, 1]]), "draws with a list, but"),
        (Named(), r"Named must hold pairs \(image, label\), got dict"),
        (TensorDataset(X), "TensorDataset must hold pairs .*got tuple of 1"),
        (TensorDataset(X, Y, Y), "got tuple of 3"),
        (Pairs(image=str), "an image must be a tensor or array of numbers, got str"),
        (Pairs(image=lambda x: (x * 20).byte()), "got torch.uint8"),
        (Pairs(label=float), "integer tensor"),
        (Subset(Pairs(), []), "at least one image"),
    ],
)  # fmt: skip
def test_what_is_no_pair_is_refused_in_one_sentence(data, message):
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(network(), "snip", 0.9, data=data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_an_image_that_is_not_finite_is_named(algorithm, bad):
    images = X.clone()
    images[37, 0, 3, 3] = bad
    for data in ((images, Y), TensorDataset(images, Y), [*zip(images, Y, strict=True)]):
        with pytest.raises(SparsetopoError, match="image 37 holds NaN or infinite values"):
            prune(network(), algorithm, 0.9, data=data)


ONE_CLASS = Y * 0 + 2


@pytest.mark.parametrize("algorithm", [*SCORED, "synflow"])
def test_labels_of_one_class_are_noticed_where_they_are_read(algorithm, caplog):
    prune(network(), algorithm, 0.9, data=(X, ONE_CLASS), **OPTIONS.get(algorithm, {}))
    noticed = "all 60 labels are 2: scores know one class only" in caplog.text
    assert noticed == (algorithm != "synflow")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X[:, :, 1:], ONE_CLASS), "cannot take inputs of shape"),
        ((X[1:], ONE_CLASS), "one label an image"),
        ((X, ONE_CLASS + 90), "label 92 is out of range"),
    ],
)
@pytest.mark.parametrize("algorithm", SCORED)
def test_labels_of_one_class_do_not_hide_what_is_wrong(algorithm, data, message, caplog):
    with pytest.raises(SparsetopoError, match=message):
        prune(network(), algorithm, 0.9, data=data, **OPTIONS.get(algorithm, {}))
    assert "one class only" not in caplog.text


class Pixels(nn.Module):
    """Scores of three classes for every pixel."""

    def __init__(self, wrap=lambda scores: scores):
        super().__init__()
        self.a, self.b, self.wrap = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 3, 1), wrap

    def forward(self, x):
        return self.wrap(self.b(self.a(x).relu()))


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize("labels", ["an image", "a pixel"])
def test_a_class_for_every_pixel_is_refused_with_what_to_do(algorithm, labels):
    of_images = torch.arange(60) % 3
    given = of_images if labels == "an image" else of_images[:, None, None].expand(60, 8, 8)
    message = "one row of scores an image.* or take an algorithm that reads no labels"
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(Pixels(), algorithm, 0.5, data=(X, given))
    assert "\n" not in str(caught.value)


def test_what_is_advised_for_a_class_for_every_pixel_works():
    averaged = Pixels(lambda scores: scores.flatten(2).mean(2))
    assert prune(averaged, "snip", 0.5, data=(X, torch.arange(60) % 3)).kept == 24
    for algorithm in ("synflow", "er", "erk", "uniform"):
        mask = prune(Pixels(), algorithm, 0.5, input_shape=(1, 8, 8))
        assert mask.kept == 24
