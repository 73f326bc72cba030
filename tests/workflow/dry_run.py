"""Many dry runs, without importing Snakemake for each: a process that has imported it forks one child a dry run.

What runs in the child is the command line's own entry point, so that it says what a user would read.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["snakemake.cli", "pydantic", "jsonschema", "safetensors.numpy"])


def dry_run(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Exit status and all text of `snakemake -n <arguments>`, called in a folder."""
    return snakemake(["-n", *arguments], folder)


def snakemake(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Exit status and all text of a `snakemake` that runs no job, called in a folder."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as printed:
        child = _CONTEXT.Process(target=_snakemake, args=(arguments, folder, printed.name))
        child.start()
        child.join()
        return child.exitcode or 0, printed.read()


def _snakemake(arguments: list[str], folder: Path, printed: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    with open(printed, "w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(folder)
    from snakemake.cli import main

    main(arguments)
