"""Rule `report`: the figures, and a page that shows them."""

from job import run_job


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.analysis.metrics import study_metrics
    from sparsetopo.analysis.tables import check_table, read_table
    from sparsetopo.files import canonical_json, write_text
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.plots.accuracy import plot_accuracy
    from sparsetopo.plots.graph import plot_graph
    from sparsetopo.plots.importance import plot_importance
    from sparsetopo.plots.page import PageItem, page
    from sparsetopo.plots.ranking import plot_ranking
    from sparsetopo.plots.regression import plot_regression
    from sparsetopo.plots.saving import save_figure
    from sparsetopo.version import package_version

    files = snakemake.input
    networks = read_table(files.networks)
    metrics = study_metrics(networks.columns)
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
        save_figure(figure, getattr(snakemake.output, name))
        save_figure(figure, pngs[name])

    captions = {
        path.stem: " ".join(path.read_text(encoding="utf-8").split())
        for path in map(Path, files.captions)
    }
    drawn = " / ".join(Path(files.mge).parts[-5:]).removesuffix(".safetensors")
    captions["mge_figure"] += f" Shown: {drawn}."
    dense = read_table(files.dense)
    diverged = int((networks["status"] == "diverged").sum())
    lost = int(networks["accuracy_drop"].isna().sum())
    facts = [
        f"{len(networks)} sparse networks, {len(dense)} dense baselines with a mean test accuracy of "
        f"{dense['accuracy'].mean():.1%}; {diverged} of the sparse ones diverged in training.",
        *(
            [f"{lost} networks have no accuracy drop, because their dense baselines diverged."]
            if lost
            else []
        ),
        *check_table(networks, list(metrics)).notes,
    ]
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
    write_text(snakemake.output.index, page(title, facts, shown, tables, footer))


run_job(snakemake, work)  # noqa: F821
