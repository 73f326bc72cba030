# Masks: which weights of a cell's initial network are kept.


# Algorithms that score a network once: the masks of all sparsities are selected from the same scores.
rule score:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
        initial=initial_weights,
    output:
        f"{ROOT}/scores/{SCORED}.safetensors",
    log:
        f"{ROOT}/logs/score/{SCORED}.log",
    benchmark:
        f"{ROOT}/benchmarks/score/{SCORED}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: JOBS.threads("score")
    resources:
        **asks_for("score"),
    params:
        specification=reads("score"),
    script:
        "../scripts/score.py"


rule prune:
    input:
        unpack(scores_or_data),
    output:
        f"{ROOT}/masks/{NETWORK}.safetensors",
    log:
        f"{ROOT}/logs/prune/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/prune/{NETWORK}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: JOBS.threads("prune")
    resources:
        **asks_for("prune"),
    params:
        specification=reads("prune"),
    script:
        "../scripts/prune.py"
