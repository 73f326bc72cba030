"""What each stage reads of the configuration, and so what a change of it re-runs: one record a job.

A stage's record is its job's only Snakemake parameter (as canonical JSON) and is stored in what the job writes. So a
change of the configuration re-runs exactly the stages that read what changed. What a stage reads from *files* is not
repeated here: Snakemake follows those by itself.
"""

from collections.abc import Mapping
from typing import Any

from sparsetopo.config.architectures import Architecture, architecture
from sparsetopo.config.schema import Configuration
from sparsetopo.config.stages import STAGE_VERSIONS, STAGES, StageName
from sparsetopo.config.variants import Variant, variant
from sparsetopo.metrics.registry import DEFAULT_METRICS, METRIC_SETS
from sparsetopo.pruning import COMMON_OPTIONS, is_single_shot, needs
from sparsetopo.training.recipe import Recipe


class Specifications:
    """Records of what each stage reads: a method a stage, which takes the axes of the grid that it depends on.

    To these, `of` adds the digests `code` of the cheap stages (`stage_code`).

    Examples
    --------
    >>> grid = {"algorithms": ["snip"], "datasets": ["digits"], "architectures": ["Resnet-20"]}
    >>> grid |= {"sparsities": [0.9], "seeds": [0]}
    >>> study = Configuration(study="small", grid=grid)
    >>> Specifications(study).prune("digits", "Resnet-20", "snip", "0.9", 0)
    {'stage': 'prune', 'stage_version': 2, 'algorithm': 'snip', 'sparsity': '0.9', 'shuffle': 'none'}
    """

    def __init__(
        self, configuration: Configuration, code: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.configuration = configuration
        self._code = code or {}
        self._architectures: dict[str, Architecture] = {}

    def of(self, stage: StageName, cell: Mapping[str, Any]) -> dict[str, Any]:
        """Record of one job of a stage, whose cell may have more axes than the record depends on."""
        code = self._code.get(stage, {})
        if STAGES[stage].settings is not None:
            return {**self.analysis(stage), **code}
        make = getattr(self, stage)
        return {**make(**cell), **code}

    def dataset(self, name: str) -> Variant:
        """What a data set of the grid stands for."""
        return variant("datasets", name, self.configuration.datasets)

    def algorithm(self, name: str) -> Variant:
        """What an algorithm of the grid stands for."""
        return variant("pruning", name, self.configuration.pruning)

    def architecture(self, name: str) -> Architecture:
        """What an architecture of the grid stands for; of a user's own, files are digested once."""
        if name not in self._architectures:
            self._architectures[name] = architecture(name, self.configuration.architectures)
        return self._architectures[name]

    def initial_weights(self, architecture: str, algorithm: str) -> list[str]:
        """Which weights a network outside the registry is given in files, for an algorithm: scored, redrawn."""
        if not self.architecture(architecture).is_foreign:
            return []
        return list(dict.fromkeys(("scored", self.train_weights(algorithm))))

    def train_weights(self, algorithm: str) -> str:
        """Which weights the masks of an algorithm are trained from: scored or redrawn."""
        return str(self.algorithm(algorithm).options["train_weights"])

    def is_scored_once(self, algorithm: str) -> bool:
        """Whether the masks of every sparsity are selected from the same scores."""
        return is_single_shot(self.algorithm(algorithm).entry.name)

    def prunes_on_the_device(self, algorithm: str) -> bool:
        """Whether the job that makes a mask computes with the network, rather than selecting or drawing."""
        random = needs(self.algorithm(algorithm).entry.name) == "nothing"
        return not random and not self.is_scored_once(algorithm)

    def data(self, dataset: str) -> dict[str, Any]:
        """Prepare a data set."""
        wanted = self.dataset(dataset)
        return {
            **_stage("data"),
            "dataset": dataset,
            "source": wanted.entry.name,
            "source_version": wanted.entry.version,
            "options": wanted.options,
        }

    def plan(self, dataset: str, architecture: str) -> dict[str, Any]:
        """Trace an architecture at the shape of a data set."""
        topometrics = self.configuration.topometrics
        # Only what is not the rule: records of plans are older than this key.
        attention = {} if topometrics.attention == "all" else {"attention": topometrics.attention}
        return {
            **_stage("plan"),
            **self.architecture(architecture).record(),
            "dataset": dataset,
            "identity_shortcuts": topometrics.identity_shortcuts,
            **attention,
        }

    def initial(self, dataset: str, architecture: str, weights: str, seed: int) -> dict[str, Any]:
        """Draw the initial weights of a network outside the registry."""
        return {
            **_stage("initial"),
            **self.architecture(architecture).record(),
            "dataset": dataset,
            "weights": weights,
            "seed": int(seed),
        }

    def score(self, dataset: str, architecture: str, algorithm: str, seed: int) -> dict[str, Any]:
        """Score the initial weights of a network, for every sparsity."""
        wanted = self.algorithm(algorithm)
        return {
            **_stage("score"),
            **_algorithm(wanted),
            **self.architecture(architecture).record(),
            "dataset": dataset,
            "seed": int(seed),
            **self._machine("score"),
        }

    def prune(
        self, dataset: str, architecture: str, algorithm: str, sparsity: str, seed: int
    ) -> dict[str, Any]:
        """Select the weights of a cell that are kept."""
        wanted = self.algorithm(algorithm)
        record = {
            **_stage("prune"),
            "algorithm": wanted.entry.name,
            "sparsity": sparsity,
            "shuffle": wanted.options["shuffle"],
        }
        if self.is_scored_once(algorithm):
            return record  # the rest is what the scores were made with
        machine = self._machine("prune") if self.prunes_on_the_device(algorithm) else {}
        return {
            **record,
            **_algorithm(wanted),
            **self.architecture(architecture).record(),
            "dataset": dataset,
            "seed": int(seed),
            **machine,
        }

    def dense(self, dataset: str, architecture: str, seed: int) -> dict[str, Any]:
        """Train a dense baseline: what differs from training a masked network is the mask, which is a file."""
        return self._training("dense", dataset, architecture, seed, "scored")

    def train(
        self, dataset: str, architecture: str, seed: int, algorithm: str, **_: str
    ) -> dict[str, Any]:
        """Train a masked network."""
        return self._training("train", dataset, architecture, seed, self.train_weights(algorithm))

    def _training(
        self, stage: StageName, dataset: str, architecture: str, seed: int, train_weights: str
    ) -> dict[str, Any]:
        recipe = Recipe.from_record(self.configuration.training[dataset].of(architecture))
        compute = self.configuration.compute
        return {
            **_stage("train"),
            **self.architecture(architecture).record(),
            "dataset": dataset,
            "seed": int(seed),
            "train_weights": train_weights,
            "recipe": recipe.to_record(),
            **self._machine(stage),
            "precision": compute.precision,
            "compile": compute.compile,
        }

    def encode(
        self, dataset: str, architecture: str, algorithm: str, seed: int, **_: str
    ) -> dict[str, Any]:
        """Join plan, mask and weights into the graph."""
        record: dict[str, Any] = {
            "stage": "encode",
            "weights": self.configuration.topometrics.main_weights,
            "trained_too": self.configuration.topometrics.weights_are_compared,
        }
        if record["weights"] == "initial":  # then they are drawn anew, from these labels
            record |= {"dataset": dataset, "architecture": architecture, "seed": int(seed)}
            record["train_weights"] = self.train_weights(algorithm)
        return record

    def topometrics(self, **_: str) -> dict[str, Any]:
        """Measure a graph and each of its layers."""
        layers = self.configuration.layers
        return {
            "stage": "topometrics",
            "trained_too": self.configuration.topometrics.weights_are_compared,
            "metrics": self.configuration.topometrics.metrics
            or sorted(METRIC_SETS[DEFAULT_METRICS]),
            "layers": {"motif_size": layers.motif_size} if layers.measure else None,
        }

    def collect_layers(self) -> dict[str, Any]:
        """Gather one row a network and layer."""
        return {"stage": "collect_layers", "grid": self._grid()}

    def collect(self) -> dict[str, Any]:
        """Gather one row a network."""
        return {
            "stage": "collect",
            "grid": self._grid(),
            "dense_reference": self.configuration.analysis.dense_reference,
            "accuracies": self.configuration.accuracies,
            "weights": self.configuration.topometrics.main_weights,
            "definitions": self.definitions(),
        }

    def released(self) -> dict[str, Any]:
        """Read the results that the paper's authors released."""
        return {"stage": "released", "grid": self._grid()}

    def analysis(self, stage: StageName) -> dict[str, Any]:
        """Analyse the collected tables."""
        settings = self.configuration.analysis
        keys = STAGES[stage].settings or ()
        record = {"stage": stage, **{key: getattr(settings, key) for key in keys}}
        if stage in ("ranking", "comparison"):
            record["pools"] = self.pools()
        if stage == "ranking":
            record["as_in_the_paper"] = self.configuration.published is not None
        return record

    def pools(self) -> dict[str, list[str]]:
        """Algorithms that are ranked together: all; those that score weights; those that draw at random."""
        listed = self.configuration.grid.algorithms
        random = [name for name in listed if needs(self.algorithm(name).entry.name) == "nothing"]
        scored = [name for name in listed if name not in random]
        pools = {"all": listed, "scored": scored, "random": random}
        return {pool: names for pool, names in pools.items() if len(names) > 1}

    def report(self) -> dict[str, Any]:
        """Figures, captions and index."""
        return {
            "stage": "report",
            "study": self.configuration.study,
            "accuracies": self.configuration.accuracies,
            "weights": self.configuration.topometrics.main_weights,
            "published": self.configuration.published is not None,
            "definitions": self.definitions(),
        }

    def definitions(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the configuration says of the names of the grid: data sets, algorithms, architectures; by section."""
        configuration = self.configuration
        listed: dict[str, tuple[list[str], dict[str, Any]]] = {
            "datasets": (configuration.grid.datasets, configuration.datasets),
            "pruning": (configuration.grid.algorithms, configuration.pruning),
        }
        listed["architectures"] = (configuration.grid.architectures, configuration.architectures)
        found = {
            section: {name: given[name] for name in names if given.get(name)}
            for section, (names, given) in listed.items()
        }
        # Records are older than this section.
        return {key: names for key, names in found.items() if names or key != "architectures"}

    def threads(self, stage: StageName) -> int:
        """Threads of a stage's jobs, if it computes on several."""
        return self.configuration.resource(stage, "threads") or self.configuration.compute.threads

    def _grid(self) -> dict[str, list[Any]]:
        """Values of each axis, sorted: rows are, so the order in the configuration changes no table."""
        return {axis: sorted(values) for axis, values in self.configuration.grid}

    def _machine(self, stage: StageName) -> dict[str, Any]:
        # Any GPU gives the same result as far as a seed can fix it, so which one is not part of what a job reads.
        kind = self.configuration.compute.device.partition(":")[0]
        if self.configuration.resource(stage, "gpu") == 0:
            kind = "cpu"
        return {"threads": self.threads(stage), "device": kind}


def _stage(stage: str) -> dict[str, Any]:
    return {"stage": stage, "stage_version": STAGE_VERSIONS[stage]}


def _algorithm(wanted: Variant) -> dict[str, Any]:
    own = {key: value for key, value in wanted.options.items() if key not in COMMON_OPTIONS}
    return {
        "algorithm": wanted.entry.name,
        "algorithm_version": wanted.entry.version,
        "options": own,
    }
