# Training: the dense baselines and the masked networks, by the same script.


# Named `train_dense`, since `dense` is the target that asks for every baseline.
rule train_dense:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
    output:
        weights=kept(f"{ROOT}/dense/{BASELINE}.safetensors", KEEP.dense_weights),
        result=f"{ROOT}/dense/{BASELINE}.json",
    log:
        f"{ROOT}/logs/train_dense/{BASELINE}.log",
    benchmark:
        f"{ROOT}/benchmarks/train_dense/{BASELINE}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: JOBS.threads("train_dense")
    resources:
        mem_mb=memory("train_dense"),
        runtime=minutes("train_dense"),
        gpu=JOBS.gpu("train_dense"),
    params:
        specification=lambda wildcards: canonical_json(SPECIFICATIONS.train(**wildcards)),
    script:
        "../scripts/train.py"


rule train:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
        mask=f"{ROOT}/masks/{NETWORK}.safetensors",
    output:
        weights=kept(f"{ROOT}/trained/{NETWORK}.safetensors", KEEP.trained_weights),
        result=f"{ROOT}/trained/{NETWORK}.json",
    log:
        f"{ROOT}/logs/train/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/train/{NETWORK}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: JOBS.threads("train")
    resources:
        mem_mb=memory("train"),
        runtime=minutes("train"),
        gpu=JOBS.gpu("train"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.train(
                wildcards.dataset, wildcards.architecture, wildcards.seed, wildcards.algorithm
            )
        ),
    script:
        "../scripts/train.py"


rule dense:
    input:
        DENSE_RESULTS,
        DENSE_WEIGHTS,


rule trained:
    input:
        TRAINED,
        TRAINING_RESULTS,
        READERS_OF_TRAINED,
