"""``sparsetopo prune``."""

from typing import Annotated

import typer

from sparsetopo.command_line import parameters as given
from sparsetopo.command_line.output import print_records


def prune(
    model: given.Model,
    algorithm: Annotated[
        str,
        typer.Option(
            "--algorithm",
            "-a",
            metavar="NAME",
            help="snip, grasp, synflow, prospr, uniform, er or erk.",
            show_default=False,
        ),
    ],
    sparsity: given.Sparsities,
    data: given.Data = None,
    data_folder: given.DataFolder = None,
    data_option: given.DataOptions = None,
    algorithm_option: given.AlgorithmOptions = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="A .safetensors file, or a folder, for several sparsities. Default: this folder.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace mask files that exist already.")
    ] = False,
    input: given.Input = None,  # noqa: A002
    weights: given.OneWeights = None,
    format: given.OutputFormat = "table",  # noqa: A002
    integers: given.Integers = False,
    classes: given.Classes = None,
    option: given.Options = None,
    seed: given.PruningSeed = 0,
) -> None:
    """Mask files of a network, one for each sparsity, by any of the pruning algorithms.

    The network is pruned at its present weights, those of --weights. Several sparsities follow from one scoring where
    the algorithm scores once. What is written is read by --mask of every command, and by sparsetopo.Mask.load.

    [bold]Examples[/bold]

    Two masks by SNIP, on images of handwritten digits, which need no download:

    [cyan]sparsetopo prune Resnet-20 --algorithm snip --sparsity 0.9 --sparsity 0.95 --data digits -o masks/[/cyan]

    Your own weights and images (arrays images, normalised as for training, and labels):

    [cyan]sparsetopo prune torchvision:resnet18 -a grasp --sparsity 0.9 --weights start.pt --data images.npz[/cyan]

    An algorithm that needs no images, with an option of its own:

    [cyan]sparsetopo prune torchvision:resnet18 -a synflow --sparsity 0.98 --algorithm-option iterations=50[/cyan]
    """
    from sparsetopo import commands

    with given.foreign_output_on_standard_error():
        records = commands.prune(
            model,
            algorithm,
            sparsity,
            data,
            output,
            data_folder=data_folder,
            data_options=given.read_options(data_option or (), "--data-option"),
            algorithm_options=given.read_options(algorithm_option or (), "--algorithm-option"),
            force=force,
            input_shape=None if input is None else given.read_shape(input),
            integers=integers,
            classes=classes,
            options=given.read_options(option or ()),
            weights=weights,
            seed=seed,
        )
    print_records(records, format)
