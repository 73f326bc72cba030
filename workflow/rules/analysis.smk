# Tables: one row a network, and what the analysis finds in them.

NETWORKS = f"{ROOT}/tables/networks.csv"
LAYER_TABLES = (
    [f"{ROOT}/tables/layers.csv", f"{ROOT}/tables/ramanujan_layers.csv"]
    if LAYERS_ARE_MEASURED
    else []
)
TABLES = [
    NETWORKS,
    *LAYER_TABLES,
    *(
        f"{ROOT}/tables/{name}.csv"
        for name in ("dense", "regression", "importance", "ranking", "rankings")
    ),
    *(f"{ROOT}/tables/{name}.json" for name in ("networks", "regression", "importance", "ranking")),
]


rule collect:
    input:
        topometrics=TOPOMETRICS,
        results=TRAINING_RESULTS,
        dense=DENSE_RESULTS,
        masks=MASKS,
        accuracies=published_accuracies,
    output:
        networks=report(
            NETWORKS,
            category="Tables",
            caption="../report/networks.rst",
            labels={"table": "networks"},
        ),
        dense=f"{ROOT}/tables/dense.csv",
        record=f"{ROOT}/tables/networks.json",
    log:
        f"{ROOT}/logs/collect.log",
    benchmark:
        f"{ROOT}/benchmarks/collect.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory("collect"),
        runtime=minutes("collect"),
    params:
        specification=lambda wildcards: canonical_json(SPECIFICATIONS.collect() | CODE["collect"]),
    script:
        "../scripts/collect.py"


if LAYERS_ARE_MEASURED:

    rule collect_layers:
        input:
            LAYERS,
        output:
            layers=f"{ROOT}/tables/layers.csv",
            ramanujan=f"{ROOT}/tables/ramanujan_layers.csv",
            record=f"{ROOT}/tables/layers.json",
        log:
            f"{ROOT}/logs/collect_layers.log",
        benchmark:
            f"{ROOT}/benchmarks/collect_layers.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=memory("collect_layers"),
            runtime=minutes("collect_layers"),
        params:
            specification=lambda wildcards: canonical_json(
                SPECIFICATIONS.collect_layers() | CODE["collect_layers"]
            ),
        script:
            "../scripts/collect_layers.py"


rule regression:
    input:
        networks=NETWORKS,
    output:
        table=report(
            f"{ROOT}/tables/regression.csv",
            category="Tables",
            caption="../report/regression.rst",
            labels={"table": "regression"},
        ),
        record=f"{ROOT}/tables/regression.json",
    log:
        f"{ROOT}/logs/regression.log",
    benchmark:
        f"{ROOT}/benchmarks/regression.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=memory("regression"),
        runtime=minutes("regression"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.analysis("regression") | CODE["regression"]
        ),
    script:
        "../scripts/regression.py"


rule importance:
    input:
        networks=NETWORKS,
    output:
        table=report(
            f"{ROOT}/tables/importance.csv",
            category="Tables",
            caption="../report/importance.rst",
            labels={"table": "importance"},
        ),
        record=f"{ROOT}/tables/importance.json",
    log:
        f"{ROOT}/logs/importance.log",
    benchmark:
        f"{ROOT}/benchmarks/importance.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory("importance"),
        runtime=minutes("importance"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.analysis("importance") | CODE["importance"]
        ),
    script:
        "../scripts/importance.py"


rule ranking:
    input:
        networks=NETWORKS,
    output:
        table=report(
            f"{ROOT}/tables/ranking.csv",
            category="Tables",
            caption="../report/ranking.rst",
            labels={"table": "ranking"},
        ),
        rankings=f"{ROOT}/tables/rankings.csv",
        record=f"{ROOT}/tables/ranking.json",
    log:
        f"{ROOT}/logs/ranking.log",
    benchmark:
        f"{ROOT}/benchmarks/ranking.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory("ranking"),
        runtime=minutes("ranking"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.analysis("ranking") | CODE["ranking"]
        ),
    script:
        "../scripts/ranking.py"


rule tables:
    input:
        TABLES,
