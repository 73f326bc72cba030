# The results that the paper's authors released: read, and what the analysis makes of them compared with the paper.

if not os.path.isdir(os.path.expanduser(RELEASED)):
    raise WorkflowError(
        f"published: there is no folder '{RELEASED}' of released results (a relative path is one of the working "
        f"directory); those of this repository are in --config published={WORKFLOW.parent / 'resources/released'}"
    )


def released_files():
    """The folder's tables, in either of the layouts that `analysis.paper.released_layout` reads."""
    folder = Path(os.path.expanduser(RELEASED))
    patterns = (
        "*.csv",
        "*.csv.xz",
        "SHA256SUMS",
        "published/*.csv*",
        "published/SHA256SUMS",
        "graph_data/**/*.csv",
        "graph_metrics/**/*.csv",
    )
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    found |= set(folder.glob("ramanunjan_results/**/*.csv"))
    # Local: a module's prefix is for what the workflow writes.
    return [local(path) for path in sorted(map(str, found))]


# The paper's tables are of all its networks: of a part of the grid there is nothing to compare.
WHOLE_GRID = len(list(cells(CONFIGURATION))) == 1260
PAPER_TABLES = (
    "table3",
    "table4",
    "table11",
    "table12",
    "table4_means",
    "table11_means",
    "table12_means",
)
COMPARED = (*PAPER_TABLES, "summary", "permuted_weights", "importance", "figure5")
COMPARISON = (
    [
        *(f"{ROOT}/{name}.csv" for name in COMPARED),
        f"{ROOT}/comparison.html",
        f"{ROOT}/comparison.txt",
    ]
    if WHOLE_GRID
    else []
)


rule released:
    input:
        released_files(),
        sentinel=metadata_sentinel,
    output:
        networks=table("networks"),
        dense=f"{ROOT}/tables/dense.csv",
        layers=f"{ROOT}/tables/layers.csv",
        ramanujan=f"{ROOT}/tables/ramanujan_layers.csv",
        record=f"{ROOT}/tables/networks.json",
    log:
        f"{ROOT}/logs/released.log",
    benchmark:
        f"{ROOT}/benchmarks/released.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **asks_for("released"),
    params:
        specification=reads("released"),
    script:
        "../scripts/released.py"


rule comparison:
    input:
        networks=NETWORKS,
        record=f"{ROOT}/tables/networks.json",
        regression=f"{ROOT}/tables/regression.csv",
        importance=f"{ROOT}/tables/importance.csv",
        ramanujan=f"{ROOT}/tables/ramanujan.csv",
        rankings=f"{ROOT}/tables/rankings.csv",
        ranking=f"{ROOT}/tables/ranking.csv",
        means=f"{ROOT}/tables/ranking_means.csv",
        figures=[f"{ROOT}/figures/{name}.svg" for name in ("table3", "importance", "ramanujan")],
    output:
        tables=[f"{ROOT}/{name}.csv" for name in COMPARED],
        page=f"{ROOT}/comparison.html",
        # What `workflow/run.py` prints at the end.
        lines=f"{ROOT}/comparison.txt",
    log:
        f"{ROOT}/logs/comparison.log",
    benchmark:
        f"{ROOT}/benchmarks/comparison.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **asks_for("comparison"),
    params:
        specification=reads("comparison"),
    script:
        "../scripts/comparison.py"
