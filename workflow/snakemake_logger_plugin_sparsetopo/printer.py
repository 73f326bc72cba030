"""From Snakemake's log records to what stands on the screen: a bar, failures, and what else must be read."""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_sparsetopo.display import Display

if TYPE_CHECKING:
    from sparsetopo.runtime.progress import Failure, RunProgress

# Beginnings of Snakemake's (9.27) messages that say nothing to whoever watches a bar. All others are printed.
_PASSED_OVER = (
    "Activating conda env",
    "Assuming unrestricted shared filesystem",
    "Complete log(s)",
    "Conda environments: ignored",
    "Elapsed time",
    "Execute ",
    "None",
    "Exiting because a job execution failed",
    "Group jobs: inactive",
    "Removing output files of failed job",
    "Select jobs to execute",
    "Using shell",
    "Using workflow specific profile",
    "host: ",
)
_INTERRUPTED = "Terminating processes on user request"
_ENDS = ("Complete log(s)", "Exiting because", _INTERRUPTED)
_SUBMITTED = "has been submitted with SLURM jobid"
_SILENT_EVENTS = (
    LogEvent.GROUP_INFO,
    LogEvent.SHELLCMD,
    LogEvent.RESOURCES_INFO,
    LogEvent.PROGRESS,
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RULEGRAPH,
    LogEvent.DEBUG_DAG,
)


class Printer:
    """Handles the records of one call of Snakemake.

    Parameters
    ----------
    stream
        Where to print.
    no_color
        Whether to print without colours.
    has_progress
        Whether to show how far the run is.
    """

    def __init__(self, stream: TextIO, no_color: bool = False, has_progress: bool = True) -> None:
        self._display = Display(stream, no_color, has_progress)
        self._progress: RunProgress | None = None
        self._is_queued = False
        # Whether the run says itself, or its summary will say, that jobs failed.
        self._was_told = False
        self._is_interrupted = False
        # What Snakemake says of a failed command before it says which job that was.
        self._commands: list[str] = []
        self._events: dict[str, Callable[[logging.LogRecord], None]] = {
            LogEvent.RUN_INFO: self._run_begins,
            LogEvent.JOB_INFO: self._job_begins,
            LogEvent.JOB_FINISHED: self._job_ends,
            LogEvent.JOB_ERROR: self._job_fails,
            LogEvent.GROUP_ERROR: self._group_fails,
            LogEvent.ERROR: self._error,
        }

    def handle(self, record: logging.LogRecord) -> None:
        """Print what a record says, if it is to be read."""
        event = getattr(record, "event", None)
        if event in self._events:
            self._events[event](record)
        elif event is LogEvent.RESOURCES_INFO:
            self._is_queued |= hasattr(record, "nodes")
        elif event not in _SILENT_EVENTS:
            self._message(record)

    def close(self) -> None:
        """Say how the run ended, if that was not said."""
        self._end()
        for command in self._commands:
            self._display.show(command, "red")
        self._commands.clear()

    def _run_begins(self, record: logging.LogRecord) -> None:
        # Only now is the workflow read, and with it the right copy of the library imported.
        from sparsetopo.runtime.progress import RunProgress

        jobs = {rule: count for rule, count in record.stats.items() if rule != "total"}
        self._progress = RunProgress(jobs)
        self._progress.is_queued = self._is_queued
        # Failed jobs then leave it to this plugin to print why (workflow/scripts/job.py).
        os.environ["SPARSETOPO_SAYS_WHY"] = "1"
        self._display.begin(self._progress)

    def _job_begins(self, record: logging.LogRecord) -> None:
        if self._progress:
            cell = dict(record.wildcards)
            self._progress.started(record.jobid, record.rule_name, cell, record.benchmark)
            self._display.refresh()

    def _job_ends(self, record: logging.LogRecord) -> None:
        if self._progress:
            self._display.advance(is_worth_a_line=self._progress.finished(record.job_id))

    def _job_fails(self, record: logging.LogRecord) -> None:
        # One of a group is handled with the group.
        if not (record.indent or self._is_interrupted):
            self._show(self._failure(vars(record)))

    def _group_fails(self, record: logging.LogRecord) -> None:
        """Of a failed group, name the jobs whose logs say why; the others only waited, or are all that is known."""
        if self._is_interrupted:
            return
        failures = {job["jobid"]: self._failure(job) for job in record.job_error_info}
        explained = [failure for failure in failures.values() if failure.is_explained]
        for failure in explained or list(failures.values())[:1]:
            self._show(failure)
        for job, failure in failures.items():
            if explained and not failure.is_explained and self._progress:
                self._progress.waits(job)
        if not explained and record.aux_logs:
            self._display.show(f"  The log of its group: {', '.join(record.aux_logs)}", "red")

    def _failure(self, job: dict[str, Any]) -> "Failure":
        from sparsetopo.runtime.progress import RunProgress

        progress = self._progress or RunProgress({})
        return progress.failed(job["jobid"], job["rule_name"], job["log"], job["rule_msg"] or "")

    def _show(self, failure: "Failure") -> None:
        if self._commands:
            command = self._commands.pop(0)
            if not failure.is_explained:
                self._display.show(command, "red")
        self._display.show(failure.line, "red")
        self._was_told = True

    def _error(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "CalledProcessError in file" in text and (self._progress or self._is_interrupted):
            if not self._is_interrupted:
                self._commands.append(text)
        elif not (self._was_told and "At least one job did not complete" in text):
            self._display.show(text, "red")

    def _message(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith(_ENDS):
            self._end()
        if text.startswith(_INTERRUPTED):
            self._is_interrupted = self._was_told = True
        if text.startswith("Trying to restart job"):
            self._display.show("  It is tried again.")
        elif _SUBMITTED not in text and text and not text.startswith(_PASSED_OVER):
            color = {logging.WARNING: "yellow", logging.ERROR: "red"}.get(record.levelno, "")
            self._display.show(text, color)

    def _end(self) -> None:
        if self._progress:
            self._display.end()
            self._progress = None
