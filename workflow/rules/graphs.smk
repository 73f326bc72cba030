# Graphs: each network as a multipartite graph, and its topometrics. Free of torch.


rule encode:
    input:
        plan=f"{ROOT}/plans/{{dataset}}/{{architecture}}.json",
        mask=f"{ROOT}/masks/{NETWORK}.safetensors",
        weights=weights_of_graph,
        # For a second reading of the metrics that depend on weights.
        trained=f"{ROOT}/trained/{NETWORK}.safetensors" if WEIGHTS_ARE_COMPARED else [],
    output:
        f"{ROOT}/mges/{NETWORK}.safetensors",
    log:
        f"{ROOT}/logs/encode/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/encode/{NETWORK}.tsv"
    conda:
        "../../envs/graphs.yaml"
    threads: 1
    resources:
        **asks_for("encode"),
    params:
        specification=reads("encode"),
    script:
        "../scripts/encode.py"


rule topometrics:
    input:
        mge=f"{ROOT}/mges/{NETWORK}.safetensors",
    output:
        topometrics=f"{ROOT}/topometrics/{NETWORK}.json",
        # Of the same job: a layer takes milliseconds, a job of its own more than a second.
        layers=f"{ROOT}/layers/{NETWORK}.json" if LAYERS_ARE_MEASURED else [],
    log:
        f"{ROOT}/logs/topometrics/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/topometrics/{NETWORK}.tsv"
    conda:
        "../../envs/graphs.yaml"
    threads: JOBS.threads("topometrics")
    resources:
        **asks_for("topometrics"),
    params:
        specification=reads("topometrics"),
    script:
        "../scripts/topometrics.py"
