"""The study of the authors' released results: a part of their grid through the whole analysis.

The folder is that of the environment variable SPARSETOPO_SHARED (default: `shared` beside the project).
"""

import os
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT, Study

from sparsetopo.analysis.tables.table import read_table

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", ROOT.parent / "shared"))
RELEASED = SHARED / "reference"


@pytest.fixture
def released_study(tmp_path: Path) -> Study:
    study = Study(tmp_path)
    study.values = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    study.values["grid"] |= {"architectures": ["Resnet-20"], "sparsities": ["0.9", "0.98"]}
    study.values["analysis"] = {"repeats": 1, "check_repeats": 1, "permutations": 20}
    study.values["analysis"] |= {"mean_permutations": 2, "resamples": 20}
    study.values["published"] = str(RELEASED)
    return study


@pytest.mark.middle
@pytest.mark.skipif(
    not (RELEASED / "published" / "unrolled.csv.xz").is_file(),
    reason=f"the released results are not in {RELEASED} (set SPARSETOPO_SHARED to the folder that has them)",
)
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
    assert not (released_study.results / "comparison.html").exists(), "of a part there is none"
    assert released_study.jobs() == {}


def test_what_is_refused_before_anything_runs(released_study):
    released_study.values["published"] = "nowhere"
    done = released_study.run("-n")
    assert "there is no folder 'nowhere' of released results" in done.stdout + done.stderr
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
