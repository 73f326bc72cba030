"""Interactive charts of what the analyses found: prediction, importance and ranking, as Vega-Lite made with Altair."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from sparsetopo.analysis.prediction.scores import SET
from sparsetopo.metrics.registry import CATEGORIES
from sparsetopo.plots.pages.network_rows import rounded
from sparsetopo.plots.ranking_checks import CHECKS, POOLS
from sparsetopo.plots.style import display, known_first
from sparsetopo.plots.subsets import SUBSET, subsets_of

Chart = dict[str, Any]
"""A chart as Vega-Lite."""

_FLOOR = -0.2
"""Lower scores are drawn here, since how far they lie below 0 says nothing."""
_BAR = 17
"""Height of a row, pixels."""
_SETS = {
    "MGE": "all topometrics",
    "MGE-trained": "all topometrics, trained weights",
    "MGE-size-free": "all topometrics, size-free",
    "size": "size: nodes, edges, density",
    "rolled": "layers, rolled",
    "rolled-channel": "layers, rolled-channel",
}


def prediction_chart(table: pd.DataFrame, labels: Mapping[str, str]) -> Chart | None:
    """R2 of every set of metrics and every single one, with its interval; None if there is no number at all.

    The subset of networks is chosen; a predictor that has too few of them says so.
    """
    if not (table["status"] == "ok").any():
        return None
    subsets = [_subset_name(kind, name) for kind, name in subsets_of(table)]
    own = pd.DataFrame(
        {
            "subset": [_subset_name(kind, name) for kind, name in zip(*_columns(table, *SUBSET), strict=True)],
            "kind": ["set of metrics" if kind == SET else "single metric" for kind in table["kind"]],
            "predictor": [_SETS.get(name, labels.get(name, name)) for name in table["predictor"]],
            "order": [kind != SET for kind in table["kind"]],
            **{name: rounded(table[name], 3) for name in ("r2", "low", "high", "beyond_size")},
            "drawn": rounded(table["r2"].clip(lower=_FLOOR), 3),
            "networks": table["networks"],
            "status": table["status"],
        }
    )  # fmt: skip
    base = (
        _chart(own)
        .add_params(_choice("networks_of", subsets, "networks"))
        .transform_filter("datum.subset == networks_of")
    )
    order = alt.Sort(field="rank", order="ascending")
    base = base.transform_window(
        rank="row_number()",
        sort=[alt.SortField("order"), alt.SortField("r2", order="descending")],
    )
    rows = alt.Y("predictor:N", title=None, sort=order)
    scale = alt.Scale(domain=[_FLOOR, 1], clamp=True)
    colour = alt.Color(
        "kind:N", legend=alt.Legend(title=None),
        scale=alt.Scale(domain=["set of metrics", "single metric"], range=["#D55E00", "#0072B2"]),
    )  # fmt: skip
    marks = alt.Scale(domain=["set of metrics", "single metric"], range=["diamond", "circle"])
    hover = [
        alt.Tooltip("predictor:N"),
        *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("r2", "low", "high")),
        alt.Tooltip("beyond_size:Q", title="beyond the size", format=".2f"),
        alt.Tooltip("networks:Q"),
        alt.Tooltip("status:N"),
    ]
    title = ["R² of networks that were left out", "(0: no better than their mean)"]
    layers = alt.layer(
        _zero(),
        base.mark_rule().encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=rows, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=alt.X("drawn:Q", title=title, scale=scale),
            y=rows, color=colour, shape=alt.Shape("kind:N", scale=marks), tooltip=hover,
        ),
        base.transform_filter("!isValid(datum.r2)").mark_text(align="left", dx=4).encode(
            x=alt.X(datum=0), y=rows, text="status:N"
        ),
    )  # fmt: skip
    chart = layers.properties(width="container", height=_BAR * own["predictor"].nunique())
    return chart.to_dict()


def importance_chart(table: pd.DataFrame, labels: Mapping[str, str]) -> Chart | None:
    """Heat map of each metric's correlation with the accuracy drop by subset; None if there is no number at all."""
    if "weights" in table:
        table = table[table["weights"] == table["weights"].iloc[0]]
    defined = table["status"] == "ok"
    if not defined.any():
        return None
    own = pd.DataFrame(
        {
            "subset": [_subset_name(kind, name) for kind, name in zip(*_columns(table, *SUBSET), strict=True)],
            "metric": [labels.get(name, name) for name in table["metric"]],
            "family": table["category"],
            "correlation": rounded(table["pearson_r"].where(defined), 3),
            "networks": table["rows"],
            "status": table["status"],
        }
    )  # fmt: skip
    families = known_first(own["family"], CATEGORIES)
    ordered = own.assign(at=own["family"].map(families.index)).sort_values("at", kind="stable")
    base = _chart(own).encode(
        x=alt.X(
            "subset:N", title=None, sort=[_subset_name(*subset) for subset in subsets_of(table)],
            axis=alt.Axis(orient="top", labelAngle=-40),
        ),
        y=alt.Y(
            "metric:N", title=None, sort=list(dict.fromkeys(ordered["metric"])),
            ),
        tooltip=[
            alt.Tooltip("metric:N"), alt.Tooltip("family:N"), alt.Tooltip("subset:N"),
            alt.Tooltip("correlation:Q", format=".2f"), alt.Tooltip("networks:Q"), alt.Tooltip("status:N"),
        ],
    )  # fmt: skip
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.condition(
            "isValid(datum.correlation)",
            alt.Color(
                "correlation:Q", title="correlation with the lost accuracy", legend=alt.Legend(titleLimit=300),
                scale=alt.Scale(scheme="redblue", domain=[-1, 1], reverse=True),
            ),
            alt.value("#d0d0d0"),
        )
    )  # fmt: skip
    numbers = base.mark_text(fontSize=10).encode(
        text=alt.condition(
            "isValid(datum.correlation)", alt.Text("correlation:Q", format=".2f"), alt.value("–")
        ),
        color=alt.condition(
            "isValid(datum.correlation) && abs(datum.correlation) > 0.65",
            alt.value("#ffffff"),
            alt.value("#111111"),
        ),
    )
    chart = alt.layer(cells, numbers).properties(
        width="container", height=_BAR * own["metric"].nunique()
    )
    return chart.to_dict()


def ranking_chart(means: pd.DataFrame) -> Chart | None:
    """Agreement of each strategy's ranking with the true one, and of random orders; None if there is no number."""
    means = means[means["strategy"] != "chance"]  # the grey bars
    if means["rbo"].isna().all():
        return None
    own = pd.DataFrame(
        {
            "pool": [POOLS.get(name, name) for name in means["pool"]],
            "architecture": means["architecture"],
            "strategy": [_strategy_name(name) for name in means["strategy"]],
            **{
                name: rounded(means[name], 3)
                for name in ("rbo", "low", "high", "null_mean", "null_95", "p_value")
            },
            "status": means["status"],
        }
    )
    base = (
        _chart(own)
        .add_params(
            _choice("ranked_on", list(dict.fromkeys(own["architecture"])), "architecture"),
            _choice("ranked", list(dict.fromkeys(own["pool"])), "algorithms"),
        )
        .transform_filter("datum.architecture == ranked_on && datum.pool == ranked")
    )
    rows = alt.Y(
        "strategy:N", title=None, sort=alt.Sort(field="rbo", op="max", order="descending"),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1])
    hover = [
        alt.Tooltip("strategy:N"),
        alt.Tooltip("rbo:Q", title="agreement", format=".2f"),
        *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("low", "high")),
        alt.Tooltip("null_mean:Q", title="random orders", format=".2f"),
        alt.Tooltip("null_95:Q", title="95 % of random orders below", format=".2f"),
        alt.Tooltip("p_value:Q", title="p", format=".3f"),
        alt.Tooltip("status:N"),
    ]
    title = ["agreement with the true order", "(grey: random orders)"]
    layers = alt.layer(
        base.mark_rule(strokeWidth=9, color="#9a9a9a", opacity=0.5).encode(
            x=alt.X("null_mean:Q", title=title, scale=scale), x2="null_95:Q", y=rows
        ),
        base.mark_rule(color="#0072B2").encode(x=alt.X("low:Q"), x2="high:Q", y=rows),
        base.mark_point(filled=True, size=70, opacity=1, color="#0072B2").encode(
            x=alt.X("rbo:Q"), y=rows, tooltip=hover
        ),
        base.transform_filter("!isValid(datum.rbo)").mark_text(align="left", dx=4).encode(
            x=alt.X(datum=0), y=rows, text="status:N"
        ),
    )  # fmt: skip
    chart = layers.properties(width="container", height=_BAR * own["strategy"].nunique())
    return chart.to_dict()


def _chart(table: pd.DataFrame) -> alt.Chart:
    rows: Any = table.astype(object).where(table.notna(), None).to_dict("records")
    return alt.Chart(alt.InlineData(values=rows))


def _zero() -> alt.Chart:
    return (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(color="currentColor", opacity=0.5)
        .encode(x=alt.X(datum=0))
    )


def _choice(parameter: str, options: list[str], name: str) -> alt.Parameter:
    return alt.param(
        name=parameter, value=options[0], bind=alt.binding_select(options=options, name=name)
    )


def _strategy_name(name: str) -> str:
    """As in the figure of checks, but where the paper's mixture may not stand above its variants."""
    return CHECKS.get(name, display(name)).replace("...", "mixture")


def _subset_name(kind: str, name: str) -> str:
    return f"sparsity {name}" if kind == "sparsity" else name


def _columns(table: pd.DataFrame, *names: str) -> list[list[str]]:
    return [table[name].astype(str).tolist() for name in names]
