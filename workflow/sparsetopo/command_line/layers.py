"""``sparsetopo layers``."""

from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given
from sparsetopo.command_line.output import print_records, print_tables


def layers(
    model: given.Model,
    input: given.Input = None,  # noqa: A002
    weights: given.Weights = None,
    mask: given.Masks = None,
    parts: Annotated[
        str,
        typer.Option(metavar="A,B", help="Which parts of the report, separated by commas."),
    ] = "structure,ramanujan,topometrics",
    patterns: Annotated[
        str,
        typer.Option(
            metavar="N:M,...", help="N:M patterns, along the input channels; '' for none."
        ),
    ] = "1:4,2:4,4:8",
    blocks: Annotated[
        str,
        typer.Option(
            metavar="RxC,...", help="Blocks of R output by C input channels; '' for none."
        ),
    ] = "1x4,4x4",
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
    """One row for each layer: what is kept and how it lies, and the layer's own metrics.

    A layer's part "structure" counts its kept weights and its dead channels (all of their weights are pruned), and
    tells which share of the groups of M consecutive input channels keep N weights at most (2:4 and so on; in a
    convolution for each output channel and position of the kernel), and which share of the blocks of output by input
    channels is wholly kept or wholly pruned: 1 is a layer that follows the pattern. "ramanujan" and "topometrics" are
    the metrics of the layer as a bipartite graph.

    [bold]Examples[/bold]

    Does a checkpoint follow 2:4, and has it dead channels?

    [cyan]sparsetopo layers torchvision:resnet50 --weights pruned.safetensors --parts structure[/cyan]

    Everything, for a table of your own:

    [cyan]sparsetopo layers Resnet-20 --input 3x32x32 --classes 10 --mask snip.safetensors --format csv[/cyan]

    Other patterns:

    [cyan]sparsetopo layers timm:deit_tiny_patch16_224 --parts structure --patterns 1:2,2:8 --blocks 16x16[/cyan]
    """
    how = given.network_options(
        input, integers, classes, option, weights, mask, seed, attention, identity_shortcuts
    )
    from sparsetopo.commands.layer_report import layer_tables, layers

    wanted = {
        "parts": given.read_names(parts, "--parts"),
        "patterns": given.read_names(patterns, "--patterns", or_none=True),
        "blocks": given.read_names(blocks, "--blocks", or_none=True),
    }
    with given.foreign_output_on_standard_error():
        if format == "table":
            tables = layer_tables(model, scaled=scaled, threads=threads, **wanted, **how)
        else:
            records = layers(model, scaled=scaled, threads=threads, **wanted, **how)
    if format == "table":
        print_tables(tables)
    else:
        print_records(records, format)
