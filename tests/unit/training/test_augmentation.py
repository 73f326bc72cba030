"""Batched crop and flip against a loop over images, and against torchvision's transforms."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency
from torchvision import transforms
from torchvision.transforms import functional

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.training.draws import PADDING, EpochDraws, draw_epoch
from sparsetopo.training.images import ResidentImages

CPU = torch.device("cpu")


def position_images(count=1, size=32):
    """Images whose channels are the row + 1, the column + 1, and noise."""
    images = np.empty((count, 3, size, size), dtype=np.uint8)
    images[:, 0] = np.arange(1, size + 1)[:, None]
    images[:, 1] = np.arange(1, size + 1)
    images[:, 2] = np.random.default_rng(0).integers(0, 256, (count, size, size))
    return images


def resident(images, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)):
    labels = np.arange(len(images)) % 2
    dataset = PreparedDataset("positions", images, labels, images, labels, 2, mean, std)
    return ResidentImages(images, labels, dataset, CPU, padded=True), dataset


def test_batch_equals_torchvisions_crop_flip_normalise_image_by_image():
    images = position_images(20)
    mean, std = (16.5, 14.0, 127.0), (9.25, 9.5, 73.0)
    draws = draw_epoch(("a", "b", 0), 0, 20, augmented=True)
    stored, dataset = resident(images, mean, std)
    batches = list(stored.batches(draws, 7))
    assert [len(labels) for _, labels in batches] == [7, 7, 6]
    images_seen, labels_seen = (torch.cat(parts) for parts in zip(*batches, strict=True))
    for position, (image, label) in enumerate(zip(images_seen, labels_seen, strict=True)):
        index = draws.order[position]
        top, left = (int(offset) for offset in draws.offsets[position])
        # As torchvision does it: raw pixels are padded with 0, then cropped, flipped, normalised.
        expected = functional.pad(torch.from_numpy(images[index]), PADDING, fill=0)
        expected = functional.crop(expected, top, left, 32, 32)
        if draws.flips[position]:
            expected = functional.hflip(expected)
        expected = functional.normalize(expected.float(), mean, std)
        assert torch.equal(image, expected)
        assert label == dataset.train_labels[index]


def test_padding_is_black_and_not_the_mean():
    images = np.full((2, 3, 32, 32), 200, dtype=np.uint8)
    mean = (100.0, 110.0, 120.0)
    stored, _ = resident(images, mean, (50.0, 50.0, 50.0))
    corner = EpochDraws(np.array([0, 1]), np.array([[0, 0], [8, 8]]), np.array([False, True]))
    [(batch, _)] = stored.batches(corner, 2)
    black = -torch.tensor(mean) / 50
    assert torch.equal(batch[0, :, :4, :], black[:, None, None].expand(3, 4, 32))
    assert torch.equal(batch[0, :, :, :4], black[:, None, None].expand(3, 32, 4))
    assert (batch[0, :, 4:, 4:] > 0).all()
    # Cropped from the other corner and mirrored: the columns from outside are on the left.
    assert torch.equal(batch[1, :, 28:, :], black[:, None, None].expand(3, 4, 32))
    assert torch.equal(batch[1, :, :, :4], black[:, None, None].expand(3, 32, 4))


def read_off(batch):
    """Row offset, column offset and flip of each image of `position_images`, from its pixels."""
    rows, columns = batch[:, 0, 16, 16].int() - 1, batch[:, 1, 16].int() - 1
    flipped = columns[:, 16] < columns[:, 15]
    # The pixel that lands in column 16 came from column 15 of the crop where it was mirrored.
    left = columns[:, 16] - torch.where(flipped, 15, 16)
    return (rows - 16).numpy(), left.numpy(), flipped.numpy()


def test_statistics_equal_torchvisions():
    count = 6000
    image = position_images()
    stored, _ = resident(np.repeat(image, count, axis=0))
    draws = draw_epoch(("digits", "Resnet-20", 0), 0, count, augmented=True)
    [(batch, _)] = stored.batches(draws, count)
    ours = read_off(batch)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transform = transforms.Compose(
            [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        )
        theirs = read_off(
            torch.stack([transform(torch.from_numpy(image[0])) for _ in range(count)])
        )
    for mine, reference in zip(ours, theirs, strict=True):
        values = np.unique(np.concatenate([mine, reference]))
        table = [[(drawn == value).sum() for value in values] for drawn in (mine, reference)]
        assert len(values) in (2, 9)
        assert chi2_contingency(table).pvalue > 1e-3
    assert (ours[0].min(), ours[0].max()) == (theirs[0].min(), theirs[0].max()) == (-4, 4)
    assert (ours[1].min(), ours[1].max()) == (theirs[1].min(), theirs[1].max()) == (-4, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_without_augmentation_are_the_normalised_images(channels):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (9, channels, 8, 6), dtype=np.uint8)
    labels = random.integers(0, 2, 9)
    dataset = PreparedDataset.from_arrays("noise", (images, labels), (images, labels), 2)
    stored = ResidentImages(images, labels, dataset, CPU)
    expected = torch.from_numpy(dataset.normalised("train"))
    assert torch.equal(stored.batch(slice(2, 7)), expected[2:7])
    order = random.permutation(9)
    [(batch, drawn)] = stored.batches(EpochDraws(order), 9)
    assert torch.equal(batch, expected[order])
    assert torch.equal(drawn, torch.from_numpy(labels)[order])
