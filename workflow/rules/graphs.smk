# Graphs: each network as a multipartite graph, and its topometrics. Free of torch.


def trained_weights(wildcards):
    """The weights file, unless the graphs carry the initial weights (which follow from the seed)."""
    return f"{ROOT}/trained/{NETWORK}.safetensors" if TRAINED_WEIGHTS_ARE_READ else []


rule encode:
    input:
        plan=f"{ROOT}/plans/{{dataset}}/{{architecture}}.json",
        mask=f"{ROOT}/masks/{NETWORK}.safetensors",
        weights=trained_weights,
    output:
        f"{ROOT}/mges/{NETWORK}.safetensors",
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.encode(wildcards.dataset, wildcards.architecture, wildcards.seed)
            | CODE["encode"]
        ),
    log:
        f"{ROOT}/logs/encode/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/encode/{NETWORK}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/graphs.yaml"
    script:
        "../scripts/encode.py"


# Named `measure`, since `topometrics` is the target that asks for every cell's.
rule measure:
    input:
        mge=f"{ROOT}/mges/{NETWORK}.safetensors",
    output:
        f"{ROOT}/topometrics/{NETWORK}.json",
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.topometrics() | CODE["topometrics"]
        ),
    log:
        f"{ROOT}/logs/measure/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/measure/{NETWORK}.tsv"
    threads: THREADS
    resources:
        mem_mb=4000,
        runtime=60,
    conda:
        "../../envs/graphs.yaml"
    script:
        "../scripts/topometrics.py"


rule topometrics:
    input:
        TOPOMETRICS,
