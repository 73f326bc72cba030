"""Entry point: which configuration, which rules, and everything a study consists of."""

from snakemake.utils import min_version

min_version("9.8")


# A configuration file is complete in itself: one given by --configfile replaces the default one, it is not merged
# over it.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/run.smk"


if not IS_MODULE:

    report: "workflow/report/workflow.rst"


include: "workflow/rules/analysis.smk"


if RELEASED:

    include: "workflow/rules/published.smk"

else:
    COMPARISON = []

    include: "workflow/rules/data.smk"
    include: "workflow/rules/prune.smk"
    include: "workflow/rules/train.smk"
    include: "workflow/rules/graphs.smk"
    include: "workflow/rules/collect.smk"


include: "workflow/rules/report.smk"


onstart:
    hold_the_study()
    calm_scheduler()


onerror:
    logger.error(what_is_missing())


# Every stage's output of every cell, not only the last: Snakemake judges a target by its own inputs, so after a failed
# re-run of an early stage a finished table would hide it.
rule all:
    input:
        DATA,
        PLANS,
        DENSE_RESULTS,
        DENSE_WEIGHTS,
        SCORES,
        MASKS,
        TRAINED,
        TRAINING_RESULTS,
        MGES,
        TOPOMETRICS,
        LAYERS,
        TABLES,
        FIGURES,
        INDEX,
        COMPARISON,
