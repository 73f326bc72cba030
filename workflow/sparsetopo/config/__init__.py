"""The configuration of a study: its typed model, its checks, and what each stage reads of it.

`specifications` decides what a change of the configuration re-runs, `stages` what an edit of the code does.

Imported while the workflow is parsed, also by every cluster job: nothing here imports torch, pandas, numba or
scikit-learn.
"""

from sparsetopo.config.fit import require_networks_fit
from sparsetopo.config.job_resources import JobResources
from sparsetopo.config.layout import Cell, cells
from sparsetopo.config.load import load_configuration
from sparsetopo.config.schema import Configuration
from sparsetopo.config.specifications import Specifications
from sparsetopo.config.yaml_readings import repeated_keys, text_problems

__all__ = [
    "Cell",
    "Configuration",
    "JobResources",
    "Specifications",
    "cells",
    "load_configuration",
    "repeated_keys",
    "require_networks_fit",
    "text_problems",
]
