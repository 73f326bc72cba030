"""A stand-in for conda, for tests where no conda channel can be reached.

``install`` makes a ``conda`` that answers what Snakemake asks. It "creates" an environment from a file by linking the
pinned packages of the file, and what these require, out of the environment that the tests run in: a job sees exactly
these. So what is tested is which packages a file lists, and what Snakemake makes of the files; not whether conda can
solve them.
"""

import json
import stat
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from itertools import pairwise
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Runs what `python` would run, and notes which modules that imported.
RECORDER = """
import atexit, os, runpy, sys

folder = os.path.join(os.path.dirname(__file__), "imported")

def note():
    names = sorted({name.partition(".")[0] for name in sys.modules})
    with open(os.path.join(folder, str(os.getpid())), "w") as file:
        file.write("\\n".join(names))

arguments = sys.argv[1:]
if arguments[0] == "-c":
    sys.argv = ["-c", *arguments[2:]]
    exec(arguments[1])
else:
    atexit.register(note)
    sys.argv, sys.path[0] = arguments, os.path.dirname(arguments[0])
    runpy.run_path(arguments[0], run_name="__main__")
"""


def packages_with_requirements(pins: Iterable[str]) -> dict[str, Distribution]:
    """The pinned packages and what they require, from those that are installed: {canonical name: package}."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(pin) for pin in pins]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        package = found.get(name) or distribution(name)
        if not requirement.specifier.contains(package.version, prereleases=True):
            raise LookupError(f"{requirement} is asked for, but {package.version} is installed")
        if name in found:
            continue
        found[name] = package
        for needed in map(Requirement, package.requires or []):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed)
    return found


def lay_environment(folder: Path, pins: Iterable[str]) -> None:
    """Make a folder whose ``bin/python`` imports the standard library, the packages, and nothing besides."""
    library = folder / "lib"
    library.mkdir(parents=True)
    (folder / "imported").mkdir()
    for package in packages_with_requirements(pins).values():
        for name in {file.parts[0] for file in package.files or []} - {"..", "__pycache__"}:
            link = library / name
            if not link.is_symlink():
                link.symlink_to(Path(str(package.locate_file(name))))
    (folder / "recorder.py").write_text(RECORDER)
    # -S: without the site-packages of the environment that the interpreter belongs to.
    command = f'"{sys.executable}" -S "{folder}/recorder.py" "$@"'
    _write_program(folder / "bin/python", f'PYTHONPATH="{library}" exec {command}')


def install(folder: Path) -> Path:
    """Make the stand-in in a folder; the folder to put on the PATH."""
    _write_program(folder / "bin/conda", f'exec "{sys.executable}" "{__file__}" "{folder}" "$@"')
    (folder / "bin/activate").write_text('export PATH="$1/bin:$PATH" CONDA_PREFIX="$1"\n')
    return folder / "bin"


def pins_of(file: Path) -> list[str]:
    """The packages that an environment file has pip install."""
    parts = yaml.safe_load(file.read_text())["dependencies"]
    return next(part["pip"] for part in parts if isinstance(part, dict))


def imported_by(folder: Path) -> set[str]:
    """Top-level names of all modules that scripts of an environment imported."""
    return {name for note in (folder / "imported").iterdir() for name in note.read_text().split()}


def _write_program(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def main(folder: str, *arguments: str) -> None:
    """Answer one call of ``conda``."""
    if arguments == ("info", "--json"):
        print(json.dumps({"conda_prefix": folder, "platform": "linux-64"}))
    elif arguments == ("--version",):
        print("conda 25.1.0")
    elif arguments == ("config", "--get", "channel_priority", "--json"):
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ("env", "create"):
        options = dict(pairwise(arguments))
        lay_environment(Path(options["--prefix"]), pins_of(Path(options["--file"])))
    elif arguments[:1] != ("clean",):
        sys.exit(f"the stand-in for conda does not know: {arguments}")


if __name__ == "__main__":
    main(*sys.argv[1:])
