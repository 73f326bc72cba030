"""The commands that docs/command-line.md and the help show."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer

from sparsetopo.command_line.app import COMMANDS, app
from sparsetopo.command_line.run import run

PAGE = (Path(__file__).parents[3] / "docs/command-line.md").read_text(encoding="utf-8")
PYTHON = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]
SHOWN = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)).splitlines()
IN_HELP = [
    example
    for command in COMMANDS
    for example in re.findall(r"\[cyan\](.*?)\[/cyan\]", command.__doc__, re.S)
]


@pytest.mark.middle
def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "make_files.py").write_text(PYTHON, encoding="utf-8")
    runpy.run_path("make_files.py")
    for line in SHOWN:
        program, *words = shlex.split(line)
        assert program == "sparsetopo"
        assert run(words) == 0, capsys.readouterr().err
        printed = capsys.readouterr()
        assert bool(printed.out) == (words[0] not in ("export", "draw"))
        if "-o" in words:
            assert (tmp_path / words[-1]).exists()


@pytest.mark.parametrize("line", IN_HELP)
def test_the_examples_of_the_help_are_read(line):
    program, name, *words = shlex.split(line)
    assert program == "sparsetopo"
    command = typer.main.get_command(app).commands[name]
    command.make_context(name, words)  # raises if an option or a value is not one


def test_the_page_lists_every_command():
    listed = re.findall(r"^\| `sparsetopo (\w+)", PAGE, re.M)
    assert listed == [command.__name__ for command in COMMANDS]
