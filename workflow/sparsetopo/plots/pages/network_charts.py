"""Interactive charts of the networks: any metric against the lost accuracy, and accuracy against sparsity.

They are Vega-Lite specifications made with Altair. Both read the rows of `network_rows`, which the page gives them
under the name "networks".
"""

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
from matplotlib import colormaps
from matplotlib.colors import to_hex

from sparsetopo.plots.pages.network_rows import NetworkRows
from sparsetopo.plots.style import STYLES

ROWS = "networks"
EVERY = "all"
"""The choice of a filter that leaves every network in."""

_AXES = {
    "algorithm": "algorithm",
    "sparsity": "sparsity",
    "architecture": "architecture",
    "dataset": "data set",
}
# Matplotlib's markers as Vega's symbols, or as paths in a square of two by two.
_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z",
    "*": "M0,-1L.25,-.3L1,-.3L.4,.15L.6,.9L0,.45L-.6,.9L-.4,.15L-1,-.3L-.25,-.3Z",
    "h": "M0,-1L.87,-.5L.87,.5L0,1L-.87,.5L-.87,-.5Z",
    "<": "triangle-left",
    ">": "triangle-right",
    "p": "M0,-1L.95,-.31L.59,.81L-.59,.81L-.95,-.31Z",
}
_HOVER = [
    alt.Tooltip("algorithm:N"),
    alt.Tooltip("sparsity:N"),
    alt.Tooltip("architecture:N"),
    alt.Tooltip("dataset:N", title="data set"),
    alt.Tooltip("seed:N"),
    alt.Tooltip("accuracy:Q", format=".1%"),
    alt.Tooltip("lost:Q", format=".1%", title="accuracy lost"),
]
# Pearson's correlation of "value" and "lost" by sums, since Vega-Lite has no aggregate for it.
_CORRELATION = (
    "datum.vv > 0 && datum.ll > 0 ? "
    "', correlation ' + format(datum.vl / sqrt(datum.vv * datum.ll), '.2f') : ''"
)


def drop_chart(networks: NetworkRows, metric: str) -> dict[str, Any]:
    """Any metric against the lost accuracy: at first `metric`; filters for the axes of the grid.

    Colours and marks tell apart what the reader chooses, and a click on the legend shows that alone. The text says how
    many networks are shown, and how the two go together.
    """
    axes = {
        axis: values for axis, values in networks.axes.items() if axis in _AXES and len(values) > 1
    }
    axes = axes or {"algorithm": networks.axes["algorithm"]}
    chosen = _select("metric", list(networks.metrics), metric, list(networks.metrics.values()))
    groups = _select(
        "group", list(axes), next(iter(axes)), [_AXES[axis] for axis in axes], "tell apart"
    )
    filters = {
        axis: _select(f"only_{axis}", [EVERY, *values], EVERY, name=_AXES[axis])
        for axis, values in axes.items()
    }
    listed = f"{json.dumps({axis: list(values) for axis, values in axes.items()})}[group]"
    names, colours, shapes = _group_styles(networks, axes)
    legend = alt.Legend(
        title=None, values=alt.ExprRef(listed), columns=alt.ExprRef("width < 500 ? 3 : 8")
    )
    picked = alt.selection_point(fields=["of"], bind="legend", toggle="true", name="picked")
    base = alt.Chart(alt.NamedData(ROWS)).transform_calculate(
        value="datum[metric]", of="datum[group]"
    )
    base = base.transform_filter("isValid(datum.value) && isValid(datum.lost)")
    for axis in filters:
        base = base.transform_filter(f"only_{axis} == '{EVERY}' || datum['{axis}'] == only_{axis}")
    base = base.transform_filter(picked)
    colour = alt.Color("of:N", legend=legend, scale=alt.Scale(domain=names, range=colours))
    shape = alt.Shape("of:N", legend=legend, scale=alt.Scale(domain=names, range=shapes))
    points = (
        base.mark_point(filled=True, size=55, opacity=0.8)
        .encode(
            x=alt.X("value:Q", title=None, scale=alt.Scale(zero=False, nice=False, padding=10)),
            y=alt.Y(
                "lost:Q", title="accuracy lost, share of the dense one", axis=alt.Axis(format=".0%")
            ),
            color=colour,
            shape=shape,
            tooltip=[*_HOVER, alt.Tooltip("value:Q", title="value", format=".4~g")],
        )
        .add_params(chosen, groups, *filters.values(), picked)
    )
    said = (
        base.transform_joinaggregate(mv="mean(value)", ml="mean(lost)")
        .transform_calculate(v="datum.value - datum.mv", l="datum.lost - datum.ml")
        .transform_calculate(vv="datum.v * datum.v", ll="datum.l * datum.l", vl="datum.v * datum.l")
        .transform_aggregate(n="count()", vv="sum(vv)", ll="sum(ll)", vl="sum(vl)")
        .transform_calculate(text=f"datum.n + ' networks' + ({_CORRELATION})")
        .mark_text(align="right", baseline="bottom", dy=-6)
        .encode(x=alt.value(alt.ExprRef("width")), y=alt.value(0), text="text:N")
    )
    labels = json.dumps(dict(networks.metrics))
    title = alt.TitleParams(text=alt.ExprRef(f"{labels}[metric]"), orient="bottom", anchor="middle")
    chart = alt.layer(points, said).properties(width="container", height=380, title=title)
    return chart.to_dict()


def accuracy_chart(networks: NetworkRows) -> dict[str, Any]:
    """Accuracy against sparsity by algorithm: the mean over seeds, and their range; dashed: the dense networks."""
    places = [
        f"{architecture}, {dataset}"
        for architecture, dataset in itertools.product(
            networks.axes["architecture"], networks.axes["dataset"]
        )
        if any(
            row["architecture"] == architecture and row["dataset"] == dataset
            for row in networks.rows
        )
    ]
    place = _select("place", places, places[0], name="architecture, data set")
    names, colours, shapes = _group_styles(networks, ["algorithm"])
    picked = alt.selection_point(fields=["algorithm"], bind="legend", toggle="true", name="curves")
    base = (
        alt.Chart(alt.NamedData(ROWS))
        .transform_filter("datum.architecture + ', ' + datum.dataset == place")
        .transform_filter("isValid(datum.accuracy)")
    )
    dense = base.mark_rule(strokeDash=[5, 4], color="currentColor").encode(
        y="mean(dense):Q", tooltip=[alt.Tooltip("mean(dense):Q", title="dense", format=".1%")]
    )
    curves = (
        base.transform_filter(picked)
        .transform_aggregate(
            mean="mean(accuracy)", low="min(accuracy)", high="max(accuracy)", networks="count()",
            groupby=["algorithm", "sparsity"],
        )
        .encode(
            x=alt.X(
                "sparsity:O", title="sparsity (share of weights pruned)",
                sort=list(networks.axes["sparsity"]), axis=alt.Axis(labelAngle=0),
            ),
            color=_styled(alt.Color, names, colours),
        )
    )  # fmt: skip
    low = alt.Y(
        "low:Q", title="test accuracy", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False)
    )
    points = curves.mark_point(filled=True, size=60, opacity=1).encode(
        y=alt.Y("mean:Q", title="test accuracy"),
        shape=_styled(alt.Shape, names, shapes),
        tooltip=[
            *_HOVER[:2],
            *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("mean", "low", "high")),
            alt.Tooltip("networks:Q"),
        ],
    )
    layers = alt.layer(
        curves.mark_rule().encode(y=low, y2="high:Q"),
        curves.mark_line(opacity=0.7).encode(y="mean:Q"),
        points.add_params(place, picked),
        dense,
    )
    chart = layers.properties(width="container", height=340)
    return chart.to_dict()


def _select(
    parameter: str,
    options: Sequence[str],
    first: str,
    labels: Sequence[str] = (),
    name: str = "",
) -> alt.Parameter:
    """A list to choose from, named in the expressions of a chart by `parameter`."""
    box = alt.binding_select(
        options=list(options), labels=list(labels or options), name=name or parameter
    )
    return alt.param(name=parameter, value=first, bind=box)


def _styled(channel: Any, names: Sequence[str], values: Sequence[str]) -> Any:
    legend = alt.Legend(title=None, columns=alt.ExprRef("width < 500 ? 3 : 8"))
    return channel(
        "algorithm:N", legend=legend, scale=alt.Scale(domain=list(names), range=list(values))
    )


def _group_styles(
    networks: NetworkRows, axes: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """Names, colours and symbols of all groups; algorithms as in the figures, sparsities from dark to light."""
    names: list[str] = []
    colours: list[str] = []
    symbols: list[str] = []
    for axis in axes:
        values = networks.axes[axis]
        names += values
        styles = list(networks.algorithm_styles.values())
        if axis != "algorithm":
            styles = [STYLES[number % len(STYLES)] for number in range(len(values))]
        if axis == "sparsity":
            shades = colormaps["viridis"](
                [0.15 + 0.75 * n / max(len(values) - 1, 1) for n in range(len(values))]
            )
            styles = [
                (to_hex(shade), marker) for shade, (_, marker) in zip(shades, styles, strict=True)
            ]
        colours += [colour for colour, _ in styles]
        symbols += [_SYMBOLS[marker] for _, marker in styles]
    return names, colours, symbols
