# Tables of what was computed: one row a network, one row a network and layer.


rule collect:
    input:
        topometrics=TOPOMETRICS,
        results=TRAINING_RESULTS,
        dense=DENSE_RESULTS,
        masks=MASKS,
        sentinel=metadata_sentinel,
    output:
        networks=table("networks"),
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
        **asks_for("collect"),
    params:
        specification=reads("collect"),
    script:
        "../scripts/collect.py"


if LAYERS_ARE_MEASURED:

    rule collect_layers:
        input:
            layers=LAYERS,
            sentinel=metadata_sentinel,
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
            **asks_for("collect_layers"),
        params:
            specification=reads("collect_layers"),
        script:
            "../scripts/collect_layers.py"
