"""Errors whose message is meant for the user.

A message is one clear sentence that names the thing, its value, and what would be valid. Workflow scripts print it
without a traceback; any other exception is a bug and keeps its traceback.
"""

from collections.abc import Iterable, Sequence


class SparsetopoError(Exception):
    """Base of all errors that a user can cause and fix."""


class ConfigurationError(SparsetopoError):
    """The configuration is invalid; `problems` has one sentence per fault, each starting with its config path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class UnknownNameError(SparsetopoError):
    """A registry has no entry of that name; the message lists the known ones (`unknown_name`)."""


class UsageError(SparsetopoError):
    """A command was given words that it cannot mean or that do not go together, before anything was computed."""


class FileFormatError(SparsetopoError):
    """A file is truncated, foreign, or not of the format that its reader expects."""


class MaskError(SparsetopoError):
    """A mask is malformed or does not fit its model."""


class EncodingError(SparsetopoError):
    """A network cannot be encoded as a multipartite graph."""


class MissingPackageError(SparsetopoError, ImportError):
    """A package that only a part of the library needs is not installed (`sparsetopo.extras`)."""


class MetricError(EncodingError):
    """A metric cannot be computed on this graph, while others can."""


class DataError(SparsetopoError):
    """A data set or result table is unusable: missing, damaged, of the wrong shape, or too small."""


class RunError(SparsetopoError):
    """A study cannot be run now, because another run is working on it."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Message for a name that a registry does not have: the known names, and those that are spelt similarly.

    Examples
    --------
    >>> unknown_name("algorithm", "snipp", ["er", "snip"])
    "unknown algorithm 'snipp'; known: er, snip; did you mean 'snip'?"
    >>> unknown_name("algorithm", "magic", ["er", "snip"])
    "unknown algorithm 'magic'; known: er, snip"
    """
    from difflib import get_close_matches

    names = list(known)
    lower = {candidate.lower(): candidate for candidate in names}
    close = [f"'{lower[match]}'" for match in get_close_matches(name.lower(), lower)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"unknown {kind} '{name}'; known: {', '.join(names)}{hint}"
