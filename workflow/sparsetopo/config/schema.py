"""The typed model of a configuration file; unknown keys are refused, every field is described.

`python -m sparsetopo.config` prints its JSON schema, which is kept in `config/schema.json` for editors.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sparsetopo.config.architectures import architecture_name
from sparsetopo.config.stages import StageName
from sparsetopo.metrics.registry import NETWORK_METRICS
from sparsetopo.registry import look_up


def canonical_sparsity(value: Any) -> str:
    """Spell a sparsity the one way used in paths and tables: "0.9" for 0.9, "0.90" and ".9".

    Anything but a number strictly between 0 and 1 raises a `ValueError`, as pydantic wants it.
    """
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("must be a number between 0 and 1, both excluded") from None
    if not number.is_finite() or not 0 < number < 1:
        raise ValueError("must be between 0 and 1, both excluded")
    spelt = format(number.normalize(), "f") if number > Decimal("1e-20") else ""
    if not 0 < len(spelt) <= 20:
        raise ValueError(
            "must have at most 18 digits behind the point, since it is a part of paths"
        )
    return spelt


def _known(registry: Any, kind: str) -> AfterValidator:
    def check(name: str) -> str:
        try:
            look_up(registry, name, kind)
        except Exception as error:
            raise ValueError(str(error)) from None
        return name

    return AfterValidator(check)


def _distinct(values: list[Any]) -> list[Any]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"holds {', '.join(repeated)} more than once; list each value once")
    return values


def _whole_number(value: Any) -> int:
    # Snakemake's command line gives every value as text.
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("must be a whole number of at least 0")
    return int(value)


def _no_truth_value(value: Any) -> Any:
    # Python takes true for 1.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


_NO_TRUTH_VALUE = BeforeValidator(_no_truth_value)
Whole = Annotated[int, _NO_TRUTH_VALUE]
Counted = Annotated[int, Field(ge=1), _NO_TRUTH_VALUE]
Number = Annotated[float, _NO_TRUTH_VALUE]
Sparsity = Annotated[
    str,
    BeforeValidator(canonical_sparsity, json_schema_input_type=str | float),
]
# Part of paths and of Snakemake's wildcards. Whether such a name is known depends on the rest of the configuration
# (`variants`), so `load` checks it.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
# As it stands in paths; `torchvision:resnet18` is read as `torchvision.resnet18`.
ArchitectureName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(:[A-Za-z_][A-Za-z0-9_]*)?$", max_length=100),
    BeforeValidator(architecture_name, json_schema_input_type=str),
]
MetricName = Annotated[str, _known(NETWORK_METRICS, "topometric")]
Seed = Annotated[
    int, BeforeValidator(_whole_number, json_schema_input_type=int), Field(ge=0, lt=2**32)
]
_DISTINCT = AfterValidator(_distinct)
_ONE_OR_MORE = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Grid(_Section):
    """The cells of the study: every combination of the five lists.

    Besides, one dense baseline for each (data set, architecture, seed).
    """

    algorithms: Annotated[list[Name], _DISTINCT] = Field(
        min_length=1,
        description="Pruning algorithms, by registry name or by a name defined under `pruning`.",
    )
    datasets: Annotated[list[Name], _DISTINCT] = Field(
        min_length=1,
        description="Data sets, by registry name or by a name defined under `datasets`.",
    )
    architectures: Annotated[list[ArchitectureName], _DISTINCT] = Field(
        min_length=1,
        description="Network architectures: registry names, names defined under `architectures`, "
        "torchvision:<model>, timm:<model>, or <module>:<function> of your own.",
    )
    sparsities: Annotated[list[Sparsity], _DISTINCT] = Field(
        min_length=1,
        description="Shares of the prunable weights that are removed, each between 0 and 1.",
    )
    seeds: Annotated[list[Seed], _DISTINCT] = Field(
        min_length=1,
        description="Seeds; each fixes the initial weights, the data order and what pruning draws.",
    )


class Training(_Section):
    """The SGD recipe of one data set."""

    epochs: Whole = Field(ge=1, description="Passes over the training images.")
    batch_size: Whole = Field(ge=1, description="Images a step.")
    learning_rate: Number = Field(gt=0, description="Learning rate of the first epoch.")
    momentum: Number = Field(0.9, ge=0, lt=1, description="Momentum of SGD.")
    weight_decay: Number = Field(
        1e-4, ge=0, description="L2 coefficient, applied to every parameter."
    )
    milestones: list[Whole] = Field(
        [], description="Finished epochs after which the learning rate is divided."
    )
    decay_factor: Number = Field(
        10.0, ge=1, description="Divisor of the learning rate at each milestone."
    )
    augmentation: Literal["none", "crop-flip"] = Field(
        "none", description="crop-flip: random crop after padding by 4 pixels, and horizontal flip."
    )
    architectures: dict[ArchitectureName, dict[str, Any]] = Field(
        {},
        description="Recipe values that differ for an architecture, e.g. {Wide-Resnet-28-2: {weight_decay: 5e-4}}.",
    )

    def of(self, architecture: str) -> dict[str, Any]:
        """Values of the recipe for an architecture."""
        return self.model_dump(exclude={"architectures"}) | self.architectures.get(architecture, {})


class Topometrics(_Section):
    """Which metrics are computed, and on which graph."""

    @property
    def main_weights(self) -> Literal["initial", "trained"]:
        """The weights that all metrics are measured on."""
        return "initial" if "initial" in self.weights else "trained"

    @property
    def weights_are_compared(self) -> bool:
        """Whether the metrics that read weights are measured on the trained ones, too."""
        return len(self.weights) == 2

    metrics: Annotated[list[MetricName], _DISTINCT] | None = Field(
        None,
        min_length=1,
        description="Topometrics to compute, by registry name; all of them if absent.",
    )
    weights: Annotated[list[Literal["initial", "trained"]], _DISTINCT, _ONE_OR_MORE] = Field(
        ["initial", "trained"],
        min_length=1,
        description="Weights of the graphs' edges: the initial ones, those after training, or both. Of both, the "
        "tables call what is measured on the trained ones by names that end in _trained.",
    )
    identity_shortcuts: bool = Field(
        False, description="Draw identity shortcuts as edges of weight 1."
    )
    attention: Literal["all", "values"] = Field(
        "all",
        description="Who reads the result of attention: reads values, queries and keys, or values only.",
    )


class Layers(_Section):
    """What is measured of single layers: bipartite graphs and Ramanujan metrics, which the paper compares with."""

    measure: bool = Field(True, description="Measure the layers besides the whole graphs.")
    motif_size: Literal[3, 4] = Field(
        3, description="Nodes of the motifs that are counted in a layer's graphs."
    )


class Analysis(_Section):
    """How the tables are computed from the collected networks."""

    dense_reference: Literal["mean", "same_seed"] = Field(
        "mean",
        description="Dense accuracy that the drop refers to: mean over the seeds, or that of the same seed.",
    )
    folds: Whole = Field(5, ge=2, description="Folds of the shuffled cross-validation.")
    repeats: Whole = Field(
        100, ge=1, description="Repeats of the cross-validation, each with its own shuffle."
    )
    prediction_repeats: int = Field(
        5,
        ge=1,
        description="How often the folds of the headline score (table prediction) are drawn.",
    )
    scaling: Literal["subset", "fold"] = Field(
        "subset",
        description="Min-max scaling of features over the whole subset (the paper) or the training folds.",
    )
    seed: Seed = Field(0, description="Seed of the shuffles, permutations and resamples.")
    checks: bool = Field(
        True,
        description="Make what the paper lacks: other validations, size-free metrics, nulls, intervals, families.",
    )
    check_repeats: Whole = Field(
        20, ge=1, description="Repeats of the checks' shuffled cross-validations."
    )
    permutations: Whole = Field(
        1000, ge=0, description="Permutations of the drops behind a regression's null (Ridge)."
    )
    mean_permutations: Whole = Field(
        100, ge=0, description="The same for the mean over the regressors, which takes far longer."
    )
    ranking_permutations: Whole = Field(
        10_000,
        ge=0,
        description="Random orders behind a ranking's null, where not all can be tried.",
    )
    resamples: Whole = Field(1000, ge=1, description="Resamples behind every bootstrap interval.")


class Keep(_Section):
    """Which large files stay when no stage of the study needs them any more."""

    trained_weights: bool = Field(
        True,
        description="Keep sparse networks' weights once the graphs are made. "
        "false: a graph that is deleted, or whose encoding changes, means training again.",
    )
    dense_weights: bool = Field(
        True, description="Keep the dense baselines' weights, which no stage reads."
    )


class Compute(_Section):
    """What the jobs may use."""

    threads: Whole = Field(
        1,
        ge=1,
        description="Threads of a pruning, training or metrics job; part of what fixes their results.",
    )
    device: str = Field(
        "cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="Device that prunes and trains: cpu, cuda (any free GPU) or cuda:<number>.",
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="Arithmetic of training's matrix products; pruning is always in float32.",
    )
    compile: bool = Field(False, description="Train through torch.compile.")
    data_folder: str = Field(
        "data",
        min_length=1,
        description="Folder of the official data sets, read from and downloaded to; re-runs nothing when changed.",
    )
    download: bool = Field(True, description="Download an official data set that is not there.")


class StageResources(_Section):
    """What one stage's jobs ask for, instead of the measured values (`resources/measured.csv`)."""

    mem_mb: Counted | None = Field(None, description="Memory of a job, MB.")
    runtime: Counted | None = Field(None, description="Time limit of a job, minutes.")
    threads: Counted | None = Field(
        None,
        description="Threads of a job, instead of compute.threads; fixes results of score, prune and train.",
    )
    gpu: Annotated[int, Field(ge=0, le=1), _NO_TRUTH_VALUE] | None = Field(
        None,
        description="0: the stage computes on the CPU, whatever compute.device is.",
    )


class Configuration(_Section):
    """A study: its name, its grid, and how each stage works."""

    study: Name = Field(description="Name of the study; everything goes to results/<study>/.")
    grid: Grid = Field(description="The cells of the study.")
    published: str | None = Field(
        None,
        min_length=1,
        description="Folder of the results that the paper's authors released: they are analysed, nothing is computed.",
    )
    datasets: dict[Name, dict[str, Any]] = Field(
        {},
        description="Options of data sets, by name. With `from: <registry name>` the name is defined here.",
    )
    pruning: dict[Name, dict[str, Any]] = Field(
        {},
        description="Options of algorithms, by name. With `from: <registry name>` the name is defined here.",
    )
    architectures: dict[ArchitectureName, dict[str, Any]] = Field(
        {},
        description="Options of architectures, by name. With `from: <registry name, torchvision:<model>, "
        "timm:<model> or <module>:<function>>` the name is defined here.",
    )
    accuracies: Literal["trained", "published"] = Field(
        "trained",
        description="Accuracies of the networks: trained here, or the paper's published means (nothing is trained).",
    )
    training: dict[Name, Training] = Field(
        {}, description="Training recipe of each data set of the grid."
    )
    topometrics: Topometrics = Field(Topometrics(), description="What is measured on each graph.")
    layers: Layers = Field(Layers(), description="What is measured of each layer.")
    analysis: Analysis = Field(Analysis(), description="How the tables are computed.")
    keep: Keep = Field(Keep(), description="Trained weights that stay when nothing needs them.")
    compute: Compute = Field(Compute(), description="Threads, device, arithmetic and data folder.")
    resources: dict[StageName, StageResources] = Field(
        {}, description="Memory, time, threads and GPUs of single stages."
    )

    def resource(self, stage: StageName, name: str) -> int | None:
        """What `resources` asks for a stage, if anything."""
        return getattr(self.resources.get(stage), name, None)
