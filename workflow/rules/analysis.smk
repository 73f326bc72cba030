# Analyses of the collected tables: what they say of the accuracy drop.

NETWORKS = f"{ROOT}/tables/networks.csv"
LAYER_TABLE = [f"{ROOT}/tables/layers.csv"] if LAYERS_ARE_MEASURED or RELEASED else []
RAMANUJAN_LAYERS = (
    [f"{ROOT}/tables/ramanujan_layers.csv"] if LAYERS_ARE_MEASURED or RELEASED else []
)
ANALYSES = [
    "regression",
    *(("regression_uncertainty", "families") if CHECKS else ()),
    "importance",
    *(("ramanujan",) if RAMANUJAN_LAYERS else ()),
    "ranking",
]
TABLES = [
    NETWORKS,
    f"{ROOT}/tables/dense.csv",
    f"{ROOT}/tables/networks.json",
    *LAYER_TABLE,
    *RAMANUJAN_LAYERS,
    *([f"{ROOT}/tables/layers.json"] if LAYERS_ARE_MEASURED and not RELEASED else []),
    *(f"{ROOT}/tables/{name}.{suffix}" for name in ANALYSES for suffix in ("csv", "json")),
    *(f"{ROOT}/tables/{name}.csv" for name in ("rankings", "ranking_means")),
]


rule regression:
    input:
        networks=NETWORKS,
        layers=LAYER_TABLE,
    output:
        table=table("regression"),
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
        specification=of_stage("regression"),
    script:
        "../scripts/regression.py"


rule regression_uncertainty:
    input:
        networks=NETWORKS,
        layers=LAYER_TABLE,
    output:
        table=table("regression_uncertainty"),
        record=f"{ROOT}/tables/regression_uncertainty.json",
    log:
        f"{ROOT}/logs/regression_uncertainty.log",
    benchmark:
        f"{ROOT}/benchmarks/regression_uncertainty.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=memory("regression_uncertainty"),
        runtime=minutes("regression_uncertainty"),
    params:
        specification=of_stage("regression_uncertainty"),
    script:
        "../scripts/regression_uncertainty.py"


rule families:
    input:
        networks=NETWORKS,
    output:
        table=table("families"),
        record=f"{ROOT}/tables/families.json",
    log:
        f"{ROOT}/logs/families.log",
    benchmark:
        f"{ROOT}/benchmarks/families.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=memory("families"),
        runtime=minutes("families"),
    params:
        specification=of_stage("families"),
    script:
        "../scripts/families.py"


rule importance:
    input:
        networks=NETWORKS,
    output:
        table=table("importance"),
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
        specification=of_stage("importance"),
    script:
        "../scripts/importance.py"


rule ramanujan:
    input:
        networks=NETWORKS,
        layers=RAMANUJAN_LAYERS,
    output:
        table=table("ramanujan"),
        record=f"{ROOT}/tables/ramanujan.json",
    log:
        f"{ROOT}/logs/ramanujan.log",
    benchmark:
        f"{ROOT}/benchmarks/ramanujan.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory("ramanujan"),
        runtime=minutes("ramanujan"),
    params:
        specification=of_stage("ramanujan"),
    script:
        "../scripts/ramanujan.py"


rule ranking:
    input:
        networks=NETWORKS,
        layers=RAMANUJAN_LAYERS,
    output:
        table=table("ranking"),
        means=table("ranking_means"),
        rankings=f"{ROOT}/tables/rankings.csv",
        record=f"{ROOT}/tables/ranking.json",
    log:
        f"{ROOT}/logs/ranking.log",
    benchmark:
        f"{ROOT}/benchmarks/ranking.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=memory("ranking"),
        runtime=minutes("ranking"),
    params:
        specification=of_stage("ranking"),
    script:
        "../scripts/ranking.py"


rule tables:
    input:
        TABLES,
