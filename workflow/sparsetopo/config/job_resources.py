"""What each rule's jobs ask of a scheduler: memory, time, threads, GPUs.

Memory and time come from `resources/measured.csv`, which `tests/benchmarks/stage_resources.py` writes
from benchmark files of real runs, with room to spare; `resources` in the configuration replaces them
rule by rule. None of it counts for re-runs, except the threads of score, prune and train.
"""

import csv
import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from sparsetopo.config.schema import Configuration, RuleName
from sparsetopo.config.specifications import Specifications
from sparsetopo.registry import literals

MEASURED = Path(__file__).parents[3] / "resources" / "measured.csv"
# Room above what was measured: another machine may be slower, and peaks between two samples are missed.
MEMORY_FACTOR, TIME_FACTOR = 1.4, 4.0
LEAST_MEMORY, LEAST_MINUTES = 500, 5
# Training on a GPU was never measured here; its time limit is a guess.
GPU_TRAINING_MINUTES = 720
# Of a data set whose size is not known before it is prepared.
ASSUMED_TRAIN_IMAGES = 100_000
ON_A_GPU = ("score", "prune", "train", "train_dense")
THREADED = ("score", "prune", "train", "train_dense", "measure")


class JobResources:
    """Resources of every rule's jobs.

    Parameters
    ----------
    configuration
        A valid configuration.
    measured
        Table with one row a measured kind of job: rule, algorithm, dataset, architecture (empty where the rule has
        none), seconds and max_rss_mb of one job; for the rule `train`, seconds for 1,000 training images.
    """

    def __init__(self, configuration: Configuration, measured: Path = MEASURED) -> None:
        self.configuration = configuration
        self.specifications = Specifications(configuration)
        self._measured = measured

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        with open(self._measured, newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))

    def mem_mb(self, rule: RuleName, cell: Mapping[str, str], attempt: int = 1) -> int:
        """Memory in MB; more at every attempt."""
        base = self._given(rule, "mem_mb")
        if base is None:
            found = [float(row["max_rss_mb"]) for row in self._matching(rule, cell)]
            base = max(
                LEAST_MEMORY, math.ceil(MEMORY_FACTOR * max(found, default=2000) / 100) * 100
            )
        return base * attempt

    def runtime(self, rule: RuleName, cell: Mapping[str, str], attempt: int = 1) -> int:
        """Time limit in minutes; more at every attempt."""
        base = self._given(rule, "runtime")
        if base is None:
            base = self._measured_minutes(rule, cell)
        return base * attempt

    def threads(self, rule: RuleName) -> int:
        """Threads of a job."""
        return self.specifications.threads(rule) if rule in THREADED else 1

    def gpu(self, rule: RuleName) -> int:
        """GPUs of a job: 0 or 1."""
        if self._given(rule, "gpu") == 0 or rule not in ON_A_GPU:
            return 0
        return int(self.configuration.compute.device != "cpu")

    def _given(self, rule: RuleName, name: str) -> int | None:
        settings = self.configuration.resources.get(rule)
        return getattr(settings, name) if settings else None

    def _measured_minutes(self, rule: RuleName, cell: Mapping[str, str]) -> int:
        training = rule in ("train", "train_dense")
        if training and self.gpu(rule):
            return GPU_TRAINING_MINUTES
        seconds = max((float(row["seconds"]) for row in self._matching(rule, cell)), default=600.0)
        if training:
            seconds *= self._training_images(cell) / 1000
        return max(LEAST_MINUTES, math.ceil(TIME_FACTOR * seconds / 60))

    def _training_images(self, cell: Mapping[str, str]) -> int:
        """Images a training run sees: epochs times the size of the training part."""
        entry = self.specifications.dataset(cell["dataset"]).entry
        images = literals(entry.path, {"TRAIN_IMAGES"}).get("TRAIN_IMAGES", ASSUMED_TRAIN_IMAGES)
        settings = self.configuration.training[cell["dataset"]]
        changes = settings.architectures.get(cell["architecture"], {})
        return int(images * changes.get("epochs", settings.epochs))

    def _matching(self, rule: RuleName, cell: Mapping[str, str]) -> list[dict[str, str]]:
        """Rows of the same kind of job; where there is none, those of every kind the rule has."""
        rule = "train" if rule == "train_dense" else rule
        rows = [row for row in self._rows if row["rule"] == rule]
        for key in ("architecture", "algorithm", "dataset"):
            name = self._measured_name(key, cell.get(key, ""))
            rows = [row for row in rows if row[key] in ("", name)] or rows
        return rows

    def _measured_name(self, key: str, name: str) -> str:
        if key == "algorithm" and name:
            return self.specifications.algorithm(name).entry.name
        return name
