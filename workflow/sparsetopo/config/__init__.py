"""The configuration of a study: its typed model, its checks, and what each stage reads of it.

Imported while the workflow is parsed, also by every cluster job: nothing here imports torch, pandas, numba or
scikit-learn.
"""

from sparsetopo.config.cells import Cell, cells, dense_cells
from sparsetopo.config.job_resources import JobResources
from sparsetopo.config.load import load_configuration
from sparsetopo.config.schema import Configuration
from sparsetopo.config.specifications import Specifications

__all__ = [
    "Cell",
    "Configuration",
    "JobResources",
    "Specifications",
    "cells",
    "dense_cells",
    "load_configuration",
]
