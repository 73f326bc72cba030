"""How the scripts in `examples/` are run for the site: in which environment, and when again.

A page is an executed script. What it printed and drew is kept, and taken as long as its code, the library's code and
the pinned packages are the same.
"""

import logging
import os
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from sparsetopo.sources import source_digest

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "envs/requirements.txt", ROOT / "envs/constraints.txt")
KEPT = ROOT / "docs/.executed"
"""Has one folder, which is named by all that the scripts' results depend on."""

# Else the kernel warns, for every script, that others on this machine could listen to it.
SETTINGS = "c = get_config()\nc.IPKernelApp.log_level = 'ERROR'\n"


def prepare() -> Path:
    """Set the environment that the scripts run in; return the folder of what they gave, empty if it would be stale."""
    folder = KEPT / source_digest(".", ROOT / "examples/fair_snip.py", *PINS)
    for other in KEPT.glob("*"):
        if other != folder:
            shutil.rmtree(other)
    # Settings of the user's Jupyter and matplotlib would change the pages.
    profile = folder / "ipython/profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(SETTINGS, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)
    os.environ["MPLCONFIGDIR"] = str(folder / "matplotlib")
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # figures go to the page
    os.environ.pop("PYTHONWARNINGS", None)  # what a script warns of fails the build, whoever builds
    # This library, not one that is installed; one thread, so that no result depends on the number of cores.
    paths = [str(ROOT / "workflow"), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ["OMP_NUM_THREADS"] = "1"
    logging.getLogger("traitlets").setLevel(logging.WARNING)
    return folder


def keep_figures(app: Sphinx, folder: Path) -> None:
    """Let MyST-NB put figures into a folder; its own choice is beside the site, among the sources."""
    app.env.mystnb_config = app.env.mystnb_config.copy(output_folder=str(folder))
