"""Errors whose message is meant for the user.

A message is one clear sentence that names the thing, the value it had, and what would be valid. Workflow
scripts print it without a traceback; everything else is a bug and keeps its traceback.
"""

from collections.abc import Sequence


class SparsetopoError(Exception):
    """Base of every error a user can cause and mend."""


class ConfigurationError(SparsetopoError):
    """The configuration is invalid; `problems` holds one sentence a fault, each starting with its config path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class UnknownNameError(SparsetopoError):
    """A registry has no entry of that name; the message lists the known ones."""


class FileFormatError(SparsetopoError):
    """A file is truncated, foreign, or not of the format its reader expects."""


class MaskError(SparsetopoError):
    """A mask is malformed or does not fit the model it is meant for."""


class EncodingError(SparsetopoError):
    """A network cannot be encoded as a multipartite graph."""


class MetricError(EncodingError):
    """A metric cannot be computed on this graph, while others can."""


class DataError(SparsetopoError):
    """A data set or result table is unusable: missing, damaged, wrongly shaped, or too small."""


class RunError(SparsetopoError):
    """A study cannot be run now, since something else is doing so."""
