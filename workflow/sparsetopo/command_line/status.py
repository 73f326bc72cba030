"""``sparsetopo status``."""

from pathlib import Path
from typing import Annotated

import typer


def status(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY]",
            help="Name of a study of config/. Default: the one of config/config.yaml.",
        ),
    ] = None,
    configfile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The study's configuration, elsewhere.")
    ] = None,
) -> None:
    """How far a study is: what is done, runs, is missing or failed, and why. Nothing is started or written.

    To be run in the folder of the workflow, while the study runs or at any other time.

    [bold]Examples[/bold]

    [cyan]sparsetopo status[/cyan]

    [cyan]sparsetopo status tiny[/cyan]

    [cyan]sparsetopo status --configfile my-study.yaml[/cyan]
    """
    from sparsetopo import commands

    found = commands.status(study, configfile=configfile)
    from sparsetopo.config.status.sentences import status_lines

    print("\n".join(status_lines(found)))
