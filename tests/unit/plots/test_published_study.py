"""The scripts from collect to report, on a study that trained nothing: one data set, and the cell without accuracy."""

import csv
import itertools
import json
import logging
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

import sparsetopo as st
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.provenance import PUBLISHED_MEAN
from sparsetopo.analysis.tables.table import read_table
from sparsetopo.files import write_json
from sparsetopo.plots.figures import figures_of_study
from sparsetopo.pruning.mask import Mask

WORKFLOW = Path(__file__).parents[3] / "workflow"

pytestmark = pytest.mark.middle
ANALYSES = (
    "prediction",
    "regression",
    "regression_uncertainty",
    "families",
    "importance",
    "ranking",
)
TABLES = ("networks", "dense", *ANALYSES, "ranking_means", "rankings")
FIGURES = figures_of_study(checks=True, layers=False, graphs=True, comparison=False)
SETTINGS = {
    **{"folds": 3, "repeats": 1, "check_repeats": 1, "seed": 0, "scaling": "subset"},
    **{"checks": True, "permutations": 20, "mean_permutations": 0, "resamples": 20},
    **{
        "prediction_repeats": 1,
        "as_in_the_paper": True,  # else three algorithms are too few to rank
        "ranking_permutations": 100,
        "pools": {"all": ["prospr", "snip", "er"]},
    },
}
GRID = {
    "datasets": ["Tiny-ImageNet"],
    "architectures": ["Resnet-20", "Resnet-32"],
    "algorithms": ["prospr", "snip", "er"],
    "sparsities": ["0.9", "0.95", "0.98"],
    "seeds": [0, 1, 2],
}
CONFIGURATION = {
    **{"study": "mine", "grid": GRID},
    **{"accuracies": "published", "topometrics": {"weights": "initial"}},
}


class _Files(list):
    """Output files of a rule: a list of paths, those with a name also by it."""

    def __init__(self, **named):
        super().__init__(
            path
            for value in named.values()
            for path in (value if isinstance(value, list) else [value])
        )
        self.__dict__.update(named)


def _run(script, root, inputs, outputs, specification):
    job = SimpleNamespace(
        rule=script, wildcards={}, threads=1, log=[f"{root}/logs/{script}.log"],
        params=SimpleNamespace(specification=json.dumps(specification)),
        config=CONFIGURATION, scriptdir=str(WORKFLOW / "scripts"),
        input=_Files(**inputs), output=_Files(**outputs),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(WORKFLOW / "scripts"))  # as Python does for a script
        for variable in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
            patch.setenv(f"{variable}_NUM_THREADS", "1")  # the script sets them: put back what was
        path = WORKFLOW / "scripts" / f"{script}.py"
        try:
            runpy.run_path(str(path), init_globals={"snakemake": job})
        finally:
            logging.captureWarnings(False)  # the script turns it on


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of a finished study: made-up masks and metrics, the paper's accuracies."""
    root = tmp_path_factory.mktemp("study")
    random = np.random.default_rng(0)
    masks, topometrics = [], []
    for values in itertools.product(*GRID.values()):
        cell = dict(
            zip(
                ("dataset", "architecture", "algorithm", "sparsity", "seed"),
                map(str, values),
                strict=True,
            )
        )
        stem = root / "cells" / "-".join(cell.values())
        kept = {"fc.weight": np.array([[True, False], [False, False]])}
        mask = Mask(kept, algorithm=cell["algorithm"], sparsity=cell["sparsity"])
        mask.save(f"{stem}.safetensors", {"cell": cell})
        metrics = {key: random.uniform(1, 9) for key in PAPER_METRICS}
        measured = {"nodes": 40, "edges": int(random.integers(50, 99)), "topometrics": metrics}
        write_json(f"{stem}.json", measured | {"specification": {"cell": cell}})
        masks.append(f"{stem}.safetensors")
        topometrics.append(f"{stem}.json")
    tables = {name: f"{root}/tables/{name}.csv" for name in TABLES}
    mge = f"{root}/mges/a/b/c/0.98/seed-0.safetensors"
    st.encode(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), (1, 2, 2)).save(mge)

    _run(
        "collect", root,
        {"masks": masks, "topometrics": topometrics, "results": [], "dense": []},
        {"networks": tables["networks"], "dense": tables["dense"], "record": f"{root}/tables/networks.json"},
        {"grid": GRID, "dense_reference": "mean", "accuracies": "published", "weights": "initial"},
    )  # fmt: skip
    for name in ANALYSES:
        outputs = {"table": tables[name], "record": f"{root}/tables/{name}.json"}
        if name == "ranking":
            outputs |= {"rankings": tables["rankings"], "means": tables["ranking_means"]}
        _run(name, root, {"networks": tables["networks"]}, outputs, SETTINGS)
    _run(
        "report", root,
        {**tables, "mge": mge},
        {
            **{name: f"{root}/figures/{name}.svg" for name in FIGURES},
            "png": [f"{root}/figures/{name}.png" for name in FIGURES],
            "index": f"{root}/index.html",
            "headline": f"{root}/headline.txt",
        },
        {
            **{"study": "mine", "accuracies": "published", "weights": "initial"},
            **{"published": False, "definitions": {}},
        },
    )  # fmt: skip
    return root


def test_every_table_is_labelled_and_whole(study):
    for name in TABLES:
        table = read_table(study / "tables" / f"{name}.csv")
        assert table["accuracy_source"].eq(PUBLISHED_MEAN).all(), name
        with open(study / "tables" / f"{name}.csv", newline="") as handle:
            assert all(cell != "" for row in csv.reader(handle) for cell in row), name
    networks = read_table(study / "tables" / "networks.csv")
    assert len(networks) == 2 * 3 * 3 * 3
    assert networks["accuracy"].isna().sum() == 3
    assert networks["best_accuracy"].isna().all()


def test_analyses_leave_out_the_cell_without_accuracy_and_count_it(study):
    regression = read_table(study / "tables" / "regression.csv").drop_duplicates("subset")
    left_out = regression.set_index("subset")[["rows", "rows_left_out"]].T.to_dict("list")
    assert left_out == {
        "0.9": [18, 0], "0.95": [18, 0], "0.98": [15, 3], "Resnet-20": [27, 0], "Resnet-32": [24, 3], "all": [51, 3],
    }  # fmt: skip
    importance = read_table(study / "tables" / "importance.csv").drop_duplicates("subset")
    assert dict(zip(importance["subset"], importance["rows"], strict=True)) == {
        column: rows for column, (rows, _) in left_out.items()
    }
    ranking = read_table(study / "tables" / "ranking.csv")
    here = (ranking["architecture"] == "Resnet-32") & (ranking["sparsity"] == "0.98")
    assert ranking.loc[here, "algorithms"].eq(2).all()
    assert all(
        "not ranked: prospr in Tiny-ImageNet" in text for text in ranking.loc[here, "status"]
    )
    assert ranking.loc[~here, "algorithms"].eq(3).all()
    assert not any("not ranked" in text for text in ranking.loc[~here, "status"])


def test_the_truth_is_the_printed_order(study):
    rankings = read_table(study / "tables" / "rankings.csv")
    truth = rankings[(rankings["strategy"] == "truth") & (rankings["architecture"] == "Resnet-20")]
    order = truth[truth["sparsity"] == "0.95"].sort_values("position")
    # Table 10, Resnet-20 at 0.95: ER 25.6, SNIP 19.8, ProsPR 11.1.
    assert order["algorithm"].tolist() == ["er", "snip", "prospr"]
    assert order["score"].is_monotonic_decreasing


def test_page_and_figures_say_what_was_not_done_here(study):
    page = (study / "index.html").read_text()
    notice = page.index("No network was trained for this study")
    assert page.index("54 sparse networks") < notice < page.index('<section id="drop">')
    assert (
        "3 of the 16 topometrics depend on the weights (strength, spectral_gap, spectral_radius)"
        in page
    )
    assert "3 network(s) have no published accuracy (prospr/Tiny-ImageNet/Resnet-32/0.98)" in page
    assert "diverged" not in page
    assert "{%" not in page
    for name in FIGURES:
        svg = (study / "figures" / f"{name}.svg").read_text()
        assert ("accuracies: published means" in svg) == (name != "mge"), name
        initial = "metrics that read weights: initial weights" in svg
        assert initial == (name not in ("accuracy", "mge")), name
