# Data sets, plans and initial weights, which cells share.


rule data:
    input:
        file=own_file,
    output:
        f"{ROOT}/data/{{dataset}}.safetensors",
    log:
        f"{ROOT}/logs/data/{{dataset}}.log",
    benchmark:
        f"{ROOT}/benchmarks/data/{{dataset}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        **asks_for("data"),
    params:
        specification=reads("data"),
    script:
        "../scripts/data.py"


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
        **asks_for("plan"),
    params:
        specification=reads("plan"),
    script:
        "../scripts/plan.py"


# Networks that are not registered draw their initial weights themselves: once, so that all jobs start from the same.
rule initial:
    input:
        data=f"{ROOT}/data/{{dataset}}.safetensors",
    output:
        f"{ROOT}/initial/{INITIAL}.safetensors",
    log:
        f"{ROOT}/logs/initial/{INITIAL}.log",
    benchmark:
        f"{ROOT}/benchmarks/initial/{INITIAL}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        **asks_for("initial"),
    params:
        specification=reads("initial"),
    script:
        "../scripts/initial.py"
