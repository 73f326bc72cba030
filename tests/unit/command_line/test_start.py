"""How the program starts and ends: what it imports, its help, its status after Ctrl-C and where a package is missing."""

import importlib
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.command_line.app import COMMANDS, app
from sparsetopo.command_line.parameters import _MODEL

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "torchvision", "numba", "pandas", "numpy", "scipy", "matplotlib", "snakemake")
NAMES = [command.__name__ for command in COMMANDS]


def environment():
    own = {"PYTHONPATH": str(ROOT / "workflow"), "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": ""}
    return {**os.environ, **own}


def python(code, **settings):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=settings.pop("cwd", ROOT),
        env=environment(),
        check=False,
    )


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["measure", "--help"], ["status", "tiny"]]
)
def test_what_needs_no_torch_does_not_wait_for_it(words):
    done = python(
        "import sys\n"
        "from sparsetopo.command_line.run import run\n"
        f"status = run({words!r})\n"
        f"print('imported:', sorted(set({HEAVY!r}) & set(sys.modules)), status)\n"
    )
    assert done.stdout.splitlines()[-1] == "imported: [] 0", done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_every_command_has_examples(name):
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert f"sparsetopo {name}" in shown.output.split("Examples")[1]


def test_the_help_lists_every_command_in_one_line():
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    lines = [line for line in shown.output.splitlines() if line.startswith("│")]
    for name in NAMES:
        assert any(line.startswith(f"│ {name} ") and len(line.split()) > 6 for line in lines)


def test_every_command_is_a_function_of_the_same_name():
    commands = importlib.import_module("sparsetopo.commands")
    assert all(callable(getattr(commands, name)) for name in NAMES)


def test_the_help_names_the_networks_that_there_are():
    assert all(name in _MODEL for name in ARCHITECTURES)


def test_the_program_of_the_package_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["sparsetopo"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert {name.partition(">")[0] for name in project["optional-dependencies"]["cli"]} == {
        "typer",
        "rich",
    }


def test_without_typer_one_sentence_says_what_to_install():
    done = python(
        "import sys\nsys.modules['typer'] = None\nfrom sparsetopo.command_line import main\nmain(['status'])"
    )
    assert done.returncode == 1
    assert "pip install 'sparsetopo[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_torch_one_sentence_says_what_to_install():
    done = python(
        "import sys\nsys.modules['torch'] = None\nfrom sparsetopo.command_line import main\n"
        "main(['measure', 'Resnet-20', '--input', '1x8x8', '--classes', '10'])"
    )
    assert done.returncode == 1
    assert done.stderr == (
        "sparsetopo: sparsetopo.commands.measure needs torch, which is not installed: "
        "pip install 'sparsetopo[torch]'.\n"
    )


def test_python_runs_the_package_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "sparsetopo", "measure", "--metrics"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("sparsetopo: ")
    assert done.stdout == ""


def test_a_bug_keeps_its_traceback(monkeypatch):
    from sparsetopo.command_line.run import run

    def broken(*models, **how):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("sparsetopo.commands.measure", broken)
    with pytest.raises(ZeroDivisionError):
        run(["measure", "Resnet-20"])


@pytest.mark.middle
def test_control_c_ends_with_130_and_says_nothing_of_python(tmp_path):
    (tmp_path / "endless_network.py").write_text(
        "import time\n\n\ndef endless(input_shape, classes):\n    open('begun', 'w').close()\n"
        "    time.sleep(60)\n",
        encoding="utf-8",
    )
    words = ["measure", "endless_network:endless", "--input", "1x4x4", "--classes", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sparsetopo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(),
        # A shell lets what it starts in the background ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for _ in range(600):
        if (tmp_path / "begun").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        "--version",  # less than Python buffers: written at the end
        pytest.param(
            "layers Resnet-20 --input 1x8x8 --classes 10 --parts structure --format json",
            marks=pytest.mark.middle,
        ),
    ],
)
def test_a_reader_that_has_enough_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sparsetopo", *words.split()],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert "pipe" not in done.stderr.lower()
    assert "Traceback" not in done.stderr
