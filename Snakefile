# The workflow of a clone, where Snakemake looks for it first. `include:` would forget which rule is the default target.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
