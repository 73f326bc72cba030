"""A progress bar at the bottom of a terminal with messages above it; lines where the output is no terminal."""

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.text import Text

if TYPE_CHECKING:
    from sparsetopo.runtime.progress import RunProgress


class _Words(ProgressColumn):
    """The words behind the bar, cut at the edge of the terminal."""

    def __init__(self, run: "RunProgress") -> None:
        self._run = run
        super().__init__()

    def render(self, task: Task) -> Text:
        return Text(self._run.text(), no_wrap=True, overflow="ellipsis")


class Display:
    """What is seen of one run.

    Parameters
    ----------
    stream
        Where to print.
    no_color
        Whether to print without colours.
    has_progress
        Whether to show how far the run is.
    """

    def __init__(self, stream: TextIO, no_color: bool, has_progress: bool) -> None:
        is_terminal = stream.isatty()
        # Rich would also take a log file of some CI services for a terminal.
        self._console = Console(
            file=stream, force_terminal=is_terminal, no_color=no_color or None, highlight=False
        )
        self._draws = is_terminal and not self._console.is_dumb_terminal
        self._has_progress = has_progress
        self._run: RunProgress | None = None
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def show(self, text: str, color: str = "") -> None:
        """Print a message, above the bar if there is one, as it is: not wrapped, no markup."""
        self._console.print(Text(text, style=color), soft_wrap=True)

    def begin(self, run: "RunProgress") -> None:
        """Show how far a run is from now on."""
        self._run = run
        if not self._has_progress or not run.total:
            return
        if not self._draws:
            self.show(f"{run.total} jobs to run.")
            return
        # Jobs write to the terminal themselves only what went wrong; nothing is redirected.
        self._bar = Progress(
            BarColumn(bar_width=10 if self._console.width < 100 else 20),
            _Words(run),
            console=self._console,
            transient=True,
            refresh_per_second=2,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=run.total)
        self._bar.start()

    def refresh(self) -> None:
        """Draw the bar at once: a job may be over before it is drawn anyway."""
        if self._bar:
            self._bar.refresh()

    def advance(self, is_worth_a_line: bool) -> None:
        """Show that a job ended well: in the bar, or in a line, if it is worth one."""
        if not (self._run and self._has_progress):
            return
        if self._bar:
            self._bar.update(self._task, completed=self._run.done)
        elif is_worth_a_line and self._run.done < self._run.total:
            self.show(self._run.text())

    def end(self) -> None:
        """Remove the bar and say how far the run came."""
        if self._bar:
            self._bar.stop()
            self._bar = None
        if self._run and self._has_progress and self._run.total:
            self.show(self._run.end())
        self._run = None
