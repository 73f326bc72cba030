"""How Sphinx makes the site of the documentation: `make docs`, to docs/_build/index.html.

The source folder is the repository itself, so that pages link to each other, to README and to files as they do in a
clone. Only pages are read: what lies beside them is left out by name. Nothing is fetched.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(HERE)]

import examples  # noqa: E402
import reference  # noqa: E402

from sparsetopo.version import VERSION  # noqa: E402

project = "sparsetopo"
author = "The sparsetopo developers"
copyright = f"{author}, Apache License 2.0"  # noqa: A001
version = release = VERSION
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]

root_doc = "docs/site/index"
source_suffix = {".md": "myst-nb", ".py": "myst-nb"}
PAGES = {
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md"),
    *("config", "docs", "examples", "resources"),
}
exclude_patterns = [
    *sorted(path.name for path in ROOT.iterdir() if path.name not in PAGES),
    "docs/_build",
    "docs/.executed",
    "docs/**/*.py",
    "examples/fair_snip.py",  # what an example imports
]

myst_heading_anchors = 4  # links to headings, named as on GitHub

# Scripts of examples/ are run, by Jupyter's kernel, and are pages with what they print and draw.
RESULTS = examples.prepare()
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(RESULTS / "cache")
nb_execution_timeout = 600  # seconds a cell
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "remove-warn"  # what a script complains of is no page: the build fails

# A name in single backticks in a docstring: a link where this site describes it, code otherwise.
default_role = "py:obj"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False

highlight_language = "text"  # blocks that name no language are commands and formulas

html_theme = "furo"
html_title = f"sparsetopo {VERSION}"
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "forward.html"}  # the root document lies two folders down
html_show_search_summary = False  # it is fetched, which browsers refuse for files
html_show_sourcelink = False
html_copy_source = False
copybutton_exclude = ".linenos, .gp"


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for pages."""
    app.connect("builder-inited", lambda app: reference.write_pages(HERE / "generated"))
    later = 900  # than MyST-NB, which sets the folder itself
    app.connect(
        "builder-inited", lambda app: examples.keep_figures(app, RESULTS / "figures"), later
    )
