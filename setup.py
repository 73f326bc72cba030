"""What pyproject.toml cannot say: a wheel holds the tables of ``resources/`` too, inside the package.

`sparsetopo.resources` looks for them there. In the repository they lie beside the package, where Snakemake users look.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithResources(build_py):
    """Copies ``resources/`` to ``sparsetopo/_resources``; an editable installation uses the original."""

    def run(self) -> None:
        """Build the package, then add the tables."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "sparsetopo", "_resources")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("resources", target)


setup(cmdclass={"build_py": BuildWithResources})
