"""The page of a study: the answer in sentences, charts to explore, figures, and tables to sort.

One file without a link that it needs: the charts' data, the figures and the script that draws them lie packed inside.
Its text, and the sentence below each chart, can be read without the script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sparsetopo.analysis.graph_summary import GraphSummary
from sparsetopo.analysis.prediction.scores import METRIC
from sparsetopo.analysis.regression.subsets import ALL
from sparsetopo.analysis.tables.metrics import study_metrics
from sparsetopo.plots.pages.document import PageItem
from sparsetopo.plots.pages.network_charts import ROWS, accuracy_chart, drop_chart
from sparsetopo.plots.pages.network_rows import NetworkRows, network_rows
from sparsetopo.plots.pages.packing import pack, pack_json, vega_script
from sparsetopo.plots.pages.score_charts import importance_chart, prediction_chart, ranking_chart
from sparsetopo.plots.pages.sections import SECTIONS
from sparsetopo.plots.pages.sentences import graph_sentence, section_sentences
from sparsetopo.plots.pages.tables import networks_table, score_table

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class StudyPage:
    """What a page is made from.

    Attributes
    ----------
    title, footer
        What the page is called, and what made it.
    headline
        Sentences of the answer; the first says what the study is.
    notices
        What a reader must know of the origin of the numbers.
    facts
        What is missing or unusual.
    tables
        {name: table}: those that the charts, sentences and sortable tables read.
    figures
        {name: SVG} of the study's figures.
    captions
        {name of a table, or of a figure with "_figure": what it is}.
    links
        Tables in files beside the page.
    graph
        What the figure "mge" shows, if there is one.
    """

    title: str
    headline: Sequence[str]
    notices: Sequence[str]
    facts: Sequence[str]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, str]
    captions: Mapping[str, str]
    links: Sequence[PageItem]
    footer: str
    graph: GraphSummary | None = None


def study_page(page: StudyPage) -> str:
    """HTML of the page.

    Raises
    ------
    DataError
        A table lacks a column.
    """
    networks = network_rows(page.tables["networks"], page.tables.get("ramanujan_layers"))
    charts = _charts(page.tables, networks)
    sentences = section_sentences(page.tables)
    if page.graph is not None:
        sentences["mge"] = graph_sentence(page.graph)
    shown = [
        section
        for section in SECTIONS
        if section.name in sentences
        and (section.charts or not set(section.figures).isdisjoint(page.figures))
    ]
    sections: list[dict[str, Any]] = [
        {
            "name": section.name,
            "title": section.title,
            "sentence": sentences[section.name],
            "about": section.about,
            "charts": [name for name in section.charts if name in charts],
            "figures": [
                {"name": name, "caption": page.captions[f"{name}_figure"]}
                for name in section.figures
                if name in page.figures
            ],
            "tables": [name for name in section.tables if name in page.tables],
        }
        for section in shown
    ]
    packed = {
        ROWS: networks.rows,
        "charts": charts,
        "figures": dict(page.figures),
        "tables": {
            name: networks_table(networks) if name == "networks" else score_table(page.tables[name])
            for section in sections
            for name in section["tables"]
        },
    }
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("study.html")
    return template.render(
        page=page,
        sections=sections,
        data=pack_json(packed),
        vega=pack(vega_script()),
        style=(_TEMPLATES / "study.css").read_text(encoding="utf-8"),
        script=(_TEMPLATES / "study.js").read_text(encoding="utf-8"),
    )


def _charts(tables: Mapping[str, pd.DataFrame], networks: NetworkRows) -> dict[str, Any]:
    """The charts that have something to show, as Vega-Lite."""
    labels = {
        name: metric.label for name, metric in study_metrics(tables["networks"].columns).items()
    }
    charts = {
        "drop": drop_chart(networks, _best_metric(tables["prediction"], networks)),
        "accuracy": accuracy_chart(networks),
        "prediction": prediction_chart(tables["prediction"], labels),
        "importance": importance_chart(tables["importance"], labels),
        "ranking": ranking_chart(tables["ranking_means"]),
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def _best_metric(prediction: pd.DataFrame, networks: NetworkRows) -> str:
    """The metric that predicts best among all networks; the first one if none can be told."""
    own = prediction[(prediction["subset_kind"] == ALL) & (prediction["kind"] == METRIC)]
    own = own[own["r2"].notna() & own["predictor"].isin(list(networks.metrics))]
    if own.empty:
        return next(iter(networks.metrics))
    return str(own.sort_values("r2", kind="stable")["predictor"].iloc[-1])
