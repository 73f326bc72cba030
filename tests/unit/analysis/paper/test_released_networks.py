"""The table of released networks in the package is that of the released files."""

import lzma
import tomllib
from pathlib import Path

import pandas as pd

from sparsetopo.analysis.paper import released_networks as packaged
from sparsetopo.analysis.paper.released import read_released

ROOT = Path(__file__).parents[4]


def test_the_packaged_table_is_that_of_the_released_files(tmp_path):
    expected = read_released().networks[list(packaged.COLUMNS)]
    pd.testing.assert_frame_equal(packaged.released_networks(), expected, check_exact=True)
    packaged.write_released_networks(tmp_path / "again.csv.xz")
    written = lzma.decompress((tmp_path / "again.csv.xz").read_bytes())
    assert written == lzma.decompress(packaged.FILE.read_bytes())


def test_it_is_installed_with_the_authors_licence():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    assert data["package-data"]["sparsetopo.analysis.paper"] == ["packaged/*"]
    licence = (packaged.FILE.parent / "LICENSE").read_bytes()
    assert licence == (ROOT / "resources" / "released" / "LICENSE").read_bytes()
