"""``sparsetopo rank``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sparsetopo.command_line import parameters as given
from sparsetopo.command_line.output import print_records, print_tables
from sparsetopo.command_line.progress import measuring_progress
from sparsetopo.errors import UsageError


def rank(
    model: given.Model,
    algorithms: Annotated[
        str,
        typer.Option(metavar="A,B", help="Names separated by commas; all: those of the study."),
    ] = "all",
    sparsity: given.SomeSparsities = None,
    masks: Annotated[
        list[Path] | None,
        typer.Option(
            "--masks",
            metavar="FILE",
            help="A mask to be ranked; may be given again. Without --sparsity, masks alone are ranked.",
            show_default=False,
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Results of a study of yours, results/NAME. Default: the 1,251 networks released with the paper.",
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The study's architecture that is nearest to MODEL. Default: MODEL, if the study has it, else all.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Metrics to go by, or paper. Default: all that the study has."
        ),
    ] = None,
    data: given.Data = None,
    data_folder: given.DataFolder = None,
    data_option: given.DataOptions = None,
    algorithm_option: Annotated[
        list[str] | None,
        typer.Option(
            "--algorithm-option",
            metavar="NAME.KEY=VALUE",
            help="An option of an algorithm: synflow.iterations=50; may be given again.",
        ),
    ] = None,
    input: given.Input = None,  # noqa: A002
    weights: given.OneWeights = None,
    format: given.OutputFormat = "table",  # noqa: A002
    threads: given.Threads = 1,
    integers: given.Integers = False,
    classes: given.Classes = None,
    option: given.Options = None,
    seed: given.PruningSeed = 0,
    attention: given.Attention = "all",
    identity_shortcuts: given.IdentityShortcuts = False,
) -> None:
    """Which pruning algorithm, or which mask, promises the best accuracy, without training anything.

    Each mask is encoded and measured; the metrics are weighted by how they went with the accuracy drop in a study. The
    least sum comes first. Beside the order stands what it is worth: how far the same procedure agrees with the true
    order on parts of the study that it was not fitted on, and what a random order would; and which metrics lie outside
    all that the study has seen.

    [bold]Examples[/bold]

    All algorithms at one sparsity, by the released networks of the paper:

    [cyan]sparsetopo rank Resnet-20 --sparsity 0.9 --data CIFAR-10[/cyan]

    Masks of your own, of a network that is much like a Resnet-32:

    [cyan]sparsetopo rank my_networks:small --input 1x8x8 --masks a.pt --masks b.pt --architecture Resnet-32[/cyan]

    By a study of yours, some algorithms only:

    [cyan]sparsetopo rank Conv-6 --data digits --algorithms er,erk,synflow --sparsity 0.9 --study results/my[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, [weights] if weights else None, None, seed, attention, identity_shortcuts
    )  # fmt: skip
    of_algorithms = _by_algorithm(given.read_options(algorithm_option or (), "--algorithm-option"))
    from sparsetopo import commands

    with measuring_progress() as progress, given.foreign_output_on_standard_error():
        advice = commands.rank(
            model,
            given.read_names(algorithms, "--algorithms"),
            sparsity or [],
            masks or [],
            data,
            study=study,
            architecture=architecture,
            metrics=None if metrics is None else given.read_names(metrics, "--metrics"),
            data_folder=data_folder,
            data_options=given.read_options(data_option or (), "--data-option"),
            algorithm_options=of_algorithms,
            threads=threads,
            progress=progress,
            **how,
        )
    given.say(f"note: {note}." for note in advice.notes)
    if advice.outside:
        worst = max(advice.outside, key=lambda record: record["beyond"])
        names = ", ".join(record["metric"] for record in advice.outside)
        sentence = (
            f"warning: {names} outside the range of all networks of the study (farthest: {worst['metric']}, by "
            f"{worst['beyond']:.3g} times its width); the order is an extrapolation."
        )
        given.say([sentence])
    if format == "table":
        tables = {
            "Predicted order, the best first (score: the less the better, at one sparsity)": advice.order,
            "How sure: rank-biased overlap with the true order, where the study was not fitted": advice.certainty,
            "Metrics outside the study's range (scaled; beyond: in widths of that range)": advice.outside,
        }
        print_tables({title: table for title, table in tables.items() if table})
    else:
        print_records(advice.records(), format)


def _by_algorithm(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Options of algorithms, named <algorithm>.<option>.

    Examples
    --------
    >>> _by_algorithm({"synflow.iterations": 50, "snip.batch_size": 64})
    {'synflow': {'iterations': 50}, 'snip': {'batch_size': 64}}
    """
    found: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        algorithm, dot, option = name.partition(".")
        if not dot:
            raise UsageError(
                f"--algorithm-option is '{name}', but must begin with an algorithm: synflow.iterations=50."
            )
        found.setdefault(algorithm, {})[option] = value
    return found
