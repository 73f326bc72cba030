"""A file that was deleted comes back, with everything that follows from it.

Asked of a study of placeholders by dry runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT, Study
from tests.workflow.dry_run import dry_run
from tests.workflow.reruns.placeholder_study import (
    AFTER_NETWORKS,
    AGGREGATES,
    AXES_OF,
    GRAPHS,
    MASKED,
    TRAINED,
    jobs,
    only_aggregates,
    placeholder_study,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return placeholder_study(tmp_path_factory.mktemp("placeholders"))


OF_DIGITS = {"dataset": "digits"}
OF_NETWORK = {
    "dataset": "digits",
    "architecture": "Resnet-20",
    "algorithm": "snip",
    "sparsity": "0.9",
    "seed": 1,
}
OF_BASELINE = {"dataset": "digits", "architecture": "Resnet-20", "seed": 1}
OF_PAIR = {"dataset": "digits", "architecture": "Resnet-20"}
OF_SCORES = {key: value for key, value in OF_NETWORK.items() if key != "sparsity"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/digits.safetensors", jobs(*AXES_OF, **OF_DIGITS) | AGGREGATES),
        ("plans/digits/Resnet-20.json", jobs("plan", *GRAPHS, **OF_PAIR) | AGGREGATES),
        (
            "scores/digits/Resnet-20/snip/seed-1.safetensors",
            jobs("score", *MASKED, **OF_SCORES) | AGGREGATES,
        ),
        (
            "masks/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*MASKED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "trained/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*TRAINED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "trained/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs(*TRAINED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "dense/digits/Resnet-20/seed-1.safetensors",
            jobs("dense", **OF_BASELINE) | AFTER_NETWORKS,
        ),
        (
            "dense/digits/Resnet-20/seed-1.json",
            jobs("dense", **OF_BASELINE) | AFTER_NETWORKS,
        ),
        (
            "mges/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*GRAPHS, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "topometrics/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs("topometrics", **OF_NETWORK) | AGGREGATES,
        ),
        (
            "layers/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs("topometrics", **OF_NETWORK) | AGGREGATES,
        ),
        ("tables/networks.csv", AFTER_NETWORKS),
        ("tables/dense.csv", AFTER_NETWORKS),
        ("tables/regression.json", only_aggregates("regression")),
        ("figures/accuracy.png", only_aggregates()),
    ],
    ids=lambda value: value.partition("/")[0] if isinstance(value, str) else "",
)
def test_a_deleted_file_comes_back_with_what_follows(study, path, expected):
    with hidden(study.results / path):
        assert study.planned() == expected
    assert study.planned() == {}


@contextmanager
def hidden(path: Path) -> Iterator[None]:
    """As if a file had been deleted; afterwards it lies there as before."""
    elsewhere = path.with_name(f".hidden{path.suffix}")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


@pytest.mark.parametrize("released", [False, True], ids=["computed", "released results"])
def test_every_file_that_a_job_writes_is_asked_for(study, tmp_path, released):
    """Otherwise one that is deleted would never come back."""
    if released:
        study = Study(tmp_path)
        study.values = yaml.safe_load((ROOT / "config/published.yaml").read_text())
        study.values["published"] = str(tmp_path)
    status, text = dry_run(study.arguments("--quiet", "host", "--forceall"), study.project)
    assert status == 0, text
    files: dict[str, set[str]] = {"input": set(), "output": set()}
    jobs, _, last = text.partition("rule all:")
    for kind, part in (("output", jobs), ("input", last)):
        for line in part.splitlines():
            if line.startswith(f"    {kind}: "):
                files[kind] |= set(line.removeprefix(f"    {kind}: ").split(", "))
    assert len(files["output"]) > (20 if released else 300)
    assert files["output"] == files["input"]
