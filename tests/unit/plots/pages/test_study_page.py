"""The page of a study without a browser: what it says, in which order, and what is packed into it."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
from tests.unit.plots.pages.made_up_study import FIGURE, STUDIES, networks

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS
from sparsetopo.analysis.tables.metrics import study_metrics
from sparsetopo.plots.pages.network_charts import drop_chart
from sparsetopo.plots.pages.network_rows import network_rows
from sparsetopo.plots.pages.packing import LARGEST_FRAMED, pack
from sparsetopo.plots.pages.sections import SECTIONS
from sparsetopo.plots.pages.study import study_page
from sparsetopo.plots.pages.tables import networks_table

pytestmark = pytest.mark.middle


@pytest.fixture(scope="module")
def pages():
    return {name: study_page(study()) for name, study in STUDIES.items()}


def packed(page, name="data"):
    text = re.search(rf'id="packed-{name}">([^<]*)</script>', page).group(1)
    return gzip.decompress(base64.b64decode(text)).decode()


def test_the_answer_comes_first_then_what_must_be_known(pages):
    text = pages["gappy"]
    places = [
        text.index(part)
        for part in ("<h1>", 'id="answer"', "Nothing was &lt;trained&gt;.", 'id="drop"', 'id="accuracy"', 'id="files"')
    ]  # fmt: skip
    assert places == sorted(places)
    assert "study &lt;mine&gt;" in text
    assert "study <mine>" not in text


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_needs_nothing_from_elsewhere(pages, name):
    page = pages[name]
    body = re.sub(r'id="packed-\w+">[^<]*<', "", page)
    assert re.findall(r'(?:src|href)="([^"]*)"', body) == re.findall(
        r'href="((?:data:,|#|tables/)[^"]*)"', body
    )
    assert "http" not in body.replace('"http:", "https:"', "")
    assert len(page.encode()) < LARGEST_FRAMED
    json.loads(packed(page))
    assert "vegaEmbed" in packed(page, "vega")


def test_figures_tables_and_rows_are_packed_whole(pages):
    data = json.loads(packed(pages["default"]))
    assert data["figures"] == {"regression": FIGURE, "ranking": FIGURE}
    assert len(data["networks"]) == 140
    assert {"networks", "prediction", "importance", "ranking"} <= set(data["tables"])
    assert set(data["charts"]) == {"drop", "accuracy", "prediction", "importance", "ranking"}
    for table in data["tables"].values():
        keys = [key for key, _ in table["columns"]]
        assert all(list(row) == keys for row in table.get("rows", data["networks"]))


def test_too_few_networks_have_sentences_in_place_of_charts(pages):
    page = pages["tiny"]
    data = json.loads(packed(page))
    assert set(data["charts"]) == {"drop", "accuracy", "ranking"}
    assert (
        "How well topology predicts the lost accuracy cannot be told: too few networks (4 for 17 coefficients)"
        in page
    )
    assert "nan" not in re.sub(r'id="packed-\w+">[^<]*<', "", page).lower().replace("canno", "")


def test_every_section_is_named_once():
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)


def test_rows_have_the_scaled_metrics_of_both_weights():
    own = networks()
    found = network_rows(own)
    scaled = scale(own, study_metrics(own.columns))
    row = found.rows[0]
    assert row["algorithm"] == "SNIP"
    assert (row["sparsity"], row["seed"]) == ("0.6", "0")
    assert row["disconnected"] == pytest.approx(scaled["disconnected"].iloc[0], rel=1e-5)
    assert row["strength_trained"] == pytest.approx(
        own["strength_trained"].iloc[0] / own["edges"].iloc[0], rel=1e-5
    )
    assert found.metrics["strength"].endswith("initial weights")
    assert found.metrics["strength_trained"].endswith("trained weights")
    assert found.axes["algorithm"][:2] == ["SNIP", "GraSP"]
    assert [key for key, _ in networks_table(found)["columns"]] == list(row)


def test_missing_numbers_are_null_and_layers_add_their_means():
    own = networks(sparsities=("0.9",), architectures=("Resnet-20",), seeds=(0,))
    own.loc[0, ["accuracy", "sink"]] = np.nan
    layers = own[["algorithm", "dataset", "architecture", "sparsity", "seed"]].assign(
        layer=0, **dict.fromkeys(RAMANUJAN_COLUMNS, 0.25)
    )
    found = network_rows(own, layers.iloc[1:])
    assert (
        found.rows[0]["accuracy"] is found.rows[0]["sink"] is found.rows[0]["layer_density"] is None
    )
    assert found.rows[1]["layer_density"] == 0.25


def test_groups_differ_in_colour_and_in_mark():
    chart = drop_chart(network_rows(networks()), "sink")
    encoding = chart["layer"][0]["encoding"]
    for channel in ("color", "shape"):
        scaling = encoding[channel]["scale"]
        assert len(set(scaling["range"][:7])) == 7
        assert scaling["domain"][:2] == ["SNIP", "GraSP"]
        assert len(scaling["range"]) == len(scaling["domain"])


def test_packing_is_reproducible():
    assert pack("a" * 1000) == pack("a" * 1000)
    assert len(pack("a" * 1000)) < 100
