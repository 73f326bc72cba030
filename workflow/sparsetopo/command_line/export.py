"""``sparsetopo export``."""

from pathlib import Path
from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given


def export(
    model: given.Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file to write.", show_default=False
        ),
    ],
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            metavar="NAME",
            help="npz, parquet, csv, graphml, or safetensors (the encoding itself). Default: the suffix of the file.",
        ),
    ] = None,
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
    """The graph of a network as a file, its edges streamed, for other programs.

    [bold]Examples[/bold]

    Every edge with its weight, for pandas, Polars or DuckDB:

    [cyan]sparsetopo export torchvision:resnet18 --weights pruned.safetensors -o edges.parquet[/cyan]

    A small graph for Gephi or Cytoscape:

    [cyan]sparsetopo export my_networks:small --input 1x8x8 --classes 10 -o graph.graphml[/cyan]

    The encoding itself, without its edges, which sparsetopo.MGE.load reads:

    [cyan]sparsetopo export Resnet-20 --input 3x32x32 --classes 10 --mask snip.safetensors -o graph.safetensors[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, weights, mask, seed, attention, identity_shortcuts
    )
    from sparsetopo import commands

    with given.foreign_output_on_standard_error():
        commands.export(model, output, format=format, **how)
