"""Arguments and options that several commands share, and how their values are read."""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sparsetopo.commands.options import NetworkOptions
from sparsetopo.errors import UsageError

Format = Literal["table", "json", "csv"]

_MODEL = (
    "torchvision:resnet18, timm:vit_tiny_patch16_224, a name of ours (Conv-6, Resnet-20, Resnet-32, Wide-Resnet-28-2), "
    "or module:function of your own code, found from this folder."
)
Models = Annotated[list[str], typer.Argument(metavar="MODEL", help=_MODEL, show_default=False)]
Model = Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL, show_default=False)]

Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="3x224x224",
        help="Shape of one sample. Default: what torchvision or timm says of the model.",
    ),
]
Integers = Annotated[
    bool,
    typer.Option(
        "--integers",
        help="The sample is whole numbers: --input 128 is then a text of 128 token ids.",
    ),
]
Classes = Annotated[
    int | None,
    typer.Option(
        min=1, help="Number of outputs. Default: what torchvision or timm says of the model."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="An option of the model's code, by keyword; may be given again. The value is JSON or text.",
    ),
]
Weights = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Weights: .safetensors (also a folder or an index of several), or a file of torch.save, read without "
        "running anything in it. Without it, the model's code draws them: nothing is downloaded.",
        show_default=False,
    ),
]
Masks = Annotated[
    list[Path] | None,
    typer.Option(
        "--mask",
        metavar="FILE",
        help="Which weights are kept: a mask file, or tensors of 0 and 1 under the names of parameters. Without it, "
        "the masks in the file of weights (torch.nn.utils.prune, bitmasks), or the weights that are not zero.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of the weights, where no file gives them.")]
Attention = Annotated[
    Literal["all", "values"],
    typer.Option(
        help="What who reads attention reads: all that it depends on, or only the values."
    ),
]
IdentityShortcuts = Annotated[
    bool,
    typer.Option("--identity-shortcuts", help="Let identity shortcuts be edges of weight 1."),
]
Threads = Annotated[int, typer.Option(min=1, help="Number of threads; no result depends on it.")]
Scaled = Annotated[
    bool,
    typer.Option("--scaled", help="Divide counts by nodes or edges, as the paper's tables do."),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How results are printed.")]


OneWeights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Weights, as of sparsetopo measure. Without it, the model's code draws them: nothing is downloaded.",
        show_default=False,
    ),
]
_SPARSITY = typer.Option(
    "--sparsity",
    metavar="0.9",
    help="Fraction of the weights to remove; may be given again.",
    show_default=False,
)
Sparsities = Annotated[list[str], _SPARSITY]
SomeSparsities = Annotated[list[str] | None, _SPARSITY]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Images to score on: digits, CIFAR-10, CIFAR-100, Tiny-ImageNet; or a file: .npz or .safetensors with "
        "images (normalised) and labels, .npz with train_x, train_y, test_x, test_y (raw), or the data of a study.",
        show_default=False,
    ),
]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data-folder",
        metavar="FOLDER",
        help="Where a data set of that name lies, or is downloaded to. Default: data.",
        show_default=False,
    ),
]
DataOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--data-option",
        metavar="KEY=VALUE",
        help="An option of a data set that is named (docs/datasets.md); may be given again.",
    ),
]
AlgorithmOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--algorithm-option",
        metavar="KEY=VALUE",
        help="An option of the algorithm (docs/pruning.md); may be given again.",
    ),
]
PruningSeed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        help="Of the algorithm's random choices, and of the weights where no file gives them.",
    ),
]


def network_options(
    input: str | None,  # noqa: A002
    integers: bool,
    classes: int | None,
    options: Iterable[str] | None,
    weights: list[Path] | None,
    mask: list[Path] | None,
    seed: int,
    attention: Literal["all", "values"],
    identity_shortcuts: bool,
) -> NetworkOptions:
    """The words of a command line as `NetworkOptions`."""
    return {
        "input_shape": None if input is None else read_shape(input),
        "integers": integers,
        "classes": classes,
        "options": read_options(options or ()),
        "weights": weights,
        "mask": mask,
        "seed": seed,
        "attention": attention,
        "identity_shortcuts": identity_shortcuts,
    }


@contextlib.contextmanager
def foreign_output_on_standard_error() -> Iterator[None]:
    """Networks may print while they are built; results alone go to standard output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def say(sentences: Iterable[str]) -> None:
    """Print sentences on standard error, a line each."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)


def read_shape(text: str) -> tuple[int, ...]:
    """The shape that a text names.

    Examples
    --------
    >>> read_shape("3x224x224"), read_shape("16")
    ((3, 224, 224), (16,))
    """
    sizes = text.lower().replace(",", "x").split("x")
    if not all(size.strip().isdecimal() and int(size) > 0 for size in sizes):
        raise UsageError(
            f"--input is '{text}', but must be whole numbers of at least 1 joined by x: 3x224x224."
        )
    return tuple(int(size) for size in sizes)


def read_options(texts: Iterable[str], word: str = "--option") -> dict[str, Any]:
    """Options of a model, or of what else `word` gives, from texts; a value that is not JSON is text.

    Examples
    --------
    >>> read_options(["width=4", "norm=layer", "deep=true"])
    {'width': 4, 'norm': 'layer', 'deep': True}
    """
    options: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(
                f"{word} is '{text}', but must be a name and a value joined by '=': width=4."
            )
        if key in options:
            raise UsageError(f"{word} gives '{key}' more than once.")
        try:
            options[key] = json.loads(value)
        except json.JSONDecodeError:
            options[key] = value
    return options


def read_names(text: str, word: str, *, or_none: bool = False) -> list[str]:
    """The names, separated by commas, that an option gives; `word` is the option.

    UsageError if there are none, unless the option may be empty, '', for none.

    Examples
    --------
    >>> read_names("n1, sink", "--metrics"), read_names("", "--patterns", or_none=True)
    (['n1', 'sink'], [])
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names and not (or_none and not text.strip()):
        raise UsageError(
            f"{word} is '{text}', which names nothing; give names separated by commas, or leave the option out."
        )
    return names
