"""How far a command is, on standard error while it runs; nothing is left of it, and nothing is shown in a file."""

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def measuring_progress() -> Iterator[Callable[[str, str, int, int], None]]:
    """Show which primitive of which network is computed: a function for `sparsetopo.commands.measure`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("reading", total=None)

        def started(network: str, primitive: str, done: int, total: int) -> None:
            bar.update(task, description=f"{network}: {primitive}", completed=done, total=total)

        yield started
