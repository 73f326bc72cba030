"""Running a command: what goes to which stream, and with which status the process ends."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from sparsetopo.command_line.app import app
from sparsetopo.errors import SparsetopoError, UnknownNameError, UsageError
from sparsetopo.extras import needed_for

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
"""Status of a process whose command failed, was used wrongly, or was stopped by Ctrl-C."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that the words name; return the status to end with.

    Results go to standard output, everything else to standard error. Whatever a user can cause is one sentence; any
    other exception is a bug and keeps its traceback.
    """
    command = typer.main.get_command(app)
    try:
        with _notes_on_standard_error(), needed_for("this"):
            status: Any = command.main(
                list(arguments) or ["--help"], prog_name="sparsetopo", standalone_mode=False
            )
            sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except SparsetopoError as error:
        wrong = isinstance(error, UsageError | UnknownNameError)
        return _fail(str(error), WRONG_USE if wrong else FAILED)
    except BrokenPipeError:
        # Who read the results has enough of them; Python would complain when it flushes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(str(error), FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        # Typer's own errors: its class differs between versions, their form does not.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        context = getattr(error, "ctx", None)
        hint = f" ({context.command_path} --help shows examples)" if context else ""
        return _fail(f"{message().rstrip('.')}{hint}", getattr(error, "exit_code", WRONG_USE))


def _fail(sentence: str, status: int) -> int:
    text = sentence if sentence.endswith((".", "!", "?", ")")) else f"{sentence}."
    print(f"sparsetopo: {text}", file=sys.stderr)
    return status


class _StandardError(logging.Handler):
    """Prints to what standard error is at the time: while a progress bar is shown, that is above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


@contextlib.contextmanager
def _notes_on_standard_error() -> Iterator[None]:
    """Print what the library logs, and warnings, as plain lines on standard error."""
    handler = _StandardError()
    logger = logging.getLogger("sparsetopo")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    with warnings.catch_warnings():
        # Those are for who writes code.
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = lambda message, *rest, **more: logger.warning(
            "%s", " ".join(str(message).split())
        )
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
