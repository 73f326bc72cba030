"""The typed model of a whole configuration file."""

from typing import Any, Literal

from pydantic import Field

from sparsetopo.config.schema.sections import (
    Analysis,
    Compute,
    Grid,
    Keep,
    Layers,
    Section,
    StageResources,
    Topometrics,
    Training,
)
from sparsetopo.config.schema.values import ArchitectureName, Name
from sparsetopo.config.stages import StageName


class Configuration(Section):
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
