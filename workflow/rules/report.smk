# Figures with captions, and a page that shows them.

from sparsetopo.plots.figures import figures_of_study

FIGURE_NAMES = figures_of_study(
    checks=CHECKS,
    layers=bool(RAMANUJAN_LAYERS),
    graphs=bool(MGES),
    comparison=bool(COMPARISON),
)
FIGURES = [f"{ROOT}/figures/{name}.{suffix}" for name in FIGURE_NAMES for suffix in ("svg", "png")]
INDEX = f"{ROOT}/index.html"
HEADLINE = f"{ROOT}/headline.txt"


# Named `report` for the user; Snakemake's own keyword of that name marks the files above.
rule:
    name:
        "report"
    input:
        **{name: f"{ROOT}/tables/{name}.csv" for name in ANALYSES},
        networks=NETWORKS,
        dense=f"{ROOT}/tables/dense.csv",
        ramanujan_layers=RAMANUJAN_LAYERS,
        ranking_means=f"{ROOT}/tables/ranking_means.csv",
        rankings=f"{ROOT}/tables/rankings.csv",
        # The sparsest first network: the one graph that is legible when drawn.
        mge=max(MGES, key=lambda path: float(Path(path).parent.name)) if MGES else [],
    output:
        **{name: figure(name) for name in FIGURE_NAMES},
        png=[path for path in FIGURES if path.endswith(".png")],
        index=report(
            INDEX, category="Answer", caption="../report/index.rst", labels={"page": "the answer"}
        ),
        headline=HEADLINE,
    log:
        f"{ROOT}/logs/report.log",
    benchmark:
        f"{ROOT}/benchmarks/report.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **asks_for("report"),
    params:
        specification=reads("report"),
    script:
        "../scripts/report.py"
