# A study: which configuration, which rules, and everything it consists of.

# A configuration file is complete in itself: one given by --configfile replaces the default, it is not merged with it.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "common.smk"
include: "run.smk"


if not IS_MODULE:

    report: "../report/workflow.rst"


include: "analysis.smk"


if RELEASED:

    include: "published.smk"

else:
    COMPARISON = []

    include: "data.smk"
    include: "prune.smk"
    include: "train.smk"
    include: "graphs.smk"
    include: "collect.smk"


include: "report.smk"
include: "targets.smk"


onstart:
    hold_the_study()


onerror:
    logger.error(what_is_missing())
