# Analyses of the collected tables: what they say of the accuracy drop.

NETWORKS = f"{ROOT}/tables/networks.csv"
HAS_LAYERS = LAYERS_ARE_MEASURED or RELEASED is not None
LAYER_TABLE = [f"{ROOT}/tables/layers.csv"] if HAS_LAYERS else []
RAMANUJAN_LAYERS = [f"{ROOT}/tables/ramanujan_layers.csv"] if HAS_LAYERS else []

# Stages of this study, with the table of layers that each reads besides that of networks.
ANALYSES = {
    "prediction": LAYER_TABLE,
    "regression": LAYER_TABLE,
    **({"regression_uncertainty": LAYER_TABLE, "families": []} if CHECKS else {}),
    "importance": [],
    **({"ramanujan": RAMANUJAN_LAYERS} if HAS_LAYERS else {}),
    "ranking": RAMANUJAN_LAYERS,
}
# Tables that a stage makes besides the one of its name.
MORE_TABLES = {
    "ranking": {"means": table("ranking_means"), "rankings": f"{ROOT}/tables/rankings.csv"}
}


def all_cores():
    """The cores of the run; 1 where none are given, as for commands that run no job (--unlock, --summary, --dag)."""
    try:
        return workflow.cores
    except WorkflowError:
        return 1


CORES = all_cores()
ON_ALL_CORES = ("prediction", "regression", "regression_uncertainty", "families", "ranking")

TABLES = [
    NETWORKS,
    f"{ROOT}/tables/dense.csv",
    f"{ROOT}/tables/networks.json",
    *LAYER_TABLE,
    *RAMANUJAN_LAYERS,
    *([f"{ROOT}/tables/layers.json"] if LAYERS_ARE_MEASURED and not RELEASED else []),
    *(f"{ROOT}/tables/{name}.{suffix}" for name in ANALYSES for suffix in ("csv", "json")),
    *(f"{ROOT}/tables/{name}.csv" for name in ("rankings", "ranking_means")),
]


for stage, layers in ANALYSES.items():

    rule:
        name:
            stage
        input:
            networks=NETWORKS,
            layers=layers,
        output:
            **MORE_TABLES.get(stage, {}),
            table=table(stage),
            record=f"{ROOT}/tables/{stage}.json",
        log:
            f"{ROOT}/logs/{stage}.log",
        benchmark:
            f"{ROOT}/benchmarks/{stage}.tsv"
        conda:
            "../../envs/analysis.yaml"
        threads: CORES if stage in ON_ALL_CORES else 1
        resources:
            **asks_for(stage),
        params:
            stage=stage,
            specification=reads(stage),
        # Snakemake fills the name in for each job; an f-string would be evaluated after the loop.
        script:
            "../scripts/{params.stage}.py"
