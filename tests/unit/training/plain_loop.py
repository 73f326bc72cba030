"""Training as a textbook does it, to compare ours with: DataLoader, torchvision's transforms, torch.optim.SGD.

Shares nothing with `sparsetopo.training` but the recipe's numbers and, where a loader is given the
same draws, the order and crops.
"""

import time

import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import functional as image_functional


class RandomImages(Dataset):
    """Images as torchvision's CIFAR10 gives them, with the transforms of every tutorial."""

    def __init__(self, images, labels, mean, std, augmented=True):
        self.pixels, self.labels = images.transpose(0, 2, 3, 1), labels
        steps = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        scaled = [[value / 255 for value in values] for values in (mean, std)]
        self.transform = transforms.Compose(
            [*(steps if augmented else []), transforms.ToTensor(), transforms.Normalize(*scaled)]
        )

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.pixels[index])), int(self.labels[index])


class DrawnImages(RandomImages):
    """The images of an epoch in a given order, with given crops and flips."""

    def __init__(self, images, labels, mean, std, draws):
        super().__init__(images, labels, mean, std)
        self.mean, self.std, self.draws = mean, std, draws

    def __getitem__(self, position):
        index = self.draws.order[position]
        image = image_functional.pad(Image.fromarray(self.pixels[index]), 4, fill=0)
        top, left = (int(offset) for offset in self.draws.offsets[position])
        image = image_functional.crop(image, top, left, 32, 32)
        if self.draws.flips[position]:
            image = image_functional.hflip(image)
        pixels = image_functional.pil_to_tensor(image).float()
        return image_functional.normalize(pixels, self.mean, self.std), int(self.labels[index])


def plain_epochs(
    model, loader_of, recipe, masks=None, device="cpu", layout=torch.contiguous_format
):
    """Train, yielding the seconds that each epoch took; `loader_of(epoch)` gives its batches."""
    model.to(device).to(memory_format=layout)
    named = dict(model.named_parameters())
    keep = {name: torch.tensor(mask).to(device) for name, mask in (masks or {}).items()}
    optimiser = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.MultiStepLR(
        optimiser, list(recipe.milestones), 1 / recipe.decay_factor
    )

    def prune():
        with torch.no_grad():
            for name, kept in keep.items():
                named[name].mul_(kept)

    prune()
    for epoch in range(recipe.epochs):
        model.train()
        start = time.perf_counter()
        for images, labels in loader_of(epoch):
            images = images.to(device, memory_format=layout, non_blocking=True)
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(images), labels.to(device, non_blocking=True))
            loss.backward()
            optimiser.step()
            prune()
        if device != "cpu":
            torch.cuda.synchronize()
        yield time.perf_counter() - start
        scheduler.step()


@torch.no_grad()
def plain_accuracy(model, dataset, device="cpu"):
    """Share of the test images classified correctly."""
    model.eval()
    test = RandomImages(
        dataset.test_images, dataset.test_labels, dataset.mean, dataset.std, augmented=False
    )
    right = 0
    for images, labels in DataLoader(test, 250):
        right += int((model(images.to(device)).argmax(1) == labels.to(device)).sum())
    return right / len(test)
