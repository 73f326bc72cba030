# What to ask for by name: `all`, the whole study, and `all_<stage>`, the results of one stage in every cell of the grid.
# (The name of the stage alone is that of its rule, which Snakemake cannot run without a cell.)

TARGETS = {
    "data": DATA,
    "plan": PLANS,
    "initial": INITIALS,
    "dense": [*DENSE_RESULTS, *DENSE_WEIGHTS],
    "score": SCORES,
    "prune": MASKS,
    "train": [*TRAINING_RESULTS, *TRAINED, *READERS_OF_TRAINED],
    "encode": MGES,
    "topometrics": [*TOPOMETRICS, *LAYERS],
    "tables": TABLES,
}


for stage, files in TARGETS.items():

    rule:
        name:
            f"all_{stage}"
        input:
            files,
