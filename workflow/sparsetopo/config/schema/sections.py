"""The sections of a configuration file; unknown keys are refused, every field is described."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sparsetopo.config.schema.values import (
    DISTINCT,
    NO_TRUTH_VALUE,
    ONE_OR_MORE,
    ArchitectureName,
    Counted,
    MetricNames,
    Name,
    Number,
    Seed,
    Sparsity,
    Whole,
)


class Section(BaseModel):
    """What all sections are: they refuse unknown keys, and never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Grid(Section):
    """The cells of the study: every combination of the five lists.

    Besides, one dense baseline for each (data set, architecture, seed).
    """

    algorithms: Annotated[list[Name], DISTINCT] = Field(
        min_length=1,
        description="Pruning algorithms, by registry name or by a name defined under `pruning`.",
    )
    datasets: Annotated[list[Name], DISTINCT] = Field(
        min_length=1,
        description="Data sets, by registry name or by a name defined under `datasets`.",
    )
    architectures: Annotated[list[ArchitectureName], DISTINCT] = Field(
        min_length=1,
        description="Network architectures: registry names, names defined under `architectures`, "
        "torchvision:<model>, timm:<model>, or <module>:<function> of your own.",
    )
    sparsities: Annotated[list[Sparsity], DISTINCT] = Field(
        min_length=1,
        description="Shares of the prunable weights that are removed, each between 0 and 1.",
    )
    seeds: Annotated[list[Seed], DISTINCT] = Field(
        min_length=1,
        description="Seeds; each fixes the initial weights, the data order and what pruning draws.",
    )


class Training(Section):
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
    evaluate_every: Whole = Field(
        1,
        ge=1,
        description="Epochs from one evaluation on the test images to the next; the last epoch is evaluated anyway.",
    )
    architectures: dict[ArchitectureName, dict[str, Any]] = Field(
        {},
        description="Recipe values that differ for an architecture, e.g. {Wide-Resnet-28-2: {weight_decay: 5e-4}}.",
    )

    def of(self, architecture: str) -> dict[str, Any]:
        """Values of the recipe for an architecture."""
        return self.model_dump(exclude={"architectures"}) | self.architectures.get(architecture, {})


class Topometrics(Section):
    """Which metrics are computed, and on which graph."""

    @property
    def main_weights(self) -> Literal["initial", "trained"]:
        """The weights that all metrics are measured on."""
        return "initial" if "initial" in self.weights else "trained"

    @property
    def weights_are_compared(self) -> bool:
        """Whether the metrics that read weights are measured on the trained ones, too."""
        return len(self.weights) == 2

    metrics: MetricNames | None = Field(
        None,
        min_length=1,
        description="Topometrics to compute: paper (the paper's sixteen, and the signed spectral gap), all, or a list "
        "of registry names; paper if absent.",
    )
    weights: Annotated[list[Literal["initial", "trained"]], DISTINCT, ONE_OR_MORE] = Field(
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


class Layers(Section):
    """What is measured of single layers: bipartite graphs and Ramanujan metrics, which the paper compares with."""

    measure: bool = Field(True, description="Measure the layers besides the whole graphs.")
    motif_size: Literal[3, 4] = Field(
        3, description="Nodes of the motifs that are counted in a layer's graphs."
    )


class Analysis(Section):
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


class Keep(Section):
    """Which large files stay when no stage of the study needs them any more."""

    trained_weights: bool = Field(
        True,
        description="Keep sparse networks' weights once the graphs are made. "
        "false: a graph that is deleted, or whose encoding changes, means training again.",
    )
    dense_weights: bool = Field(
        True, description="Keep the dense baselines' weights, which no stage reads."
    )


class Compute(Section):
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


class StageResources(Section):
    """What one stage's jobs ask for, instead of the measured values (`resources/measured.csv`)."""

    mem_mb: Counted | None = Field(None, description="Memory of a job, MB.")
    runtime: Counted | None = Field(None, description="Time limit of a job, minutes.")
    threads: Counted | None = Field(
        None,
        description="Threads of a job, instead of compute.threads; fixes results of score, prune and train.",
    )
    gpu: Annotated[int, Field(ge=0, le=1), NO_TRUTH_VALUE] | None = Field(
        None,
        description="0: the stage computes on the CPU, whatever compute.device is.",
    )
