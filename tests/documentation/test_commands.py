"""Commands on the pages are ones that can be given: Snakemake and make plan what they would do, and do nothing.

They are called in a copy of the project beside no results, with the files that their page shows. What a study then does is
tested where studies run; CI runs the tiny study as README says.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from tests.documentation.pages import PAGES, Block, blocks, commands
from tests.documentation.test_marks import RUN_ELSEWHERE
from tests.workflow.conftest import copy_project
from tests.workflow.dry_run import dry_run

from sparsetopo.command_line.app import app

# (words of the command, page): a command that several pages give is called once, with the first one's files.
COMMANDS = {
    tuple(shlex.split(text, comments=True)): (page, line)
    for page in reversed(PAGES)
    if page not in RUN_ELSEWHERE
    for block in reversed(blocks(page))
    if block.language in ("", "sh") and not block.not_run
    for line, text in commands(block)
}
BY_PROGRAM: dict[str, list[tuple[str, ...]]] = {}
for _words in sorted(COMMANDS, key=lambda words: COMMANDS[words]):
    BY_PROGRAM.setdefault(Path(_words[0]).name, []).append(_words)


def place(words: tuple[str, ...]) -> str:
    page, line = COMMANDS[words]
    return f"{page}:{line}"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project, in which the paper's grid has one seed, since it is not the grid that is tested here."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder, "config", "Makefile", "pyproject.toml")
    for name in ("paper", "paper-accuracies"):
        path = folder / f"config/{name}.yaml"
        values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        values["grid"] |= {"seeds": [0], "sparsities": ["0.9"]}
        path.write_text(json.dumps(values), encoding="utf-8")
    return folder


def write_files(page: str, folder: Path) -> None:
    """Write the files that a page shows."""
    for block in blocks(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def without_report(words: list[str]) -> list[str]:
    """A command's words without a report, which needs the results."""
    if "--report" not in words:
        return words
    at = words.index("--report")
    return words[:at] + words[at + 2 :]


def test_every_command_is_one_that_is_tested():
    assert set(BY_PROGRAM) == {"make", "snakemake", "sparsetopo"}
    assert {"README.md", "docs/cluster.md", "docs/site/start.md"} <= {page for page, _ in COMMANDS.values()}  # fmt: skip


@pytest.mark.middle
@pytest.mark.parametrize("words", BY_PROGRAM["snakemake"], ids=place)
def test_snakemake_plans_it(words, project):
    write_files(COMMANDS[words][0], project)
    status, text = dry_run(without_report(list(words[1:])), project)
    assert status == 0, text
    assert not list((project / "results").glob("*/tables"))


@pytest.mark.parametrize("words", BY_PROGRAM["make"], ids=place)
def test_make_knows_it(words, project):
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", "-n", *words[1:]],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("words", BY_PROGRAM["sparsetopo"], ids=place)
def test_the_command_line_reads_it(words):
    """What it does is tested with the page of the command line; here its files are not there."""
    _, name, *rest = words
    typer.main.get_command(app).commands[name].make_context(name, list(rest))


def test_commands_are_read_as_a_shell_reads_them():
    block = Block("docs/page.md", 5, "", "make run  # first\n# not this\nsnakemake \\\n    -n\n")
    assert [(line, shlex.split(text, comments=True)) for line, text in commands(block)] == [
        (5, ["make", "run"]),
        (7, ["snakemake", "-n"]),
    ]
