"""Jobs that fail or are killed, a full disk, cut files, two runs at once, interruptions: then the same command again.

In the end every result is that of an undisturbed run, to the last bit.
"""

import copy
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Study, copy_project
from tests.workflow.faults import (
    FULL_DISK,
    contents,
    fault,
    remove,
    signal_group,
    start,
    wait_for_log,
    why_no_mount,
)

# Snakemake runs jobs for real.
pytestmark = pytest.mark.middle

CELL = "digits/Resnet-20/uniform/0.98/seed-0"
BUSY = "The study 'tiny' is being run in this directory already, by process "
BEGUN = "Another run of the study 'tiny' began in this directory at the same moment: "
AGAIN = "What was finished is kept; the same command goes on from there."


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two networks, and the analyses without checks."""
    study = Study(tmp_path_factory.mktemp("undisturbed"))
    study.values["grid"]["algorithms"] = ["uniform"]
    study.values["analysis"]["checks"] = False
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return study


@pytest.fixture
def study(undisturbed: Study, tmp_path: Path) -> Study:
    """A copy of the finished study, to be damaged."""
    copied = Study(tmp_path / "study")
    shutil.copytree(undisturbed.folder, copied.folder)
    copied.values = copy.deepcopy(undisturbed.values)
    shutil.rmtree(copied.results / "logs")
    return copied


def completes(study: Study, undisturbed: Study, *targets: str) -> None:
    """The same command, without the fault, ends well and makes every result as it was."""
    done = study.run(*targets)
    assert done.returncode == 0, done.stdout + done.stderr
    if not targets:
        assert contents(study.results) == contents(undisturbed.results)


def summary(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines of our summary; after it come Snakemake's last four at most."""
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    first, last = lines.index("The study is not complete."), lines.index(AGAIN)
    assert len(lines) - last <= 5, lines[last:]
    return lines[first : last + 1]


def test_a_job_that_fails_once(study, undisturbed, tmp_path):
    remove(study, f"topometrics/{CELL}.json")
    environment = fault(tmp_path, "/topometrics/", once=True)
    lines = summary(study.run(**environment))
    assert lines[1] == "1 job failed; more is said in results/tiny/logs/ and above:"
    assert lines[2].startswith(
        "  topometrics (dataset digits, architecture Resnet-20, algorithm uniform, sparsity 0.98, seed 0): OSError: [Errno 5]"
    )
    assert not (study.results / f"topometrics/{CELL}.json").exists()
    completes(study, undisturbed)


def test_a_job_that_always_fails(study, undisturbed, tmp_path):
    """The other network is done; what waits is counted; tables are old or gone, never half-written."""
    remove(study, "mges/**/*.safetensors", "tables/ranking.csv")
    before = contents(undisturbed.results)
    environment = fault(tmp_path, f"/mges/{CELL}")
    for _ in range(2):
        lines = summary(study.run(**environment))
        assert "algorithm uniform, sparsity 0.98, seed 0): OSError" in lines[2]
        waiting = ", ".join(
            f"{stage} 1"
            for stage in (
                *("collect", "collect_layers", "importance", "prediction", "ramanujan", "ranking"),
                *("regression", "report", "topometrics"),
            )
        )
        assert lines[3] == f"9 jobs not run because of that: {waiting}."
    other = f"mges/{CELL}.safetensors".replace("0.98", "0.9")
    after = contents(study.results)
    assert after[other] == before[other]
    assert f"mges/{CELL}.safetensors" not in after
    assert all(before[path] == content for path, content in after.items())
    completes(study, undisturbed)


def test_a_job_killed_as_if_memory_ran_out(study, undisturbed, tmp_path):
    remove(study, f"mges/{CELL}.safetensors")
    lines = summary(study.run(**fault(tmp_path, "/mges/", kind="kill")))
    assert "seed 0): it was killed or crashed without a word, as happens when memory" in lines[2]
    assert list(study.results.rglob(".*.tmp*"))
    completes(study, undisturbed)


@pytest.mark.parametrize(
    ("room", "removed", "sentence"),
    [
        pytest.param(200_000, f"trained/{CELL}.*", "): the disk is full (", marks=pytest.mark.slow),
        pytest.param(20_000, "tables/*.csv", "The disk is full (", marks=pytest.mark.slow),
        (0, "tables/*.csv", "The disk is full (0 kB are free): free some room on it"),
    ],
    ids=["a job's file", "Snakemake's files too", "nothing can be written"],
)
def test_a_full_disk(study, undisturbed, tmp_path, room, removed, sentence):
    reason = why_no_mount()
    if reason:
        pytest.skip(f"no file system of a size of its own can be mounted: {reason}")
    remove(study, removed)
    mounted, out = tmp_path / "mounted", tmp_path / "out"
    mounted.mkdir()
    out.mkdir()
    contents_folder = study.folder
    study.folder = mounted
    command = ["unshare", "-rm", "sh", "-c", FULL_DISK, "sh"]
    command += [str(path) for path in (mounted, contents_folder, room, out)]
    subprocess.run([*command, *study.command()], check=True, cwd=ROOT)
    said = (out / "full.txt").read_text()
    assert (out / "full.status").read_text() == "1\n", said
    # What Snakemake cannot say for want of room is the last line; a job's own sentence stands above the summary.
    last = said.strip().splitlines()[-1]
    assert sentence in (last if sentence.startswith("The disk") else said), said
    assert "Logging error" not in said
    assert (out / "full.left").read_text() == ""
    expected = contents(undisturbed.results)
    when_full = contents(out / "results-when-full/tiny")
    assert all(expected[path] == content for path, content in when_full.items())
    assert (out / "free.status").read_text() == "0\n", (out / "free.txt").read_text()
    assert contents(out / "results/tiny") == expected


# The file that is cut, and what is then asked for.
CUT = {
    "data": ("data/digits.safetensors", "plans/digits/Resnet-20.json"),
    "plan": ("plans/digits/Resnet-20.json", f"mges/{CELL}.safetensors"),
    "mask": (f"masks/{CELL}.safetensors", f"trained/{CELL}.safetensors"),
    "weights": (f"trained/{CELL}.safetensors", f"mges/{CELL}.safetensors"),
    "result": (f"trained/{CELL}.json", "tables/networks.csv"),
    "baseline": ("dense/digits/Resnet-20/seed-0.json", "tables/networks.csv"),
    "graph": (f"mges/{CELL}.safetensors", f"topometrics/{CELL}.json"),
    "topometrics": (f"topometrics/{CELL}.json", "tables/networks.csv"),
    "layers": (f"layers/{CELL}.json", "tables/layers.csv"),
    "table": ("tables/networks.csv", "tables/importance.csv"),
    "table of layers": ("tables/ramanujan_layers.csv", "tables/ramanujan.csv"),
    "table of a figure": ("tables/regression.csv", "index.html"),
}
QUICK = ("graph", "layers", "table", "table of layers")


@pytest.mark.parametrize(
    "kind", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CUT]
)
def test_a_cut_file(study, undisturbed, kind):
    """One sentence names it and says what to do; doing that makes it, and what was asked for, as it was."""
    damaged, wanted = CUT[kind]
    path = study.results / damaged
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    target = f"results/tiny/{wanted}"
    done = study.run(target)
    said = [line for line in summary(done) if f"results/tiny/{damaged}: " in line]
    assert len(said) == 1, done.stderr
    assert said[0].endswith("delete it and run again.")
    expected = contents(undisturbed.results)
    assert (study.results / wanted).exists() <= (
        contents(study.results).get(wanted) == expected[wanted]
    )
    path.unlink()
    completes(study, undisturbed, target)
    after = contents(study.results)
    assert after[damaged] == expected[damaged]
    assert after[wanted] == expected[wanted]


@pytest.mark.slow
def test_cut_scores(undisturbed, tmp_path):
    """Of an algorithm that scores once for all sparsities."""
    study = Study(tmp_path)
    study.values["grid"]["algorithms"] = ["snip"]
    assert study.run("all_prune").returncode == 0
    expected = contents(study.results)
    (scores,) = study.results.glob("scores/**/*.safetensors")
    scores.write_bytes(scores.read_bytes()[:-1])
    lines = summary(study.run("all_prune"))
    assert (
        sum("seed-0.safetensors: " in line and "delete it and run" in line for line in lines) == 2
    )
    scores.unlink()
    assert study.run("all_prune").returncode == 0
    assert contents(study.results) == expected


@pytest.mark.parametrize("later", [0.0, pytest.param(1.5, marks=pytest.mark.slow)])
def test_two_runs_at_once(study, undisturbed, later):
    """One completes, the other says who is at work; which of two that start together is chance."""
    remove(study, "mges/**/*.safetensors")
    runs = [start(study)]
    time.sleep(later)
    runs.append(start(study))
    said = [run.communicate()[0] for run in runs]
    statuses = [run.returncode for run in runs]
    assert sorted(statuses) == [0, 1], said
    first, second = statuses.index(0), statuses.index(1)
    # The first holds the study by then, if it began earlier.
    expected = f"{BUSY}{runs[first].pid} on " if later else (BUSY, BEGUN)
    words = [line for line in said[second].splitlines() if line.startswith(expected)]
    assert words, said[second]
    assert re.search("wait until it has ended, .*run the same command again", words[-1])
    assert contents(study.results) == contents(undisturbed.results)
    assert study.jobs() == {}


@pytest.mark.slow
def test_make_run_twice_at_once(study, undisturbed, tmp_path):
    """Its script waits for the other one."""
    copy_project(study.folder)
    study.command()  # writes its configuration
    (study.folder / "config").mkdir()
    shutil.copy(study.folder / "config.yaml", study.folder / "config/config.yaml")
    remove(study, "mges/**/*.safetensors")
    runs = [
        subprocess.Popen(
            [sys.executable, str(study.folder / "workflow/run.py")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sum("waiting for it to end" in text for text in said) == 1
    after = contents(study.results)
    assert len(after.pop("report.html")) > 100_000
    assert after == contents(undisturbed.results)


@pytest.mark.parametrize(
    ("number", "to_all"),
    [(signal.SIGINT, True), pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow)],
    ids=["Ctrl-C", "SIGTERM to Snakemake"],
)
def test_an_interruption(study, undisturbed, number, to_all):
    remove(study, f"mges/{CELL}.safetensors")
    run = start(study)
    wait_for_log(study, "topometrics")  # the only job then
    if to_all:
        signal_group(run, number)
    else:
        run.send_signal(number)
    said = run.communicate()[0]
    assert run.returncode == 1, said
    assert "The study is not complete." in said
    assert AGAIN in said
    assert "Traceback" not in said
    completes(study, undisturbed)
