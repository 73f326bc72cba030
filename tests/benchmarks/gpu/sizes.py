"""How much the GPU check does: at full size on a GPU, in miniature on a CPU."""

from dataclasses import dataclass

from sparsetopo.training.recipe import Recipe


@dataclass(frozen=True)
class Size:
    """What is compared with a CPU, of which the carried file holds what the CPU found, and how much is measured."""

    name: str
    dataset: str
    architecture: str  # its name, which decides its initial weights
    blocks_per_stage: int  # of a residual network of three stages
    training: int  # images
    test: int  # images
    recipe: Recipe
    seeds: int  # runs of each kind, here and on the CPU
    exact_images: int  # that float64 scores are taken on
    speed_architecture: str  # at 32x32 pixels
    speed_images: int  # an epoch
    speed_epochs: int  # counted; one before them is not
    job_epochs: int  # of each of two jobs that want one GPU
    compiles: bool  # whether compiled training is measured
    limit: int | None  # seconds for everything; None: depends on what else the machine does

    def labels(self, seed: int) -> tuple[str, str, int]:
        """What names the random streams of a run."""
        return self.dataset, self.architecture, seed


# 2,000 images, ten times, are what two free CPU cores can train on six times in five minutes.
FULL = Size(
    "full",
    "CIFAR-10",
    "Resnet-20",
    blocks_per_stage=3,
    training=2_000,
    test=2_000,
    recipe=Recipe(10, 64, 0.1, milestones=(5, 7), augmentation="crop-flip", evaluate_every=5),
    seeds=3,
    exact_images=16,
    speed_architecture="Resnet-20",
    speed_images=12_800,
    speed_epochs=3,
    job_epochs=5,
    compiles=True,
    limit=480,
)
MINIATURE = Size(
    "miniature",
    "digits",
    "Resnet-8",
    blocks_per_stage=1,
    training=512,
    test=200,
    recipe=Recipe(4, 64, 0.1, milestones=(3,), evaluate_every=4),
    seeds=2,
    exact_images=16,
    speed_architecture="Resnet-20",
    speed_images=128,
    speed_epochs=1,
    job_epochs=1,
    compiles=False,  # takes half a minute a network
    limit=None,
)
SIZES = {size.name: size for size in (FULL, MINIATURE)}
