"""Snakemake logger plugin `sparsetopo`: one progress bar; in a file, a line for each twentieth of the jobs.

Snakemake imports every package of this name pattern at each of its starts, so this module imports nothing heavy, and
nothing of the library: only the workflow that runs decides which copy of the library that is.
"""

import logging
import sys

from snakemake_interface_logger_plugins.base import LogHandlerBase


class LogHandler(LogHandlerBase):
    """What `--logger sparsetopo` prints in place of Snakemake's four lines a job; its own log file has those."""

    # What the interface asks for. Snakemake's filter would hide the jobs with `quiet: rules`.
    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Choose who prints: for whoever wants to see everything, or nothing, Snakemake itself."""
        from snakemake.settings.enums import Quietness

        settings, quiet = self.common_settings, self.common_settings.quiet or ()
        stream = sys.stdout if settings.stdout else sys.stderr
        shows_all = settings.verbose or settings.debug_dag or settings.printshellcmds
        if shows_all or settings.dryrun or Quietness.ALL in quiet:
            self._printer = snakemakes_own(settings, stream)
        else:
            from snakemake_logger_plugin_sparsetopo.printer import Printer

            self._printer = Printer(stream, settings.nocolor, Quietness.PROGRESS not in quiet)

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record says; a fault of this plugin must not stop the run."""
        try:
            self._printer.handle(record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Remove the bar."""
        self._printer.close()
        super().close()


def snakemakes_own(settings, stream) -> logging.Handler:
    """Snakemake's default handler."""
    from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

    return ColorizingTextHandler(
        nocolor=settings.nocolor,
        stream=stream,
        formatter=DefaultFormatter(settings.quiet, settings.show_failed_logs),
        filter=DefaultFilter(
            settings.quiet,
            settings.debug_dag,
            settings.verbose,
            settings.dryrun,
            settings.printshellcmds,
        ),
    )
