"""Every job of a cell builds the same network, also where its code draws what no file of weights holds."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import torch

from sparsetopo.architectures.references import reference_version
from sparsetopo.datasets.facts import DatasetFacts

SCRIPT = Path(__file__).parents[3] / "workflow/scripts/building.py"
CODE = """
import random
import numpy as np
import torch

class Mixed(torch.nn.Module):
    def __init__(self, input_shape, classes):
        super().__init__()
        self.drawn = torch.tensor([torch.rand(()).item(), np.random.rand(), random.random()])
"""


def test_constants_are_those_of_the_seed(tmp_path, monkeypatch):
    (tmp_path / "mixed_networks.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(DatasetFacts, "load", lambda _: DatasetFacts((1, 8, 8), 10))
    specification = spec_from_file_location("building", SCRIPT)
    building = module_from_spec(specification)
    specification.loader.exec_module(building)
    job = SimpleNamespace(input=SimpleNamespace(data="images.safetensors"))
    source = "mixed_networks:Mixed"
    record = {"dataset": "digits", "architecture": "mixed_networks.Mixed"}
    record |= {"architecture_source": source, "architecture_version": reference_version(source)}

    def drawn(seed, *purpose):
        return building.built_network(job, record | {"seed": seed}, *purpose).drawn

    assert torch.equal(drawn(0), drawn(0))
    assert not (drawn(0) == drawn(1)).any()
    assert not (drawn(0) == drawn(0, "redrawn weights")).any()
