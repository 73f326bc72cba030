# Training: the dense baselines, and the masked networks by the same script. All that differs is the mask.


rule dense:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
        initial=initial_weights,
    output:
        weights=kept(f"{ROOT}/dense/{BASELINE}.safetensors", KEEP.dense_weights),
        result=f"{ROOT}/dense/{BASELINE}.json",
    log:
        f"{ROOT}/logs/dense/{BASELINE}.log",
    benchmark:
        f"{ROOT}/benchmarks/dense/{BASELINE}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: JOBS.threads("dense")
    resources:
        **asks_for("dense"),
    params:
        specification=reads("dense"),
    script:
        "../scripts/train.py"


use rule dense as train with:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
        initial=initial_weights,
        redrawn=redrawn_weights,
        mask=f"{ROOT}/masks/{NETWORK}.safetensors",
    output:
        weights=kept(f"{ROOT}/trained/{NETWORK}.safetensors", KEEP.trained_weights),
        result=f"{ROOT}/trained/{NETWORK}.json",
    log:
        f"{ROOT}/logs/train/{NETWORK}.log",
    benchmark:
        f"{ROOT}/benchmarks/train/{NETWORK}.tsv"
    threads: JOBS.threads("train")
    resources:
        **asks_for("train"),
    params:
        specification=reads("train"),
