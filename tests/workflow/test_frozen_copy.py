"""A run from a frozen copy: edits of the working copy do not reach it, and its results are the working copy's."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT, job_counts

GRAPH = "results/tiny/mges/digits/Resnet-20/uniform/0.9/seed-0.safetensors"
PARTS = ("Snakefile", "workflow", "profiles", "envs", "resources", "config", ".gitignore")


class Clone:
    """A git clone with all that a run needs, used as a user does: in its folder, by the printed command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", ".*.nbi", ".*.nbc")
        for name in PARTS:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, folder / name)
        values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
        values["grid"] |= {"algorithms": ["uniform"], "sparsities": ["0.9"]}
        (folder / "config/config.yaml").write_text(yaml.safe_dump(values))
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "all")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        return subprocess.check_output(["git", *identity, *arguments], cwd=self.folder, text=True)

    def freeze(self, *arguments: str, code: int = 0) -> str:
        """What `freeze.py` prints; called from elsewhere, since where it is called does not matter."""
        done = self.python("workflow/freeze.py", *arguments, cwd=self.folder.parent)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def python(self, script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.folder / script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)

    def environment(self) -> dict[str, str]:
        # As `pip install -e .` does: the working copy's library can be imported everywhere.
        return os.environ | {"PYTHONPATH": str(self.folder / "workflow")}

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment(),
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def printed_arguments(text: str) -> list[str]:
    """Arguments of the command that is printed, without the program."""
    (line,) = re.findall(r"^  \S*snakemake (.*)$", text, re.MULTILINE)
    return line.split()


@pytest.mark.middle
def test_a_run_does_not_see_what_is_edited_meanwhile(clone):
    arguments = printed_arguments(clone.freeze())
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", GRAPH, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=clone.folder,
        env=clone.environment(),
    )
    data = clone.folder / "results/tiny/data/digits.safetensors"
    while not data.exists() and process.poll() is None:
        time.sleep(0.05)
    broken = [
        "workflow/sparsetopo/__init__.py",
        *("workflow/scripts/job.py", "workflow/scripts/train.py", "workflow/rules/common.smk"),
    ]
    for name in broken:
        (clone.folder / name).write_text("raise RuntimeError('edited meanwhile')\n")
    for name in ("config/config.yaml", "profiles/default/config.yaml", "envs/torch.yaml"):
        (clone.folder / name).write_text("no: {such: key}\n")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert (clone.folder / GRAPH).is_file()
    seen = clone.snakemake(GRAPH, "-n")
    assert "edited meanwhile" in seen.stdout + seen.stderr, "the edits would have been harmless"

    # The results are those of the working copy too, as long as it says the same.
    clone.git("checkout", "--quiet", ".")
    assert job_counts(clone.snakemake(GRAPH, "-n")) == {}
    # And where it says something else, that runs, and nothing besides.
    script = clone.folder / "workflow/scripts/encode.py"
    script.write_text(script.read_text() + "\n")
    assert job_counts(clone.snakemake(GRAPH, "-n")) == {"encode": 1}
    assert job_counts(clone.snakemake(GRAPH, "-n", *arguments)) == {}


def test_what_is_not_committed_is_named(clone):
    assert "not committed" not in clone.freeze()
    (clone.folder / "README.md").write_text("A new file that no run reads.\n")
    (clone.folder / "workflow/scripts/train.py").write_text("edited\n")
    (clone.folder / "workflow/sparsetopo/pruning/algorithms/mine.py").write_text("new\n")
    text = clone.freeze()
    named = "workflow/scripts/train.py, workflow/sparsetopo/pruning/algorithms/mine.py"
    assert f"Not in the copy, since not committed: {named}\n" in text
    assert (clone.folder / printed_arguments(text)[1]).is_file()
    assert clone.git("status", "--porcelain", ".frozen") == "", "the copies are not git's business"


def test_an_older_commit_has_its_own_copy(clone):
    first = clone.git("rev-parse", "HEAD").strip()
    (clone.folder / "workflow/scripts/train.py").write_text("edited\n")
    clone.git("commit", "--quiet", "--all", "--message", "edited")
    for commit, text in (
        ("HEAD", "edited\n"),
        (first, (ROOT / "workflow/scripts/train.py").read_text()),
    ):
        snakefile = clone.folder / printed_arguments(clone.freeze(commit))[1]
        assert (snakefile.parent / "workflow/scripts/train.py").read_text() == text
    assert len(list((clone.folder / ".frozen").iterdir())) == 2


def test_what_cannot_be_frozen_is_said_in_a_sentence(clone):
    assert (
        clone.freeze("nonsense", code=1) == f"freeze: 'nonsense' is no commit of {clone.folder}.\n"
    )
    shutil.rmtree(clone.folder / ".git")
    assert "is no git clone, so there is no commit to copy" in clone.freeze(code=1)
