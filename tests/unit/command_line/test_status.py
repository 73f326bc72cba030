"""``sparsetopo status`` and ``make status``: the same lines."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sparsetopo.command_line.run import run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with what a clone has, in which nothing was run."""
    for name in ("config", "workflow/scripts", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "workflow/status.py", tmp_path / "workflow")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "study"),
    [(["tiny"], "tiny"), ([], "digits"), (["--configfile", "config/tiny.yaml"], "tiny")],
)
def test_both_ways_say_how_far_a_study_is(clone, capsys, words, study):
    assert run(["status", *words]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"The study '{study}' was never run here: results/{study} has none of")
    made = subprocess.run(
        [sys.executable, "workflow/status.py", *words],
        capture_output=True, text=True, check=True, cwd=clone,
        env={"PYTHONPATH": str(ROOT / "workflow")},
    )  # fmt: skip
    assert made.stdout == said


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["tini"], 2, "there is no study 'tini' in config/*.yaml; there are digits"),
        (["tiny", "--configfile", "config/tiny.yaml"], 2, "not both"),
        (["--configfile", "nowhere.yaml"], 1, "nowhere.yaml: cannot be read"),
        (["--configfile", "bad.yaml"], 1, "study"),
    ],
)
def test_what_cannot_be_looked_at_is_said(clone, capsys, words, status, said):
    (clone / "bad.yaml").write_text("study: [1]\n", encoding="utf-8")
    assert run(["status", *words]) == status
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_folder_without_a_study_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["status"]) == 2
    assert "--configfile my.yaml" in capsys.readouterr().err
