"""What docs/architecture.md and CONTRIBUTING.md point to exists: a page that is wrong is worse than none."""

import importlib
import re
from pathlib import Path

import pytest

from sparsetopo.config.stages import STAGES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
LIBRARY = ROOT / "workflow/sparsetopo"


def rows(text: str, columns: int) -> list[list[str]]:
    """Cells of the tables with so many columns, but for their heads."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns]


STAGE_ROWS = {row[0].strip("`"): row for row in rows(PAGE, 5)}


def test_every_stage_has_its_row():
    assert set(STAGE_ROWS) == set(STAGES)


@pytest.mark.parametrize("stage", STAGE_ROWS)
def test_the_row_of_a_stage_names_what_exists(stage):
    _, rules, script, _, functions = STAGE_ROWS[stage]
    rule_file = (ROOT / "workflow/rules" / rules.strip("`")).read_text(encoding="utf-8")
    assert stage in rule_file
    assert (ROOT / "workflow/scripts" / script.strip("`")).is_file()
    for name in re.findall(r"`([\w.]+)`", functions):
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(f"sparsetopo.{module}"), function))


def test_every_package_and_module_at_the_top_has_its_floor():
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| \d+ \| ([^|]*)", PAGE, re.M))))
    present = {path.stem for path in LIBRARY.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert named == {name for name in present if not name.startswith(("_", "."))}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_paths_in_the_library_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    packages = "|".join(path.name for path in LIBRARY.iterdir() if path.is_dir())
    paths = re.findall(rf"`((?:{packages})/[\w/]*(?:\.py)?)`", text)
    assert paths
    assert [path for path in paths if not (LIBRARY / path).exists()] == []
