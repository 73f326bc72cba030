"""The commands of ``sparsetopo``, in the order in which its help lists them: one line each, one module each."""

from collections.abc import Callable
from typing import Annotated

import typer

from sparsetopo.command_line.compare import compare
from sparsetopo.command_line.draw import draw
from sparsetopo.command_line.export import export
from sparsetopo.command_line.layers import layers
from sparsetopo.command_line.measure import measure
from sparsetopo.command_line.prune import prune
from sparsetopo.command_line.rank import rank
from sparsetopo.command_line.status import status
from sparsetopo.version import package_version

COMMANDS: tuple[Callable[..., None], ...] = (
    measure,
    layers,
    prune,
    compare,
    rank,
    export,
    draw,
    status,
)

app = typer.Typer(
    name="sparsetopo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _paragraphs(text: str | None) -> str:
    """A docstring whose paragraphs are one line each, for the help to break where the terminal does."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


for _command in COMMANDS:
    app.command(help=_paragraphs(_command.__doc__))(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"sparsetopo {package_version()}")
        raise typer.Exit


@app.callback(
    help=_paragraphs(
        """Topology of sparse neural networks: measured exactly, from your model and your checkpoint.

        Results go to standard output, notes and progress to standard error. A command ends with status 2 if it was used
        wrongly and with 1 if it failed, and says why in one sentence. Every command shows examples: sparsetopo measure
        --help. Each is a function of the same name and words in sparsetopo.commands.
        """
    )
)
def sparsetopo(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of the program itself."""
