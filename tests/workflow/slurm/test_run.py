"""A small study on a SLURM of two nodes: Snakemake is killed, a job is cancelled, and the tables are those of a local run."""

import copy
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.workflow.conftest import Study
from tests.workflow.slurm.cluster import Cluster, Record, wait_for
from tests.workflow.slurm.conftest import ClusterStudy

pytestmark = pytest.mark.middle

# Networks, a baseline, and what comes once: data, plan, two tables collected, seven analyses, report.
JOBS = 2 * len(("prune", "train", "encode", "topometrics")) + 1 + 12


@dataclass(frozen=True)
class Story:
    """What happened to a study that was killed and went on."""

    study: ClusterStudy
    before: dict[Path, int]
    first: list[Record]
    second: list[Record]


def outputs(study: Study) -> dict[Path, int]:
    """Time of the last change of every result, by its path."""
    parts = (
        "data",
        "plans",
        "dense",
        "masks",
        "trained",
        "mges",
        "topometrics",
        "layers",
        "tables",
    )
    return {
        path: path.stat().st_mtime_ns
        for part in parts
        for path in (study.results / part).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def running(cluster: Cluster, rule: str) -> list[Record]:
    return [
        record
        for record in cluster.records()
        if record.state == "RUNNING" and record.comment.startswith(f"rule_{rule}_")
    ]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, local_study: Study, cluster: Cluster) -> Story:
    """Killed while it trains; started again; then one of its training jobs is cancelled by hand."""
    study = ClusterStudy(tmp_path_factory.mktemp("cluster"), cluster)
    study.values = copy.deepcopy(local_study.values)
    earlier = len(cluster.records())  # of other tests
    snakemake = study.submit_in_background()
    try:
        wait_for(lambda: running(cluster, "train_wildcards") != [], 180, "nothing trains")
    finally:
        snakemake.send_signal(signal.SIGKILL)
        snakemake.wait()
    first = cluster.records()[earlier:]
    # SLURM knows nothing of that: the jobs go on until somebody cancels the run by its name.
    assert running(cluster, "train_wildcards") != []
    cluster.call("scancel", "--name", first[0].run)
    before = outputs(study)
    unlocked = study.run("--unlock")
    assert unlocked.returncode == 0, unlocked.stderr

    snakemake = study.submit_in_background()
    try:
        wait_for(lambda: running(cluster, "train_wildcards") != [], 120, "nothing trains again")
        cluster.call("scancel", str(running(cluster, "train_wildcards")[0].number))
        assert snakemake.wait(400) == 0, study.messages
    finally:
        snakemake.kill()
        snakemake.wait()
    return Story(study, before, first, cluster.records()[earlier + len(first) :])


def test_the_tables_are_those_of_a_local_run(story, local_study):
    names = {path.name for path in (local_study.results / "tables").glob("*.csv")}
    assert "networks.csv" in names
    for name in names:
        own = (story.study.results / "tables" / name).read_bytes()
        assert own == (local_study.results / "tables" / name).read_bytes(), name


def test_small_jobs_share_a_slurm_job(story):
    comments = [record.comment for record in (*story.first, *story.second)]
    assert comments.count("rule_masks_prune") == 1
    assert comments.count("rule_graphs_encode_topometrics") == 1
    # Some came twice: what ran when Snakemake was killed, and what was cancelled.
    assert len(comments) < JOBS


def test_a_group_asks_for_the_time_of_all_its_jobs_and_the_memory_of_one(story):
    group = next(r for r in story.second if r.comment == "rule_graphs_encode_topometrics")
    assert (group.cpus, group.minutes) == (1, 4 * 5)
    assert group.memory_mb < 2 * 500


def test_a_run_after_a_kill_redoes_nothing_that_was_finished(story):
    assert {path.parent.name for path in story.before} >= {"data", "seed-0"} - {"seed-0"}
    assert any("masks" in path.parts for path in story.before)
    after = outputs(story.study)
    assert {path: after[path] for path in story.before} == story.before
    again = {record.comment for record in story.second}
    assert not [comment for comment in again if comment.startswith(("rule_data", "rule_masks"))]


def test_a_cancelled_job_is_submitted_again_with_more_memory_and_time(story):
    cancelled = [record for record in story.second if record.state == "CANCELLED"]
    assert len(cancelled) == 1
    repeated = [record for record in story.second if record.comment == cancelled[0].comment]
    assert [record.state for record in repeated] == ["CANCELLED", "COMPLETED"]
    assert repeated[1].memory_mb == 2 * repeated[0].memory_mb
    assert repeated[1].minutes == 2 * repeated[0].minutes


def test_both_nodes_worked(story):
    assert {record.node for record in (*story.first, *story.second)} >= {"n1", "n2"}


def test_nothing_is_left_to_do(story):
    assert story.study.jobs() == {}
    assert "Nothing to be done" in "".join(
        getattr(story.study.submit(), stream) for stream in ("stdout", "stderr")
    )


def test_report_after_a_cluster_run(story):
    report = story.study.folder / "report.html"
    done = story.study.run("--report", str(report))
    assert done.returncode == 0, done.stderr
    assert "networks.csv" in report.read_text()
