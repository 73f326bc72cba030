"""The program ``sparsetopo``: what each of its commands reads, and how it prints what it found.

A command calls the function of `sparsetopo.commands` of the same name. What takes long to import
(torch, numba, pandas) is imported by the command that needs it, when it runs.
"""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process: with status 0, 1 if it failed, 2 if it was used wrongly, 130 after Ctrl-C.

    Parameters
    ----------
    arguments
        The words after the program's name; None: those that the process was started with.
    """
    # pydantic would look through every installed package for plugins, and use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from sparsetopo.command_line.run import run
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit(
            f"The command line needs {error.name}, which is not installed: pip install 'sparsetopo[cli]', or "
            "'sparsetopo[all]' for every command; all that it does is there in Python too, in sparsetopo.commands."
        )
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
