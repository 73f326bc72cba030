"""The sections of a study's page, in its order: what each shows, and the question it answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One section: its charts, figures (of `figures.STUDY_FIGURES`) and sortable tables.

    A study need not have all of them. `about` says what is shown and how to read or use it.
    """

    name: str
    title: str
    about: str
    charts: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


SECTIONS = (
    Section(
        "drop",
        "Any metric against the lost accuracy",
        "Each mark is a sparse network. Choose the metric and the networks; hover over a mark, or tap it, to see "
        "which network it is. A click on the legend shows that group alone, another click adds one.",
        charts=("drop",),
        tables=("networks",),
    ),
    Section(
        "accuracy",
        "Accuracy against sparsity",
        "Mean test accuracy over the seeds of each pruning algorithm, and their range; the dashed line is the mean of "
        "the dense networks.",
        charts=("accuracy",),
    ),
    Section("table3", "Table 3 of the paper, ours beside the printed one", "", figures=("table3",)),
    Section(
        "prediction",
        "How well is the lost accuracy predicted?",
        "R2 of all out-of-fold predictions together, by a ridge regression whose penalty is tuned inside the folds; "
        "the seeds of a network are never on both sides of a split. Lines: 95 % intervals.",
        charts=("prediction",),
        tables=("prediction",),
    ),
    Section("regression", "The regression as the paper does it", "", figures=("regression",)),
    Section("checks", "Does the regression hold?", "", figures=("checks",)),
    Section("families", "What each family of topometrics contributes", "", figures=("families",)),
    Section(
        "importance",
        "Which topometrics go with the lost accuracy?",
        "Pearson correlation of each topometric with the accuracy drop, among all networks, those of one sparsity and "
        "those of one architecture. Red: more of it goes with a larger loss; blue: with a smaller one.",
        charts=("importance",),
        tables=("importance",),
    ),
    Section(
        "ramanujan",
        "Ramanujan metrics against layer density",
        "Of these metrics lambda_imsg, the iterative mean spectral gap, reads the weights of the graph, the others the "
        "masks alone.",
        figures=("ramanujan",),
        tables=("ramanujan",),
    ),
    Section(
        "ranking",
        "Are the algorithms ranked rightly?",
        "Agreement of each strategy's order of the pruning algorithms with the true one, averaged over the sparsities "
        "(rank-biased overlap; 1 is perfect); lines: 95 % intervals over resampled seeds; grey: from the mean of "
        "random orders to the point that 95 % of them stay below.",
        charts=("ranking",),
        figures=("ranking",),
        tables=("ranking_means", "ranking"),
    ),
    Section("mge", "One multipartite graph", "", figures=("mge",)),
)
