"""Rule `report`: the figures, and a page that shows them."""

from job import run_job


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.analysis.prediction.headline import headline
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import figure_note, source_note, variant_note
    from sparsetopo.analysis.tables.summary import study_facts
    from sparsetopo.analysis.tables.table import read_table
    from sparsetopo.files import canonical_json, write_text
    from sparsetopo.plots.figures import STUDY_FIGURES, STUDY_TABLES
    from sparsetopo.plots.pages.captions import read_captions
    from sparsetopo.plots.pages.index import PageItem, page
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
    if files.mge:
        graph = " / ".join(Path(files.mge).parts[-5:]).removesuffix(".safetensors")
        captions["mge_figure"] += f" Shown: {graph}."
    index = Path(snakemake.output.index)
    figures = [
        PageItem(f"figures/{figure.name}.svg", figure.title, captions[f"{figure.name}_figure"])
        for figure in drawn
    ]
    tables = [
        PageItem(f"tables/{name}.csv", f"{name}.csv", captions[name])
        for name in STUDY_TABLES
        if (index.parent / f"tables/{name}.csv").exists()
    ]
    networks = read_table(files.networks)
    metrics = list(study_metrics(networks.columns))
    dense = read_table(files.dense)
    told = headline(networks, dense, read_table(files.prediction), read_table(files.ranking_means))
    write_text(snakemake.output.headline, "\n".join(told) + "\n")
    facts = [*told, *study_facts(networks, dense, metrics)]
    sources = source_note(published, initial, metrics, released=released)
    notice = f"{sources} {variant_note(specification['definitions'])}".strip()
    title = f"Topology of sparse networks: study {specification['study']}"
    footer = f"sparsetopo {package_version()}; report made by {canonical_json(specification)}"
    write_text(index, page(title, facts, figures, tables, footer, notice))


run_job(snakemake, work)  # noqa: F821
