"""Rule `report`: the figures, and a page that shows them."""

from job import run_job

# In the order in which the page lists them; those of a study that has them.
TABLES = (
    *("networks", "dense", "layers", "ramanujan_layers"),
    *("regression", "regression_uncertainty", "families", "importance", "ramanujan"),
    *("ranking", "ranking_means", "rankings"),
)


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import figure_note, source_note, variant_note
    from sparsetopo.analysis.tables.summary import study_facts
    from sparsetopo.analysis.tables.table import read_table
    from sparsetopo.files import canonical_json, write_text
    from sparsetopo.plots.accuracy import plot_accuracy
    from sparsetopo.plots.captions import read_captions
    from sparsetopo.plots.checks import plot_checks
    from sparsetopo.plots.families import plot_families
    from sparsetopo.plots.importance import plot_importance
    from sparsetopo.plots.page import PageItem, page
    from sparsetopo.plots.ramanujan import plot_ramanujan
    from sparsetopo.plots.ranking import plot_ranking, plot_ranking_checks
    from sparsetopo.plots.regression import plot_regression
    from sparsetopo.plots.saving import save_figure
    from sparsetopo.plots.style import add_note
    from sparsetopo.version import package_version

    files = snakemake.input
    networks = read_table(files.networks)
    metrics = study_metrics(networks.columns)
    published = specification["accuracies"] == "published"
    initial = specification["weights"] == "initial" and not specification["published"]
    makers = {
        "accuracy": lambda: plot_accuracy(networks),
        "regression": lambda: plot_regression(read_table(files.regression)),
        "checks": lambda: plot_checks(
            read_table(files.regression), read_table(files.regression_uncertainty)
        ),
        "families": lambda: plot_families(read_table(files.families)),
        "importance": lambda: plot_importance(read_table(files.importance), metrics),
        "ramanujan": lambda: plot_ramanujan(read_table(files.ramanujan_layers[0])),
        "ranking": lambda: plot_ranking(read_table(files.ranking)),
        "ranking_checks": lambda: plot_ranking_checks(read_table(files.ranking_means)),
        "mge": lambda: graph_figure(files.mge),
    }
    pngs = {Path(path).stem: path for path in snakemake.output.png}
    for name in pngs:
        figure = makers[name]()
        if name != "mge":
            note = figure_note(
                published, initial and name != "accuracy", released=specification["published"]
            )
            add_note(figure, note)
        save_figure(figure, getattr(snakemake.output, name))
        save_figure(figure, pngs[name])

    # What the captions read of the configuration, as Snakemake's report gives it to them.
    configuration = {
        "study": specification["study"],
        "accuracies": specification["accuracies"],
        "topometrics": {"weights": specification["weights"]},
        "published": specification["published"],
    }
    folder = Path(__file__).resolve().parents[1] / "report"
    captions = read_captions(sorted(folder.glob("*.rst")), configuration)
    if files.mge:
        drawn = " / ".join(Path(files.mge).parts[-5:]).removesuffix(".safetensors")
        captions["mge_figure"] += f" Shown: {drawn}."
    facts = study_facts(networks, read_table(files.dense), list(metrics))
    notices = (
        source_note(published, initial, list(metrics), released=specification["published"]),
        variant_note(specification["definitions"]),
    )
    titles = {
        "accuracy": "Accuracy against sparsity",
        "regression": "Regression of the accuracy drop",
        "checks": "Does the regression hold?",
        "families": "What each family of topometrics contributes",
        "importance": "Importance of the topometrics",
        "ramanujan": "Ramanujan metrics against layer density",
        "ranking": "Ranking the algorithms",
        "ranking_checks": "Does the ranking hold?",
        "mge": "One multipartite graph",
    }
    shown = [
        PageItem(f"figures/{name}.svg", title, captions[f"{name}_figure"])
        for name, title in titles.items()
        if name in pngs
    ]
    made = [
        name
        for name in TABLES
        if (Path(snakemake.output.index).parent / f"tables/{name}.csv").exists()
    ]
    tables = [PageItem(f"tables/{name}.csv", f"{name}.csv", captions[name]) for name in made]
    title = f"Topology of sparse networks: study {specification['study']}"
    footer = f"sparsetopo {package_version()}; report made by {canonical_json(specification)}"
    write_text(
        snakemake.output.index, page(title, facts, shown, tables, footer, " ".join(notices).strip())
    )


def graph_figure(path):
    """The picture of one multipartite graph."""
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.plots.graph import plot_graph

    mge = MGE.load(path)
    return plot_graph(mge.layer_sizes, mge.to_scipy())


run_job(snakemake, work)  # noqa: F821
