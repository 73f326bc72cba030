"""What the wheel and the sdist hold: every file of the library and its data, and nothing else."""

import subprocess
import tarfile
import zipfile
from pathlib import PurePosixPath

from tests.packages.conftest import ROOT


def committed(*folders):
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split("\0") if name}


def test_the_wheel_is_the_library_and_its_tables(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    library = {name.removeprefix("workflow/") for name in committed("workflow/sparsetopo")}
    tables = {
        f"sparsetopo/_resources/{name.removeprefix('resources/')}"
        for name in committed("resources")
    }
    assert held == library | tables
    assert "sparsetopo/py.typed" in held


def test_the_wheel_fits_every_python_and_platform(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_sdist_is_the_whole_project(sdist):
    with tarfile.open(sdist) as archive:
        names = {PurePosixPath(name).parts[1:] for name in archive.getnames()}
    held = {"/".join(parts) for parts in names}
    hidden = {name for name in committed() if name.startswith((".", "results/"))}
    assert committed() - hidden <= held
    assert not [name for name in held if "__pycache__" in name or name.startswith(".venv")]
