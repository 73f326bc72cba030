"""Released results that carry checksums: a file that is damaged, missing or not listed is named, with both sums."""

import hashlib
import shutil
import subprocess

import pandas as pd
import pytest
from tests.unit.analysis.paper.test_released_layout import small_release, write_tidied

from sparsetopo.analysis.paper import released_layout
from sparsetopo.analysis.paper.released_checksums import CHECKSUMS, write_checksums
from sparsetopo.analysis.paper.released_layout import RELEASED_FOLDER, read_files
from sparsetopo.errors import FileFormatError


@pytest.fixture
def folder(tmp_path):
    """A small release with checksums, in the format of the repository's own."""
    write_tidied(tmp_path, small_release(), ".csv.xz")
    write_checksums(tmp_path, {path.name: path.read_bytes() for path in tmp_path.glob("*.csv.xz")})
    return tmp_path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_whole_files_are_read(folder):
    tables = read_files(folder).tables
    assert {name: len(table) for name, table in tables.items()} == {
        "unrolled": 48, "rolled": 96, "rolled_channel": 96, "ramanujan": 96,
    }  # fmt: skip


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no command sha256sum")
def test_the_format_is_that_of_the_command(folder):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", CHECKSUMS], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_damaged_file_is_named_with_both_checksums(folder):
    path = folder / "rolled.csv.xz"
    expected = sha256(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as refusal:
        read_files(folder)
    said = str(refusal.value)
    assert said.startswith(f"{path}: has SHA-256 {sha256(path)}, but {expected} is expected")
    assert said.count(". ") == 0, "one sentence"


def test_an_edited_file_is_refused_though_it_is_a_valid_table(folder):
    path = folder / "unrolled.csv.xz"
    pd.read_csv(path).assign(accuracy=0.9).to_csv(path, index=False)
    with pytest.raises(FileFormatError, match=r"unrolled\.csv\.xz: has SHA-256 .* or was edited"):
        read_files(folder)


def test_a_missing_file_is_named_with_its_checksum(folder):
    expected = sha256(folder / "ramanujan.csv.xz")
    (folder / "ramanujan.csv.xz").unlink()
    with pytest.raises(FileFormatError, match=rf"ramanujan\.csv\.xz: there is no .*{expected}"):
        read_files(folder)
    for path in folder.glob("*.csv.xz"):
        path.unlink()
    with pytest.raises(FileFormatError, match=r"unrolled\.csv\.xz: there is no such file"):
        read_files(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("rolled.csv", "other.csv"), "lists no file for the table"),
        (
            lambda text: text + text.splitlines()[0].replace(".xz", "") + "\n",
            r"lists ramanujan\.csv and ramanujan\.csv\.xz for the table 'ramanujan'",
        ),
        (lambda text: "not a sum\n" + text, "the line 'not a sum' is not a SHA-256"),
        (lambda text: text.replace("  ", " "), "is not a SHA-256, two blanks"),
    ],
)
def test_checksums_that_cannot_be_used(folder, change, message):
    path = folder / CHECKSUMS
    path.write_text(change(path.read_text()))
    with pytest.raises(FileFormatError, match=message) as refusal:
        read_files(folder)
    assert str(refusal.value).startswith(str(path))


def test_the_repositorys_own_files_are_not_read_without_checksums(folder, monkeypatch):
    (folder / CHECKSUMS).unlink()
    assert len(read_files(folder).tables["rolled"]) == 96, "a folder of a user's own needs none"
    monkeypatch.setattr(released_layout, "RELEASED_FOLDER", folder)
    with pytest.raises(FileFormatError, match=f"{CHECKSUMS}: there is no such file"):
        read_files(folder)


def test_what_the_repository_carries():
    assert sorted(path.name for path in RELEASED_FOLDER.iterdir()) == [
        "LICENSE", "README.md", CHECKSUMS,
        "ramanujan.csv.xz", "rolled.csv.xz", "rolled_channel.csv.xz", "unrolled.csv.xz",
    ]  # fmt: skip
    assert "Apache License" in (RELEASED_FOLDER / "LICENSE").read_text()
    assert "02ba1eb7c9751ec92f3e0cfa76193b32b16cd32b" in (RELEASED_FOLDER / "README.md").read_text()
    read_files(RELEASED_FOLDER)
