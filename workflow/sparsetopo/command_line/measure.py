"""``sparsetopo measure``."""

from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given
from sparsetopo.command_line.output import print_records
from sparsetopo.command_line.progress import measuring_progress


def measure(
    models: given.Models,
    input: given.Input = None,  # noqa: A002
    weights: given.Weights = None,
    mask: given.Masks = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="paper (the default), all, or names of metrics, separated by commas.",
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
    """Topometrics of networks: sixteen exact numbers of the graph of each.

    Several models, masks or files of weights give one row each; masks and files of weights go together in pairs.

    [bold]Examples[/bold]

    A checkpoint of your own, pruned by setting weights to zero:

    [cyan]sparsetopo measure torchvision:resnet18 --weights pruned.safetensors[/cyan]

    Two masks of one network, for another program:

    [cyan]sparsetopo measure Resnet-20 --input 3x32x32 --classes 10 --mask snip.pt --mask synflow.pt --format csv[/cyan]

    A function of yours, in my_networks.py in this folder, with two metrics only:

    [cyan]sparsetopo measure my_networks:small --input 1x28x28 --classes 10 --option width=8 --metrics sink,n2[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, weights, mask, seed, attention, identity_shortcuts
    )
    names = None if metrics is None else given.read_names(metrics, "--metrics")
    from sparsetopo import commands

    with measuring_progress() as progress, given.foreign_output_on_standard_error():
        records = commands.measure(
            *models, metrics=names, scaled=scaled, threads=threads, progress=progress, **how
        )
    print_records(records, format, upright=True)
