"""What each stage's jobs ask of a scheduler: memory, time, threads, GPUs.

Memory and time come from `resources/measured.csv`, which `tests/benchmarks/stage_resources.py` writes from benchmark
files of real runs, with room to spare; `resources` in the configuration replaces them stage by stage. None of it counts
for re-runs, except the threads and GPUs of score, prune, dense and train.
"""

import csv
import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from sparsetopo.config.schema import Configuration
from sparsetopo.config.specifications import Specifications
from sparsetopo.config.stages import STAGES, StageName
from sparsetopo.registry import literals
from sparsetopo.resources import RESOURCES

MEASURED = RESOURCES / "measured.csv"
# Room above what was measured: another machine may be slower, and peaks between two samples are missed.
MEMORY_FACTOR, TIME_FACTOR = 1.4, 4.0
LEAST_MEMORY, LEAST_MINUTES = 500, 5
# Training on a GPU was never measured here; its time limit is a guess.
GPU_TRAINING_MINUTES = 720
# Of a data set whose size is not known before it is prepared.
ASSUMED_TRAIN_IMAGES = 100_000


class JobResources:
    """Resources of every stage's jobs.

    The table `measured` has one row a measured kind of job: stage, algorithm, dataset, architecture (empty where the
    stage has none), seconds and max_rss_mb of one job. The rows of `train` are those of `dense`, too, and give the
    seconds for 1,000 training images.
    """

    def __init__(self, configuration: Configuration, measured: Path = MEASURED) -> None:
        self.configuration = configuration
        self.specifications = Specifications(configuration)
        self._measured = measured

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        with open(self._measured, newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))

    def mem_mb(self, stage: StageName, cell: Mapping[str, str], attempt: int = 1) -> int:
        """Memory in MB; more at every attempt."""
        base = self.configuration.resource(stage, "mem_mb")
        if base is None:
            found = [float(row["max_rss_mb"]) for row in self._matching(stage, cell)]
            base = max(
                LEAST_MEMORY, math.ceil(MEMORY_FACTOR * max(found, default=2000) / 100) * 100
            )
        return base * attempt

    def runtime(self, stage: StageName, cell: Mapping[str, str], attempt: int = 1) -> int:
        """Time limit in minutes; more at every attempt."""
        base = self.configuration.resource(stage, "runtime")
        if base is None:
            base = self._measured_minutes(stage, cell)
        return base * attempt

    def threads(self, stage: StageName) -> int:
        """Threads of a job."""
        return self.specifications.threads(stage) if STAGES[stage].is_threaded else 1

    def gpu(self, stage: StageName, cell: Mapping[str, str]) -> int:
        """GPUs of a job: 0 or 1. Selecting a mask from scores, and drawing one at random, needs none."""
        if self.configuration.resource(stage, "gpu") == 0 or not STAGES[stage].uses_gpu:
            return 0
        if stage == "prune" and not self.specifications.prunes_on_the_device(cell["algorithm"]):
            return 0
        return int(self.configuration.compute.device != "cpu")

    def _measured_minutes(self, stage: StageName, cell: Mapping[str, str]) -> int:
        training = stage in ("train", "dense")
        if training and self.gpu(stage, cell):
            return GPU_TRAINING_MINUTES
        seconds = max((float(row["seconds"]) for row in self._matching(stage, cell)), default=600.0)
        if training:
            seconds *= self._training_images(cell) / 1000
        return max(LEAST_MINUTES, math.ceil(TIME_FACTOR * seconds / 60))

    def _training_images(self, cell: Mapping[str, str]) -> int:
        """Images a training run sees: epochs times the size of the training part."""
        entry = self.specifications.dataset(cell["dataset"]).entry
        images = literals(entry.path, {"TRAIN_IMAGES"}).get("TRAIN_IMAGES", ASSUMED_TRAIN_IMAGES)
        recipe = self.configuration.training[cell["dataset"]].of(cell["architecture"])
        return int(images * recipe["epochs"])

    def _matching(self, stage: StageName, cell: Mapping[str, str]) -> list[dict[str, str]]:
        """Rows of the same kind of job; where there is none, those of every kind that the stage has."""
        measured = "train" if stage == "dense" else stage
        rows = [row for row in self._rows if row["stage"] == measured]
        for key in ("architecture", "algorithm", "dataset"):
            name = cell.get(key, "")
            if key == "algorithm" and name:  # measured under the registry's name
                name = self.specifications.algorithm(name).entry.name
            rows = [row for row in rows if row[key] in ("", name)] or rows
        return rows
