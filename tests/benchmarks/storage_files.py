"""Every file of a network of the paper's grid, written as its stage writes it: what `storage.py` weighs.

The masks are Uniform's. Initial weights, pruned, stand in for trained ones, and for scores; losses and
accuracies are random. No size depends on their values, but for a digit more or less in a JSON file.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from sparsetopo.architectures import build
from sparsetopo.config import Specifications, load_configuration
from sparsetopo.files import write_json, write_tensors
from sparsetopo.graphs import MGE, trace
from sparsetopo.graphs.mge import mge_from_masks
from sparsetopo.layers import layer_kinds, ramanujan_records, topometric_records
from sparsetopo.metrics.measure import topometrics
from sparsetopo.networks.arrays import model_arrays, to_arrays
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning import prune
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.scores import Scores
from sparsetopo.training.result import TrainingResult
from sparsetopo.training.save import save_result, save_weights
from sparsetopo.version import package_version

PAPER = Path(__file__).parents[2] / "config/paper.yaml"
CLASSES = {"CIFAR-10": 10, "CIFAR-100": 100, "Tiny-ImageNet": 200}
INPUT_SHAPE = (3, 32, 32)
CODE = {"code": "0" * 16}  # in place of the digest that the workflow adds

CONFIGURATION = load_configuration(yaml.safe_load(PAPER.read_text(encoding="utf-8")))
SPECIFICATIONS = Specifications(CONFIGURATION)


class Pair:
    """An architecture on a data set: files that all its networks share, and files of each of them.

    Every method returns bytes by kind of file.
    """

    def __init__(self, folder: Path, dataset: str, architecture: str) -> None:
        self.path = folder / "file"
        self.dataset, self.architecture = dataset, architecture
        self.model = build(architecture, INPUT_SHAPE, CLASSES[dataset])
        self.plan = trace(self.model, INPUT_SHAPE)
        self.cell = {"dataset": dataset, "architecture": architecture, "seed": "0"}

    def shared(self) -> dict[str, int]:
        """Plan of the pair; scores and dense weights of one seed."""
        initialise(self.model, self.dataset, self.architecture, 0)
        weights = to_arrays(prunable_parameters(self.model))
        scores = Scores(weights, algorithm="snip", metadata={"stream_labels": [*self.cell]})
        scored = SPECIFICATIONS.score(self.dataset, self.architecture, "snip", 0)
        trained = SPECIFICATIONS.dense(self.dataset, self.architecture, 0) | {"cell": self.cell}
        self.plan.save(self.path, SPECIFICATIONS.plan(self.dataset, self.architecture))
        sizes = {"parameters": sum(array.size for array in weights.values()), "plan": self._size()}
        scores.save(self.path, {**scored, "cell": {**self.cell, "algorithm": "snip"}})
        sizes["scores"] = self._size()
        save_weights(self.path, self.model, trained)
        sizes["dense weights"] = self._size()
        self._save_result(trained)
        return sizes | {"dense result": self._size()}

    def network(self, sparsity: str, *, measure: bool) -> dict[str, int]:
        """Files of one sparse network; those of the metrics stage only if asked, since measuring takes long."""
        initialise(self.model, self.dataset, self.architecture, 0)
        mask = prune(self.model, "uniform", sparsity, input_shape=INPUT_SHAPE, seed=0)
        cell = {**self.cell, "algorithm": "uniform", "sparsity": sparsity}
        place = (self.dataset, self.architecture, "uniform")
        pruned = SPECIFICATIONS.prune(*place, sparsity, 0) | {"cell": cell}
        trained = SPECIFICATIONS.train(*place[:2], 0, "uniform") | {"cell": cell}
        encoded = SPECIFICATIONS.encode(*place, 0) | CODE | {"cell": cell}
        mask.save(self.path, pruned)
        sizes = {"mask": self._size()}
        self._save_mask_in_first_format(mask, pruned)
        sizes["mask before"] = self._size()
        with torch.no_grad():
            for name, parameter in prunable_parameters(self.model).items():
                parameter.mul_(torch.from_numpy(np.array(mask[name])))
        save_weights(self.path, self.model, trained, mask)
        sizes["weights"] = self._size()
        save_weights(self.path, self.model, trained)  # without a mask: as it was
        sizes["weights before"] = self._size()
        self._save_result(trained)
        sizes["result"] = self._size()
        mge = mge_from_masks(self.plan, model_arrays(self.model), mask)
        mge.save(self.path, {**encoded, "weights_are_finite": True})
        sizes["graph"] = self._size()
        return sizes | (self._measured(mge, cell) if measure else {})

    def _size(self) -> int:
        """Bytes of the file just written."""
        return self.path.stat().st_size

    def _save_mask_in_first_format(self, mask: Mask, specification: dict[str, Any]) -> None:
        header = {
            "format": "sparsetopo mask 1",
            "package_version": package_version(),
            "specification": specification,
            "order": list(mask),
            **mask.record(),
        }
        write_tensors(self.path, mask, header)

    def _save_result(self, specification: dict[str, Any]) -> None:
        """Outcome of a training that goes to its last epoch."""
        random = np.random.default_rng(0)
        history = [
            {
                "epoch": epoch + 1,
                "learning_rate": 0.1,
                "loss": random.random(),
                "test_loss": random.random(),
                "accuracy": int(random.integers(10_000)) / 10_000,
            }
            for epoch in range(CONFIGURATION.training[self.dataset].epochs)
        ]
        best = max(record["accuracy"] for record in history)
        result = TrainingResult("finished", history[-1]["accuracy"], best, history)
        save_result(self.path, result, specification)

    def _measured(self, mge: MGE, cell: dict[str, str]) -> dict[str, int]:
        """Files of the metrics stage."""
        specification = SPECIFICATIONS.topometrics() | CODE | {"cell": cell}
        common = {"specification": specification, "package_version": package_version()}
        values = topometrics(mge)
        missing = {name: None for name, value in values.items() if math.isnan(value)}
        counts = {"nodes": mge.num_nodes, "edges": mge.num_edges, "layer_sizes": mge.layer_sizes}
        write_json(self.path, {**common, **counts, "topometrics": values | missing})
        sizes = {"topometrics": self._size()}
        kinds = layer_kinds(mge.plan)
        masks = {name: mge.masks[name] for name in kinds}
        layers = {
            "topometrics": topometric_records(mge.weights, masks, kinds),
            "ramanujan": ramanujan_records(mge.weights, masks, kinds),
        }
        write_json(self.path, {**common, **layers})
        return sizes | {"layers": self._size()}
