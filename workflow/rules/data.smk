# Data sets and plans: what every cell shares.


# Named `prepare`, since `data` is the target that asks for every data set.
rule prepare:
    input:
        file=own_file,
    output:
        f"{ROOT}/data/{{dataset}}.safetensors",
    log:
        f"{ROOT}/logs/prepare/{{dataset}}.log",
    benchmark:
        f"{ROOT}/benchmarks/prepare/{{dataset}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=memory("prepare"),
        runtime=minutes("prepare"),
    params:
        specification=lambda wildcards: canonical_json(SPECIFICATIONS.data(wildcards.dataset)),
    script:
        "../scripts/prepare.py"


rule plan:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
    output:
        f"{ROOT}/plans/{{dataset}}/{{architecture}}.json",
    log:
        f"{ROOT}/logs/plan/{{dataset}}/{{architecture}}.log",
    benchmark:
        f"{ROOT}/benchmarks/plan/{{dataset}}/{{architecture}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=memory("plan"),
        runtime=minutes("plan"),
    params:
        specification=lambda wildcards: canonical_json(
            SPECIFICATIONS.plan(wildcards.dataset, wildcards.architecture)
        ),
    script:
        "../scripts/plan.py"


rule data:
    input:
        DATA,
