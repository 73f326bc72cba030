"""The file that is carried to the machine with a GPU: images, and what a CPU makes of them.

A safetensors file, at most 60 MB, with a SHA-256 over all of it. Who reads it is told if it is damaged, or was prepared for
other sizes, initial weights or versions of the algorithms than those of this code.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tests.benchmarks.gpu.learning import Runs, runs
from tests.benchmarks.gpu.scoring import Found, expected_scores, network
from tests.benchmarks.gpu.sizes import Size

from sparsetopo.checksums import checksum
from sparsetopo.datasets import prepare as prepare_dataset
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.networks.arrays import model_arrays
from sparsetopo.pruning import ALGORITHMS

KIND = "inputs of the GPU check"
_DECIDE = ("dataset", "architecture", "training", "test", "recipe", "seeds", "exact_images")
LARGEST = 60_000_000  # bytes


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Images, and what the CPU makes of them."""

    dataset: PreparedDataset
    scores: dict[str, Found]
    learning: Runs
    torch: str = torch.__version__  # of the CPU's side


def images(size: Size) -> PreparedDataset:
    """The slice of real images: CIFAR-10 from the developers' packs, or scikit-learn's digits."""
    if size.dataset == "CIFAR-10":
        # Only here: needs Pillow and the packs.
        from tests.unit.training.real_images import ABSENT, cifar10_subset

        if ABSENT is not None:
            raise DataError(f"the inputs of the GPU check cannot be prepared here: {ABSENT}.")
        return cifar10_subset(size.training, size.test)
    whole = prepare_dataset(size.dataset)
    return PreparedDataset.from_arrays(
        size.dataset,
        (whole.train_images[: size.training], whole.train_labels[: size.training]),
        (whole.test_images[: size.test], whole.test_labels[: size.test]),
        whole.classes,
    )


def prepare(size: Size, path: Path, say: Callable[[str], None] = lambda line: None) -> None:
    """Compute on the CPU what the check compares with, and write the file."""
    dataset = images(size)
    say(f"{len(dataset.train_labels)} training and {len(dataset.test_labels)} test images are read")
    scores = expected_scores(size, dataset)
    say("the algorithms have scored")
    learning = runs(size, dataset, torch.device("cpu"))
    for kind, accuracies in learning.accuracies.items():
        say(f"{kind}: accuracies {', '.join(map('{:.1%}'.format, accuracies))}")
    save(Inputs(dataset, scores, learning), size, path)
    say(f"{path} is written: {path.stat().st_size / 1e6:.1f} MB")


def save(inputs: Inputs, size: Size, path: Path) -> None:
    """Write the file, unless it would be larger than what is allowed."""
    arrays = dict(inputs.dataset.arrays)
    for name, found in inputs.scores.items():
        arrays |= {f"{name}/{part}": array for part, array in found.items()}
    total = sum(array.nbytes for array in arrays.values())
    if total > LARGEST:
        raise DataError(f"the inputs have {total:,} bytes; at most {LARGEST:,} can be carried.")
    record = {
        "kind": KIND,
        "made_for": _made_for(size, inputs.dataset),
        "classes": inputs.dataset.classes,
        "mean": list(inputs.dataset.mean),
        "std": list(inputs.dataset.std),
        "learning": dataclasses.asdict(inputs.learning),
        "torch": inputs.torch,
    }
    write_tensors(path, arrays, record | {"sha256": checksum(arrays, record)})


def load(size: Size, path: Path) -> Inputs:
    """Read a file of `prepare`; a FileFormatError says if it is not one for this code and size."""
    again = "prepare it with `python -m tests.benchmarks.gpu_check prepare`"
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file; {again} where the images are.")
    arrays, metadata = read_tensors(path)
    sha256 = metadata.pop("sha256", None)
    if metadata.get("kind") != KIND or checksum(arrays, metadata) != sha256:
        raise FileFormatError(f"{path}: is damaged, or no file of the GPU check; {again} again.")
    parts = {
        name: arrays.pop(name)
        for name in ("train_images", "train_labels", "test_images", "test_labels")
    }
    dataset = PreparedDataset(
        size.dataset,
        **parts,
        classes=metadata["classes"],
        mean=tuple(metadata["mean"]),
        std=tuple(metadata["std"]),
    )
    wanted = _made_for(size, dataset)
    for key, value in wanted.items():
        if metadata["made_for"][key] != value:
            raise FileFormatError(
                f"{path}: was prepared for {key} {metadata['made_for'][key]}, and this code has {value}; {again} again."
            )
    scores: dict[str, Found] = {}
    for name, array in arrays.items():
        check, part = name.split("/")
        scores.setdefault(check, {})[part] = array
    return Inputs(dataset, scores, Runs(**metadata["learning"]), metadata["torch"])


def _made_for(size: Size, dataset: PreparedDataset) -> dict[str, Any]:
    """What the expectations depend on, as JSON gives it back."""
    seeds = range(size.seeds)
    weights = [checksum(model_arrays(network(size, dataset, seed))) for seed in seeds]
    record = {
        "size": {name: dataclasses.asdict(size)[name] for name in _DECIDE},
        "initial weights": weights,
        "algorithms": {name: entry.version for name, entry in ALGORITHMS.items()},
    }
    return json.loads(json.dumps(record))
