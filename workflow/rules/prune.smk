# Masks: which weights of a cell's initial network are kept.


rule prune:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
    output:
        f"{ROOT}/masks/{NETWORK}.safetensors",
    log:
        f"{ROOT}/logs/prune/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/prune/{NETWORK}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: THREADS
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        specification=lambda wildcards: canonical_json(SPECIFICATIONS.prune(**wildcards)),
    script:
        "../scripts/prune.py"


rule masks:
    input:
        MASKS,
