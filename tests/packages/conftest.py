"""The built wheel and sdist, and environments that the wheel is installed into.

`make packages` builds both into ``dist/`` and runs these tests. `alone` is a clean environment: the wheel and what it
requires, nothing else. `beside_torch` sees that one's packages, and after them those of the environment that runs the
tests, so that torch is not installed twice. In both the loops of the metrics are compiled into one new cache.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# None of what the tests' own process says about where modules are may reach the environments.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
}


def built(pattern: str) -> Path:
    """The one file in ``dist/`` of that name."""
    found = sorted((ROOT / "dist").glob(pattern))
    assert len(found) == 1, f"dist/ holds {len(found)} files {pattern}; run: make packages"
    return found[0]


class Environment:
    """A virtual environment in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        subprocess.run([sys.executable, "-m", "venv", *options, folder], check=True, env=CLEAN)
        self.folder = folder
        self.cache = folder.parent / "loops"
        self.python = folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        (found,) = (self.folder / "lib").glob("python*/site-packages")
        return found

    def install(self, *words: str | Path) -> None:
        """Install with pip."""
        pip = [self.python, "-m", "pip", "install", "--quiet", *words]
        subprocess.run(pip, check=True, env=CLEAN)

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Python in the environment's own folder, from where the repository cannot be imported."""
        return subprocess.run(
            [self.python, *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**CLEAN, "SPARSETOPO_CACHE": str(self.cache)},
            check=False,
        )


@pytest.fixture(scope="session")
def wheel() -> Path:
    return built("sparsetopo-*.whl")


@pytest.fixture(scope="session")
def sdist() -> Path:
    return built("sparsetopo-*.tar.gz")


@pytest.fixture(scope="session")
def alone(wheel, tmp_path_factory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("alone") / "environment")
    environment.install(wheel, "--constraint", ROOT / "envs" / "constraints.txt")
    return environment


@pytest.fixture(scope="session")
def beside_torch(alone, tmp_path_factory) -> Environment:
    environment = Environment(
        tmp_path_factory.mktemp("beside-torch") / "environment", "--without-pip"
    )
    environment.cache = alone.cache
    # Of folders that a .pth file names, their own .pth files are not read: the editable installation of the repository
    # stays invisible.
    paths = f"{alone.packages}\n{sysconfig.get_path('purelib')}\n"
    (environment.packages / "beside.pth").write_text(paths, encoding="utf-8")
    return environment
