"""Registries are read without running their files; the public API imports only what is used."""

import subprocess
import sys

import pytest

from sparsetopo import registry
from sparsetopo.errors import UnknownNameError

ENTRY = """
NAME = "magnitude"
VERSION = 3
OPTIONS = {"exponent": {"type": "number", "minimum": 0, "default": 1.0, "description": "power"}}
import a_module_that_does_not_exist
"""


def test_an_entry_is_one_file_and_is_not_imported_to_be_known(tmp_path):
    (tmp_path / "some_file.py").write_text(ENTRY)
    (tmp_path / "_helper.py").write_text("raise RuntimeError")
    (tmp_path / "__init__.py").write_text("raise RuntimeError")
    entries = registry.scan("package", tmp_path)
    entry = registry.look_up(entries, "magnitude", "algorithm")
    assert list(entries) == ["magnitude"]
    assert (entry.version, entry.module) == (3, "package.some_file")
    assert entry.default_options() == {"exponent": 1.0}
    assert entry.option_problems({"exponent": 2}) == []
    assert dict(entry.option_problems({"exponent": -1, "power": 2})).keys() == {"exponent", "power"}


def test_an_unknown_name_lists_the_known_and_similar_ones(tmp_path):
    (tmp_path / "some_file.py").write_text(ENTRY)
    with pytest.raises(
        UnknownNameError,
        match="unknown algorithm 'magnitud'; known: magnitude; did you mean 'magnitude'",
    ):
        registry.look_up(registry.scan("package", tmp_path), "magnitud", "algorithm")


def test_two_entries_of_one_name_and_an_entry_without_one_are_programming_errors(tmp_path):
    (tmp_path / "first.py").write_text(ENTRY)
    (tmp_path / "second.py").write_text(ENTRY)
    with pytest.raises(RuntimeError, match="'magnitude' is taken"):
        registry.scan("package", tmp_path)
    (tmp_path / "second.py").write_text("VERSION = 1")
    with pytest.raises(RuntimeError, match="needs NAME"):
        registry.scan("package", tmp_path)


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_what_needs_no_torch_does_not_wait_for_it():
    assert not loaded_by("import sparsetopo") & {"torch", "numpy", "pandas", "scipy"}
    measuring = "import sparsetopo as st; st.MGE; st.Plan; st.Mask; st.topometrics"
    assert not loaded_by(measuring) & {"torch", "pandas", "sklearn", "networkx", "matplotlib"}


def test_the_public_api(tmp_path):
    import numpy as np
    import torch
    from torch import nn

    import sparsetopo as st

    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5))
    images, labels = torch.randn(20, 1, 4, 4), torch.arange(20) % 5
    mask = st.prune(model, "snip", sparsity=0.5, data=(images, labels), seed=0)
    assert isinstance(mask, st.Mask)
    mge = st.encode(model, input_shape=(1, 4, 4), masks=mask)
    assert mge.layer_sizes == [36, 48, 5]
    assert mge.to_scipy().shape == (mge.num_nodes, mge.num_nodes) == (89, 89)
    assert mge.to_scipy().nnz == mge.num_edges
    values = st.topometrics(mge)
    assert {"motif4", "spectral_radius"} < set(values)
    assert values["n1"] == pytest.approx(1 + mge.num_edges / 89)
    assert set(st.topometrics(mge, metrics=["n2", "motif4"])) == {"n2", "motif4"}
    mge.save(tmp_path / "mge.safetensors")
    again = st.MGE.load(tmp_path / "mge.safetensors").to_scipy()
    np.testing.assert_array_equal(again.toarray(), mge.to_scipy().toarray())
    assert isinstance(st.trace(model, input_shape=(1, 4, 4)), st.Plan)
    with pytest.raises(AttributeError, match="No sparsetopo attribute beauty"):
        _ = st.beauty
