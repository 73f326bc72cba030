"""Entry point: which configuration, which rules, and everything a study consists of."""

from snakemake.utils import min_version

min_version("9.8")


# A configuration file is complete in itself: one given by --configfile replaces the default, it is not merged with it.
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
include: "workflow/rules/targets.smk"


onstart:
    hold_the_study()


onerror:
    logger.error(what_is_missing())


# The outputs of every stage, not only of the last: Snakemake judges a target by its own inputs, so after an early stage
# was run again and failed, a finished table would hide it.
rule all:
    input:
        *TARGETS.values(),
        FIGURES,
        INDEX,
        HEADLINE,
        COMPARISON,
