"""What each stage reads of the configuration: one record a job, and nothing besides.

A stage's record is its job's only Snakemake parameter (as canonical JSON) and is stored in what the job writes. So a
change of the configuration re-runs exactly the stages that read what changed. What a stage reads from *files* is not
repeated here: Snakemake follows those by themselves.
"""

from typing import Any

from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.config.schema import Configuration
from sparsetopo.datasets import DATASETS
from sparsetopo.pruning import ALGORITHMS
from sparsetopo.registry import Entry
from sparsetopo.topometrics._registry import METRICS
from sparsetopo.training.recipe import Recipe

# Versions of the expensive stages, raised by hand when their results change (a test compares their sources). The
# cheap stages carry a digest of their sources instead, which the workflow adds.
STAGE_VERSIONS = {"data": 1, "plan": 1, "prune": 1, "train": 1}


class Specifications:
    """Records of what each stage reads.

    Parameters
    ----------
    configuration
        A valid configuration.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def data(self, dataset: str) -> dict[str, Any]:
        """Prepare a data set."""
        given = self.configuration.datasets.get(dataset, {})
        return {
            **_entry("data", "dataset", DATASETS[dataset]),
            "options": _options(DATASETS[dataset], given),
        }

    def plan(self, dataset: str, architecture: str) -> dict[str, Any]:
        """Trace an architecture at the shape of a data set."""
        return {
            **_entry("plan", "architecture", ARCHITECTURES[architecture]),
            "dataset": dataset,
            "identity_shortcuts": self.configuration.topometrics.identity_shortcuts,
        }

    def prune(
        self, dataset: str, architecture: str, algorithm: str, sparsity: str, seed: int
    ) -> dict[str, Any]:
        """Score the initial weights of a cell and select those kept."""
        entry = ALGORITHMS[algorithm]
        return {
            **_entry("prune", "algorithm", entry),
            "options": _options(entry, self.configuration.pruning.get(algorithm, {})),
            "architecture": architecture,
            "architecture_version": ARCHITECTURES[architecture].version,
            "dataset": dataset,
            "sparsity": sparsity,
            "seed": int(seed),
            **self._machine(),
        }

    def train(self, dataset: str, architecture: str, seed: int) -> dict[str, Any]:
        """Train a network, dense or masked: what differs between these is the mask file."""
        settings = self.configuration.training[dataset]
        record = settings.model_dump(exclude={"architectures"}) | settings.architectures.get(
            architecture, {}
        )
        return {
            **_entry("train", "architecture", ARCHITECTURES[architecture]),
            "dataset": dataset,
            "seed": int(seed),
            "recipe": Recipe.from_record(record).to_record(),
            **self._machine(),
        }

    def encode(self, dataset: str, architecture: str, seed: int) -> dict[str, Any]:
        """Join plan, mask and weights into the graph."""
        record: dict[str, Any] = {
            "stage": "encode",
            "weights": self.configuration.topometrics.weights,
        }
        if record["weights"] == "initial":  # then they are drawn anew, from these labels
            record |= {"dataset": dataset, "architecture": architecture, "seed": int(seed)}
        return record

    def topometrics(self) -> dict[str, Any]:
        """Measure a graph."""
        return {
            "stage": "topometrics",
            "metrics": self.configuration.topometrics.metrics or sorted(METRICS),
            "threads": self.configuration.compute.threads,
        }

    def collect(self) -> dict[str, Any]:
        """Gather one row a network."""
        return {
            "stage": "collect",
            "grid": self.configuration.grid.model_dump(),
            "dense_reference": self.configuration.analysis.dense_reference,
        }

    def analysis(self, stage: str) -> dict[str, Any]:
        """Regression, importance or ranking."""
        settings = self.configuration.analysis.model_dump(exclude={"dense_reference"})
        if stage == "ranking":
            settings = {}
        return {"stage": stage, **settings}

    def report(self) -> dict[str, Any]:
        """Figures, captions and index."""
        return {"stage": "report", "study": self.configuration.study}

    def _machine(self) -> dict[str, Any]:
        compute = self.configuration.compute
        return {"threads": compute.threads, "device": compute.device}


def _entry(stage: str, kind: str, entry: Entry) -> dict[str, Any]:
    return {
        "stage": stage,
        "stage_version": STAGE_VERSIONS[stage],
        kind: entry.name,
        f"{kind}_version": entry.version,
    }


def _options(entry: Entry, given: dict[str, Any]) -> dict[str, Any]:
    return entry.default_options() | given
