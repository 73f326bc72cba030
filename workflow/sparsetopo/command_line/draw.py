"""``sparsetopo draw``."""

from pathlib import Path
from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given


def draw(
    model: given.Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .png, .svg, .pdf or .html file.",
            show_default=False,
        ),
    ],
    input: given.Input = None,  # noqa: A002
    weights: given.Weights = None,
    mask: given.Masks = None,
    integers: given.Integers = False,
    classes: given.Classes = None,
    option: given.Options = None,
    seed: given.Seed = 0,
    attention: given.Attention = "all",
    identity_shortcuts: given.IdentityShortcuts = False,
) -> None:
    """A picture of the graph of a whole network: its layers in a row, all that joins them, and where signals end.

    [bold]Examples[/bold]

    [cyan]sparsetopo draw Resnet-20 --input 3x32x32 --classes 10 --mask snip.safetensors -o snip.svg[/cyan]

    A page that stands alone, and scales with the window:

    [cyan]sparsetopo draw torchvision:resnet18 --weights pruned.safetensors -o resnet18.html[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, weights, mask, seed, attention, identity_shortcuts
    )
    from sparsetopo import commands

    with given.foreign_output_on_standard_error():
        commands.draw(model, output, **how)
