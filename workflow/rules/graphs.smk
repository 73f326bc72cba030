# Graphs: each network as a multipartite graph, and its topometrics. Free of torch.


rule encode:
    input:
        plan=f"{ROOT}/plans/{{dataset}}/{{architecture}}.json",
        mask=f"{ROOT}/masks/{NETWORK}.safetensors",
        weights=trained_weights,
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
        mem_mb=memory("encode"),
        runtime=minutes("encode"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.encode(
                wildcards.dataset, wildcards.architecture, wildcards.algorithm, wildcards.seed
            )
            | CODE["encode"]
        ),
    script:
        "../scripts/encode.py"


# Named `measure`, since `topometrics` is the target that asks for every cell's.
rule measure:
    input:
        mge=f"{ROOT}/mges/{NETWORK}.safetensors",
    output:
        topometrics=f"{ROOT}/topometrics/{NETWORK}.json",
        # Of the same job: a layer takes milliseconds, a job of its own more than a second.
        layers=f"{ROOT}/layers/{NETWORK}.json" if LAYERS_ARE_MEASURED else [],
    log:
        f"{ROOT}/logs/measure/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/measure/{NETWORK}.tsv"
    conda:
        "../../envs/graphs.yaml"
    threads: JOBS.threads("measure")
    resources:
        mem_mb=memory("measure"),
        runtime=minutes("measure"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.topometrics() | CODE["topometrics"]
        ),
    script:
        "../scripts/topometrics.py"


rule topometrics:
    input:
        TOPOMETRICS,
