"""Rule `report`: the figures, and a page that shows them."""

from job import run_job


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.analysis.metrics import study_metrics
    from sparsetopo.analysis.provenance import defined, figure_note, origin
    from sparsetopo.analysis.summary import study_facts
    from sparsetopo.analysis.tables import read_table
    from sparsetopo.files import canonical_json, write_text
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.plots.accuracy import plot_accuracy
    from sparsetopo.plots.captions import read_captions
    from sparsetopo.plots.graph import plot_graph
    from sparsetopo.plots.importance import plot_importance
    from sparsetopo.plots.page import PageItem, page
    from sparsetopo.plots.ranking import plot_ranking
    from sparsetopo.plots.regression import plot_regression
    from sparsetopo.plots.saving import save_figure
    from sparsetopo.plots.style import add_note
    from sparsetopo.version import package_version

    files = snakemake.input
    networks = read_table(files.networks)
    metrics = study_metrics(networks.columns)
    published = specification["accuracies"] == "published"
    initial = specification["weights"] == "initial"
    mge = MGE.load(files.mge)
    figures = {
        "accuracy": plot_accuracy(networks),
        "regression": plot_regression(read_table(files.regression)),
        "importance": plot_importance(read_table(files.importance), metrics),
        "ranking": plot_ranking(read_table(files.ranking)),
        "mge": plot_graph(mge.layer_sizes, mge.to_scipy()),
    }
    pngs = {Path(path).stem: path for path in snakemake.output.png}
    for name, figure in figures.items():
        if name != "mge":
            add_note(figure, figure_note(published, initial and name != "accuracy"))
        save_figure(figure, getattr(snakemake.output, name))
        save_figure(figure, pngs[name])

    # What the captions read of the configuration, as Snakemake's report gives it to them.
    configuration = {
        "study": specification["study"],
        "accuracies": specification["accuracies"],
        "topometrics": {"weights": specification["weights"]},
    }
    captions = read_captions(files.captions, configuration)
    drawn = " / ".join(Path(files.mge).parts[-5:]).removesuffix(".safetensors")
    captions["mge_figure"] += f" Shown: {drawn}."
    facts = study_facts(networks, read_table(files.dense), list(metrics))
    notices = (origin(published, initial, list(metrics)), defined(specification["definitions"]))
    titles = {
        "accuracy": "Accuracy against sparsity",
        "regression": "Regression of the accuracy drop",
        "importance": "Importance of the topometrics",
        "ranking": "Ranking the algorithms",
        "mge": "One multipartite graph",
    }
    shown = [
        PageItem(f"figures/{name}.svg", title, captions[f"{name}_figure"])
        for name, title in titles.items()
    ]
    tables = [
        PageItem(f"tables/{name}.csv", f"{name}.csv", captions[name])
        for name in ("networks", "dense", "regression", "importance", "ranking", "rankings")
    ]
    title = f"Topology of sparse networks: study {specification['study']}"
    footer = f"sparsetopo {package_version()}; report made by {canonical_json(specification)}"
    write_text(
        snakemake.output.index, page(title, facts, shown, tables, footer, " ".join(notices).strip())
    )


run_job(snakemake, work)  # noqa: F821
