"""Rule `report`: the figures, and a page that shows them."""

from job import run_job


def work(snakemake, specification):
    import logging
    from pathlib import Path

    from sparsetopo.analysis.graph_summary import summarise_graph
    from sparsetopo.analysis.prediction.headline import headline
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import figure_note, source_note, variant_note
    from sparsetopo.analysis.tables.summary import study_facts
    from sparsetopo.analysis.tables.table import read_table
    from sparsetopo.files import canonical_json, write_text
    from sparsetopo.graphs import MGE
    from sparsetopo.plots.figures import STUDY_FIGURES, STUDY_TABLES, read_tables
    from sparsetopo.plots.pages.captions import read_captions
    from sparsetopo.plots.pages.document import PageItem
    from sparsetopo.plots.pages.packing import LARGEST_FRAMED
    from sparsetopo.plots.pages.study import StudyPage, study_page
    from sparsetopo.plots.saving import save_figure
    from sparsetopo.plots.style import add_note
    from sparsetopo.version import package_version

    files = snakemake.input
    released = specification["published"]
    published = specification["accuracies"] == "published"
    initial = specification["weights"] == "initial" and not released
    pngs = {Path(path).stem: path for path in snakemake.output.png}
    drawn = [figure for figure in STUDY_FIGURES if figure.name in pngs]
    for figure in drawn:
        image = figure.draw(files)
        if figure.notes:
            note = figure_note(published, initial and "metrics" in figure.notes, released=released)
            add_note(image, note)
        save_figure(image, getattr(snakemake.output, figure.name))
        save_figure(image, pngs[figure.name])

    # What the captions read of the configuration, as Snakemake's own report gives it to them.
    configuration = {
        "study": specification["study"],
        "accuracies": specification["accuracies"],
        "topometrics": {"weights": [specification["weights"]]},
        "published": released,
    }
    folder = Path(__file__).resolve().parents[1] / "report"
    captions = read_captions(sorted(folder.glob("*.rst")), configuration)
    graph = None
    if files.mge:
        graph = summarise_graph(MGE.load(files.mge))
        shown = " / ".join(Path(files.mge).parts[-5:]).removesuffix(".safetensors")
        captions["mge_figure"] += f" Shown: {shown}."
    index = Path(snakemake.output.index)
    links = [
        PageItem(f"tables/{name}.csv", name, captions[name])
        for name in STUDY_TABLES
        if (index.parent / f"tables/{name}.csv").exists()
    ]
    links += [
        PageItem(f"figures/{figure.name}.svg", figure.title, figure.title) for figure in drawn
    ]
    tables = read_tables(files)
    networks = tables["networks"]
    metrics = list(study_metrics(networks.columns))
    dense = read_table(files.dense)
    told = headline(networks, dense, tables["prediction"], tables["ranking_means"])
    write_text(snakemake.output.headline, "\n".join(told) + "\n")
    sources = source_note(published, initial, metrics, released=released)
    page = StudyPage(
        title=f"Topology of sparse networks: study {specification['study']}",
        headline=told,
        notices=[note for note in (sources, variant_note(specification["definitions"])) if note],
        facts=study_facts(networks, metrics),
        tables=tables,
        figures={
            figure.name: Path(getattr(snakemake.output, figure.name)).read_text(encoding="utf-8")
            for figure in drawn
        },
        captions=captions,
        links=links,
        footer=f"sparsetopo {package_version()}; report made by {canonical_json(specification)}",
        graph=graph,
    )
    write_text(index, study_page(page))
    if index.stat().st_size > LARGEST_FRAMED:
        logging.warning(
            "%s has %.1f MB: it opens by itself, but Chromium will not show it inside Snakemake's report.",
            index,
            index.stat().st_size / 1e6,
        )


run_job(snakemake, work)  # noqa: F821
