"""``sparsetopo compare``."""

from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given
from sparsetopo.command_line.output import print_records, print_tables
from sparsetopo.command_line.progress import measuring_progress

_MASK = "A mask file, or a checkpoint: its masks, or else what is not zero."


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_MASK, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=_MASK, show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The network, as of sparsetopo measure: for degrees and metrics, and to know which tensors are "
            "weights.",
        ),
    ] = None,
    input: given.Input = None,  # noqa: A002
    weights: given.OneWeights = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="paper (the default, with --model), all, or names of metrics, separated by commas; '' for none.",
        ),
    ] = None,
    scaled: given.Scaled = False,
    format: given.OutputFormat = "table",  # noqa: A002
    threads: given.Threads = 1,
    integers: given.Integers = False,
    classes: given.Classes = None,
    option: given.Options = None,
    seed: given.Seed = 0,
    attention: given.Attention = "all",
    identity_shortcuts: given.IdentityShortcuts = False,
) -> None:
    """Two masks of a network: what they share, how their degrees and their metrics differ.

    The overlap (IoU: kept by both, of those that either keeps) stands beside that of random masks that keep as many
    weights of each layer. The distance of the degree sequences is the sum of the differences of the sorted degrees over
    the sum of all degrees: 0 if they are equal, at most 1.

    [bold]Examples[/bold]

    Masks alone, by the names in the files:

    [cyan]sparsetopo compare snip.safetensors synflow.safetensors[/cyan]

    The graphs too:

    [cyan]sparsetopo compare a.safetensors b.safetensors --model Resnet-20 --input 3x32x32 --classes 10[/cyan]

    A checkpoint before and after, by what is not zero, with two metrics:

    [cyan]sparsetopo compare before.pt after.pt --model torchvision:resnet18 --metrics sink,spectral_gap[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, [weights] if weights else None, None, seed, attention, identity_shortcuts
    )  # fmt: skip
    names = None
    if metrics is not None:
        names = given.read_names(metrics, "--metrics", or_none=True)
    from sparsetopo import commands

    with measuring_progress() as progress, given.foreign_output_on_standard_error():
        comparison = commands.compare(
            a, b, model, metrics=names, scaled=scaled, threads=threads, progress=progress, **how
        )
    if format == "table":
        tables = {
            f"Weights kept by A ({a}) and B ({b})": comparison.overlap,
            "Sorted degree sequences": comparison.degrees,
            "Topometrics": comparison.metrics,
        }
        print_tables({title: table for title, table in tables.items() if table})
    else:
        print_records(comparison.records(), format)
