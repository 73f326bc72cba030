"""The training part of a data set as pruning reads it: a few normalised images at a time."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.datasets.prepared import PreparedDataset


class TrainingPart:
    """What `sparsetopo.pruning.prune` takes as `data`: 50,000 images are never normalised all at once.

    Parameters
    ----------
    dataset
        The prepared data set.
    """

    def __init__(self, dataset: PreparedDataset) -> None:
        self._dataset = dataset
        self.labels: NDArray[np.int64] = dataset.train_labels
        self.input_shape = dataset.input_shape

    def sample(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Normalised images of these indices, shape (n, C, H, W)."""
        return self._dataset.sample("train", indices)
