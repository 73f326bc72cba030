"""The study of the authors' released results: a part of their grid through the whole analysis, and damaged files."""

import hashlib
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT, Study

from sparsetopo.analysis.tables.table import read_table

RELEASED = "resources/released"


@pytest.fixture
def released_study(tmp_path: Path) -> Study:
    study = Study(tmp_path)
    study.values = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    study.values["grid"] |= {"architectures": ["Resnet-20"], "sparsities": ["0.9", "0.98"]}
    study.values["analysis"] = {"repeats": 1, "check_repeats": 1, "permutations": 20}
    study.values["analysis"] |= {"mean_permutations": 2, "resamples": 20}
    assert study.values["published"] == RELEASED, "relative to the working directory"
    shutil.copytree(ROOT / RELEASED, tmp_path / RELEASED)
    return study


@pytest.mark.middle
def test_a_part_of_the_released_grid(released_study):
    done = released_study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    networks = read_table(released_study.results / "tables/networks.csv")
    assert set(networks["architecture"]) == {"Resnet-20"}
    assert 120 <= len(networks) <= 2 * 7 * 3 * 3
    layers = read_table(released_study.results / "tables/layers.csv")
    assert set(layers["sparsity"]) == {"0.9", "0.98"}
    regression = read_table(released_study.results / "tables/regression.csv")
    assert {"MGE", "rolled", "rolled-channel", "size"} <= set(regression["encoding"])
    ranking = read_table(released_study.results / "tables/ranking.csv")
    assert set(ranking["pool"]) == {"all", "scored", "random"}
    assert {"delta_r_imdb", "mixture_other_datasets", "size"} <= set(ranking["strategy"])
    index = (released_study.results / "index.html").read_text()
    assert "Nothing was pruned, trained or measured for this study" in index
    assert "measured after training" in (released_study.results / "headline.txt").read_text()
    for name in ("comparison.html", "comparison.txt", "figures/table3.svg"):
        assert not (released_study.results / name).exists(), "of a part there is none"
    assert released_study.jobs() == {}


def test_a_damaged_file_is_named_with_its_checksums(released_study):
    path = released_study.folder / RELEASED / "rolled_channel.csv.xz"
    sums = [hashlib.sha256(path.read_bytes()).hexdigest()]
    path.write_bytes(path.read_bytes()[:-1])
    sums.append(hashlib.sha256(path.read_bytes()).hexdigest())
    done = released_study.run("released")
    assert done.returncode != 0
    sentence = f"{RELEASED}/{path.name}: has SHA-256 {sums[1]}, but {sums[0]} is expected, so it is damaged"
    assert sentence in done.stdout + done.stderr
    assert not (released_study.results / "tables").exists() or not list(
        (released_study.results / "tables").iterdir()
    )


def test_the_whole_grid_is_compared_and_drawn(released_study):
    values = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    released_study.values["grid"] = values["grid"]
    text = released_study.run("-n", "--quiet", "host").stdout
    for name in (
        "comparison.html",
        "comparison.txt",
        "headline.txt",
        "figures/table3.svg",
        "figures/table3.png",
    ):
        assert f"results/published/{name}" in text


def test_what_a_run_says_at_its_end(tmp_path, capsys):
    """The headline, where the comparison wrote one, then where things are."""
    spec = spec_from_file_location("run", ROOT / "workflow/run.py")
    run = module_from_spec(spec)
    spec.loader.exec_module(run)
    run.say_results(tmp_path, tmp_path / "report.html")
    assert capsys.readouterr().out.strip().startswith("tables   ")
    (tmp_path / "comparison.txt").write_text("The paper's tables:\n  table 3\n")
    (tmp_path / "comparison.html").touch()
    run.say_results(tmp_path, tmp_path / "report.html")
    said = capsys.readouterr().out.splitlines()
    assert said[1:3] == ["The paper's tables:", "  table 3"]
    assert any(line.startswith(f"  paper    {tmp_path}/comparison.html") for line in said)
    assert said[-1] == f"  report   {tmp_path}/report.html"


def test_what_is_refused_before_anything_runs(released_study):
    released_study.values["published"] = "nowhere"
    done = released_study.run("-n")
    text = done.stdout + done.stderr
    assert "there is no folder 'nowhere' of released results" in text
    assert f"--config published={ROOT / RELEASED}" in text
    released_study.values |= {"training": {}}
    released_study.values["grid"] |= {"datasets": ["digits"], "seeds": [7]}
    done = released_study.run("-n")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    for sentence in (
        "training: has no effect with published",
        "grid.datasets.0: the released results have no 'digits'; they have CIFAR-10",
        "grid.seeds.0: the released results have no seed 7; they have 0, 1, 2",
    ):
        assert sentence in text
