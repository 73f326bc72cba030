"""What a run has done so far, from what Snakemake says of its jobs: the words for a progress bar or a log file.

Nothing here knows Snakemake or draws: `workflow/snakemake_logger_plugin_sparsetopo` does.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sparsetopo.runtime.durations import TimeLeft, in_words, mean_seconds, time_left
from sparsetopo.runtime.job_log import reason_of_failure
from sparsetopo.runtime.run_summary import Unfinished, described

# What Snakemake adds to a cluster's message.
_ELSEWHERE = (
    "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
)
_BENCHMARKS = "benchmarks"
"""Folder of a study that has the benchmarks, in folders named after the stages."""


class Failure(NamedTuple):
    """A line that names a failed job, and whether it says why the job failed."""

    line: str
    is_explained: bool


@dataclass
class _Running:
    rule: str
    cell: Mapping[str, str]  # its wildcards: data set, architecture, seed ...
    # Seconds by which it lengthened the run: while k jobs run at once, each is charged a k-th of the time.
    share: float = 0.0


class RunProgress:
    """Jobs of one run: how many are done, run and failed, and how long the others take.

    The time left adds up what the remaining jobs of each stage will be charged (see `_Running`): what those were
    charged that ended in this run; or else their durations in earlier runs, divided by the number of jobs at once.
    Jobs that wait for a failed one count as remaining.

    Parameters
    ----------
    jobs
        Number of jobs that the run will execute, by stage.
    clock
        Seconds since 1970.

    Examples
    --------
    >>> progress = RunProgress({"train": 4, "report": 1, "all": 1})
    >>> progress.started(1, "train", {"seed": "0"})
    >>> progress.finished(1)  # whether to print a line where there is no bar
    True
    >>> progress.text()
    '1 of 5 jobs'
    """

    def __init__(self, jobs: Mapping[str, int], clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # The words are asked for by the thread that draws.
        self._lock = threading.RLock()
        self._begin = self._now = clock()
        self._jobs = Counter({rule: count for rule, count in jobs.items() if not _is_target(rule)})
        self._done: Counter[str] = Counter()
        self._failed: dict[int, str] = {}
        self._running: dict[int, _Running] = {}
        self._at_once = 0  # jobs that ran when the last one began
        self._charged: dict[str, float] = defaultdict(float)
        self._benchmarks: Path | None = None
        self._earlier: dict[str, float] = {}
        # Whether jobs are handed to a queue, where it cannot be seen which of them run.
        self.is_queued = False

    @property
    def total(self) -> int:
        """Number of jobs of the run."""
        return self._jobs.total()

    @property
    def done(self) -> int:
        """Number of jobs that ended well."""
        return self._done.total()

    def started(
        self, job: int, rule: str, cell: Mapping[str, str], benchmark: str | None = None
    ) -> None:
        """Note that a job has begun, or was handed to a queue; where its benchmark goes, those of the study are."""
        if _is_target(rule):
            return
        with self._lock:
            self._advance()
            self._failed.pop(job, None)  # it is tried again
            self._running[job] = _Running(rule, cell)
            self._at_once = len(self._running)
        if benchmark and self._benchmarks is None:
            self._read_earlier(Path(benchmark))

    def finished(self, job: int) -> bool:
        """Note that a job ended well; whether another twentieth of the jobs is done by that."""
        with self._lock:
            self._advance()
            running = self._running.pop(job, None)
            if running is None:
                return False
            step = self._twentieth()
            self._done[running.rule] += 1
            self._charged[running.rule] += running.share
            return self._twentieth() > step

    def failed(self, job: int, rule: str, logs: Sequence[str], message: str) -> Failure:
        """Note that a job failed, and say why in one line.

        Parameters
        ----------
        job, rule
            Number of the job and its stage.
        logs
            Its own log first, whose last words say why it failed; then logs of a cluster.
        message
            What a cluster says of the failure, if anything.
        """
        with self._lock:
            self._advance()
            running = self._running.pop(job, None)
            self._failed[job] = rule
        # As a module: another workflow's rules log as they like.
        ours = [log for log in logs[:1] if "results/" in log and "/logs/" in log]
        said = reason_of_failure(ours[0], since=self._begin - 1) if ours else ""
        reason = " ".join([said, *message.replace(_ELSEWHERE, "").splitlines()[:1]]).strip()
        name = described(Unfinished(rule, running.cell if running else {}, reason))
        return Failure(f"failed: {name}" + (f" [{', '.join(logs)}]" if logs else ""), bool(said))

    def waits(self, job: int) -> None:
        """Note that a job did not fail itself, but another of its group on a cluster did."""
        self._failed.pop(job, None)

    def text(self) -> str:
        """One line: jobs done and failed, the time left where it can be told, and what runs."""
        with self._lock:
            self._advance()
            left = self._time_left()
            running = Counter(job.rule for job in self._running.values())
        parts = [f"{self.done} of {self.total} jobs"]
        if self._failed:
            parts.append(f"{len(self._failed)} failed")
        if left:
            parts.append(str(left))
        if running:
            rules = ", ".join(f"{rule} {count}" for rule, count in running.items())
            parts.append(f"{'submitted' if self.is_queued else 'running'} {rules}")
        return ", ".join(parts)

    def end(self) -> str:
        """One line for the end of the run."""
        took = in_words(self._clock() - self._begin)
        failed = f", {len(self._failed)} failed" if self._failed else ""
        return f"{self.done} of {self.total} jobs done{failed}, in {took}."

    def _twentieth(self) -> int:
        return 20 * self.done // max(self.total, 1)

    def _advance(self) -> None:
        """Charge the time since the last call to the jobs that run."""
        now = self._clock()
        for job in self._running.values():
            job.share += (now - self._now) / len(self._running)
        self._now = now

    def _time_left(self) -> TimeLeft | None:
        costs = self._costs()
        left = time_left(self._jobs - self._done - Counter(self._failed.values()), costs)
        if left is None or not self._at_once:
            return None
        spent = sum(min(job.share, costs.get(job.rule, 0.0)) for job in self._running.values())
        # Jobs that take longer than usual: nothing is known of how much longer.
        return left._replace(seconds=left.seconds - spent) if left.seconds - spent >= 1 else None

    def _costs(self) -> dict[str, float]:
        """Seconds by which the jobs of each stage lengthen the run."""
        costs = {rule: seconds / max(self._at_once, 1) for rule, seconds in self._earlier.items()}
        return costs | {rule: self._charged[rule] / jobs for rule, jobs in self._done.items()}

    def _read_earlier(self, benchmark: Path) -> None:
        """Mean durations of each stage in earlier runs of the study."""
        above = [parent for parent in benchmark.parents if parent.name == _BENCHMARKS]
        if not above:
            return
        self._benchmarks = above[0]
        self._earlier = mean_seconds(above[0], self._jobs)


def _is_target(rule: str) -> bool:
    """Whether a rule only names what is wanted (`all`, `all_train`; in a module with a prefix), and does nothing."""
    return rule == "all" or rule.startswith("all_") or rule.endswith("_all")
