"""A static HTML page with the paper's tables beside ours, cell by cell."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.paper.comparison import Comparison, check_permuted
from sparsetopo.analysis.paper.comparison_tables import (
    MAE_TOLERANCE,
    R2_TOLERANCE,
    RANKING_TOLERANCE,
    STRATEGIES,
    beyond,
)
from sparsetopo.plots.pages.document import PageItem, document
from sparsetopo.plots.style import display
from sparsetopo.plots.subsets import NAME

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th { font-weight: 600; } th.name, td.name { text-align: left; white-space: normal; }
td.off { background: #fde2cf; } td.yes { background: #dff1e6; } td.no { background: #fde2cf; }
tr.start > * { border-top: 2px solid #888; }
td b { font-weight: 600; } .paper { color: #555; } .difference { color: #555; font-size: .8em; }
.scroll { overflow-x: auto; } li { margin: .3rem 0; } figure { margin: 2.5rem 0; } figure img { width: 100%; }
"""
_OFF = "*"
_SHOWN = 15
"""More remarks than this are collapsed."""
_TITLES = {"table4": "Table 4: all seven algorithms", "table11": "Table 11: algorithms that score weights",
           "table12": "Table 12: algorithms that draw masks at random"}  # fmt: skip


def comparison_page(
    title: str,
    comparison: Comparison,
    facts: Iterable[str] = (),
    permuted: pd.DataFrame | None = None,
    figures: Iterable[PageItem] = (),
    footer: str = "",
) -> str:
    """HTML of the page: the summary first, then each table with its remarks below it.

    The facts are sentences about the data: what was read, what is missing. `permuted` has a row per permutation of the
    mixture's weights among the metrics: permutation, cells_within (of the 60 cells of tables 4, 11 and 12). The figures
    are those of results for which the paper prints no numbers to compare with; `title` and `footer` are as in `page`.
    """
    parts = [
        _summary(comparison.summary, permuted),
        _list("What was read", facts),
        _table3(comparison.table3),
        *(
            _ranking(_TITLES[name], table, comparison.means[name])
            for name, table in comparison.rankings.items()
        ),
        *(
            f'<figure><h2>{escape(item.title)}</h2><img src="{escape(item.path)}" alt="{escape(item.title)}" />'
            f"<figcaption>{escape(item.caption)}</figcaption></figure>"
            for item in figures
        ),
    ]
    return document(title, _STYLE, "".join(parts), footer)


def _summary(summary: pd.DataFrame, permuted: pd.DataFrame | None) -> str:
    top = rest = ""
    for row in summary.to_dict("records"):
        tables = "Tables" if "," in row["table"] and "row" not in row["table"] else "Table"
        name = f"{tables} {row['table']}: {display(str(row['quantity']))}"
        within = f"{row['within']} of {row['cells']}"
        missing = row["cells"] - row["computed"]
        within += f" ({missing} not computed)" if missing else ""
        mean = _number(row["mean_absolute_difference"], 4)
        cells = f'<td class="name">{escape(name)}</td><td>{within}</td>'
        cells += f"<td>&plusmn;{row['tolerance']:g}</td><td>{mean}</td>"
        if row["aim"] != "":
            aim = f'<td class="name">{escape(str(row["aim"]))}</td>'
            met = f'<td class="{row["met"]}">{row["met"] or "&ndash;"}</td>'
            top += f"<tr>{cells}{aim}{met}</tr>"
        else:
            rest += f"<tr>{cells}</tr>"
    head = "<th>cells met</th><th>to within</th><th>mean |difference|</th>"
    return (
        "<h2>Summary</h2>\n"
        f'<table><tr><th class="name">quantity</th>{head}<th class="name">aim</th><th>reached</th></tr>\n'
        f"{top}</table>\n"
        f"{_permuted(summary, permuted)}"
        "<details><summary>Table by table</summary><table>"
        f'<tr><th class="name">quantity</th>{head}</tr>\n{rest}</table></details>\n'
    )


def _permuted(summary: pd.DataFrame, permuted: pd.DataFrame | None) -> str:
    if permuted is None or permuted.empty:
        return ""
    counts = check_permuted(permuted)["cells_within"]
    own = summary[(summary["quantity"] == "mixture") & (summary["aim"] != "")]
    ours = f" With its own weights it meets {own['within'].iloc[0]}." if len(own) else ""
    return (
        "<p>Is that more than chance? With its weights permuted among the metrics, the mixture meets "
        f"{counts.mean():.1f} of the {own['cells'].iloc[0] if len(own) else 60} cells on average over {len(counts)} "
        f"permutation(s), between {int(counts.min())} and {int(counts.max())}.{ours}</p>\n"
    )


def _list(title: str, sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>\n" if items else ""


def _table3(table: pd.DataFrame) -> str:
    rows = []
    previous = ""
    for row in table.to_dict("records"):
        start = ' class="start"' if row["encoding"] != previous else ""
        previous = str(row["encoding"])
        cells = f'<td class="name">{escape(previous)}</td><td class="name">{escape(str(row[NAME]))}</td>'
        for ours, paper, difference, digits, tolerance in (
            ("adjusted_r2", "paper_adjusted_r2", "difference_r2", 2, R2_TOLERANCE),
            ("mae", "paper_mae", "difference_mae", 3, MAE_TOLERANCE),
        ):
            css, mark = _marked(row[difference], tolerance, ' class="difference"')
            cells += f"<td><b>{_number(row[ours], digits + 1)}</b></td>"
            cells += f'<td class="paper">{_number(row[paper], digits)}</td>'
            cells += f"<td{css}>{_number(row[difference], digits + 1, '+')}{mark}</td>"
        rows.append(f"<tr{start}>{cells}</tr>")
    head = "<th>ours</th><th>paper</th><th>difference</th>"
    return (
        f"<h2>Table 3: regression of the accuracy drop</h2>\n<p>{_OFF} off by more than {R2_TOLERANCE:g} (R2) or "
        f"{MAE_TOLERANCE:g} (error).</p>\n<div class='scroll'><table>"
        '<tr><th class="name"></th><th class="name"></th><th colspan="3">adjusted R2</th>'
        '<th colspan="3">mean absolute error</th></tr>'
        f'<tr><th class="name">encoding</th><th class="name">subset</th>{head}{head}</tr>\n'
        f"{''.join(rows)}</table></div>\n{_remarks(table, ['encoding', NAME])}"
    )


def _ranking(title: str, table: pd.DataFrame, means: pd.DataFrame) -> str:
    sparsities = list(dict.fromkeys(table["sparsity"]))
    cells = {
        (row["architecture"], row["strategy"], row["sparsity"]): row
        for row in table.to_dict("records")
    }
    averages = {(row["architecture"], row["strategy"]): row for row in means.to_dict("records")}
    rows = []
    for architecture in dict.fromkeys(table["architecture"]):
        for strategy in STRATEGIES:
            start = ' class="start"' if strategy == STRATEGIES[0] else ""
            line = [cells.get((architecture, strategy, sparsity)) for sparsity in sparsities]
            line.append(averages.get((architecture, strategy)))
            values = "".join(map(_three, line))
            rows.append(
                f'<tr{start}><td class="name">{escape(str(architecture))}</td>'
                f'<td class="name">{escape(display(strategy))}</td>{values}</tr>'
            )
    head = "".join(f"<th>{escape(str(sparsity))}</th>" for sparsity in [*sparsities, "average"])
    both = pd.concat([table, means.assign(sparsity="average")])
    return (
        f"<h2>{escape(title)}</h2>\n<p>Rank-biased overlap with the true ranking, by sparsity: <b>ours</b> "
        f'<span class="paper">paper</span> <span class="difference">difference</span>; {_OFF} off by more than '
        f"{RANKING_TOLERANCE:g}.</p>\n<div class='scroll'><table>"
        f'<tr><th class="name">architecture</th><th class="name">strategy</th>{head}</tr>\n'
        f"{''.join(rows)}</table></div>\n{_remarks(both, ['architecture', 'strategy', 'sparsity'])}"
    )


def _three(row: Mapping[Hashable, Any] | None) -> str:
    """One cell: our value, the paper's, and their difference; marked if it is off."""
    if row is None:
        return "<td></td>"
    css, mark = _marked(row["difference"], RANKING_TOLERANCE, "")
    return (
        f'<td{css}><b>{_number(row["rbo"], 3)}</b> <span class="paper">{_number(row["paper_rbo"], 2)}</span> '
        f'<span class="difference">{_number(row["difference"], 3, "+")}</span>{mark}</td>'
    )


def _marked(difference: float, tolerance: float, otherwise: str) -> tuple[str, str]:
    """CSS class and mark of a cell that is off; `otherwise` and no mark for others."""
    off = bool(beyond(pd.Series([difference]), tolerance).iloc[0])
    return (' class="off"', _OFF) if off else (otherwise, "")


def _remarks(table: pd.DataFrame, keys: Sequence[str]) -> str:
    said = table[table["remark"] != ""]
    if said.empty:
        return "<p>No cell is off.</p>\n"
    items = []
    for row in said.to_dict("records"):
        where = ", ".join(display(str(row[key])) for key in keys)
        items.append(f"<li><b>{escape(where)}</b>: {escape(str(row['remark']))}</li>")
    shown = ' open=""' if len(items) <= _SHOWN else ""
    return f"<details{shown}><summary>{len(items)} remark(s)</summary><ul>{''.join(items)}</ul></details>\n"


def _number(value: float, digits: int, sign: str = "") -> str:
    return f"{value:{sign}.{digits}f}" if np.isfinite(value) else "undefined"
