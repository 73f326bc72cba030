"""Where the results of a cell lie, below the folder of their stage in results/<study>/.

The rules fill these in as Snakemake's wildcards, `expected_results` with the cells of the grid.
"""

NETWORK = "{dataset}/{architecture}/{algorithm}/{sparsity}/seed-{seed}"
BASELINE = "{dataset}/{architecture}/seed-{seed}"
# Algorithms that score once make one file for all sparsities.
SCORED = "{dataset}/{architecture}/{algorithm}/seed-{seed}"
