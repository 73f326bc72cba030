"""Rule `comparison`: the paper's tables beside ours, and a page that shows both."""

from job import run_job
from study import read_ranked


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.analysis.paper.comparison import cells_within, compare
    from sparsetopo.analysis.paper.comparison_lines import comparison_lines
    from sparsetopo.analysis.ranking.permuted import permuted_weights
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.table import read_table, write_table
    from sparsetopo.files import canonical_json, read_json, write_text
    from sparsetopo.plots.pages.comparison import comparison_page
    from sparsetopo.plots.pages.document import PageItem
    from sparsetopo.version import package_version

    files = snakemake.input
    regression, rankings, ranking, means = (
        read_table(files[name]) for name in ("regression", "rankings", "ranking", "means")
    )
    comparison = compare(regression, rankings, ranking, means)
    networks = read_ranked(files)
    permuted = permuted_weights(
        networks,
        study_metrics(networks.columns),
        specification["pools"],
        seed=specification["seed"],
    )
    permuted = cells_within(permuted)
    ramanujan = read_table(files.ramanujan)
    tables = {
        **comparison.tables(),
        "permuted_weights": permuted,
        "importance": read_table(files.importance),
        "figure5": ramanujan[ramanujan["against"] == "density"],
    }
    for path in snakemake.output.tables:
        write_table(path, tables[Path(path).stem])
    captions = {
        "table3": "Table 3 of the paper: printed (hollow) and computed here (filled).",
        "importance": "Figures 3 and 4 of the paper: correlation of each topometric with the accuracy drop.",
        "ramanujan": "Figures 2 and 5 of the paper: Ramanujan metrics of layers against their density.",
    }
    shown = [PageItem(f"figures/{name}.svg", name, text) for name, text in captions.items()]
    footer = f"sparsetopo {package_version()}; made by {canonical_json(specification)}"
    page = comparison_page(
        "The paper's tables, from its authors' released results",
        comparison,
        read_json(files.record)["notes"],
        permuted[permuted["permutation"] > 0],
        shown,
        footer,
    )
    write_text(snakemake.output.page, page)
    write_text(snakemake.output.lines, "\n".join(comparison_lines(comparison, permuted)) + "\n")


run_job(snakemake, work)  # noqa: F821
