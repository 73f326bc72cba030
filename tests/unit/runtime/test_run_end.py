"""What the last line of a run says."""

import shutil
from types import SimpleNamespace

import pytest

from sparsetopo.runtime import run_end


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_nothing_where_nothing_is_wrong():
    assert run_end.last_words("small") == []


def test_a_full_disk_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=20_000))
    (sentence,) = run_end.last_words("small")
    assert sentence.startswith("The disk is full (19 kB are free): free some room on it")


def test_a_lock_that_only_the_user_can_judge_is_said(monkeypatch):
    monkeypatch.setattr(run_end, "explain_locks", lambda study: f"{study} is being run.")
    assert run_end.last_words("small") == ["small is being run."]
