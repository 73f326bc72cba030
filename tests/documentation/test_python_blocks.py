"""Python on the pages runs as it stands, each page in a folder and with the names that its text presupposes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.documentation.pages import PAGES, ROOT, Block, blocks
from tests.documentation.test_marks import RUN_ELSEWHERE

import sparsetopo as st
from sparsetopo.architectures import build

Names = dict[str, Any]


def a_network_and_images() -> Names:
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    return {
        "model": build("Resnet-20", (3, 32, 32), classes=10),
        "images": torch.randn(20, 3, 32, 32, generator=generator),
        "labels": torch.arange(20) % 10,
    }


def a_graph() -> Names:
    model = build("Conv-6", (1, 8, 8), classes=10)
    mask = st.prune(model, "uniform", sparsity=0.9, seed=0)
    return {"mge": st.encode(model, input_shape=(1, 8, 8), masks=mask)}


def images_and_arrays() -> Names:
    """Two classes of 20 images in the folder flowers, and arrays."""
    random = np.random.default_rng(0)
    for name in ("rose", "tulip"):
        folder = Path("flowers") / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (40, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    x = random.integers(0, 256, (8, 6, 6, 3), dtype=np.uint8)
    return {"numpy": np, "x": x, "y": np.arange(8) % 2, "tx": x[:4], "ty": np.arange(4) % 2}


def an_operator() -> Names:
    """An activation of a library of one's own, as an ATen operator; the library must stay alive."""
    library = torch.library.Library("my_library", "DEF")
    library.define("activation(Tensor x) -> Tensor")
    return {"library": library}


PRESUPPOSED: dict[str, Callable[[], Names]] = {
    "README.md": a_network_and_images,
    "CONTRIBUTING.md": an_operator,
    "docs/datasets.md": images_and_arrays,
    "docs/formats.md": a_graph,
    "docs/layers.md": a_graph,
}


def python_blocks(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python" and not block.not_run]


def run_blocks(found: list[Block], names: Names) -> None:
    """Run blocks one after another in one namespace; an error names the page and its line."""
    for block in found:
        exec(compile("\n" * (block.line - 1) + block.text, block.page, "exec"), names)


WITH_PYTHON = [page for page in PAGES if python_blocks(page) and page not in RUN_ELSEWHERE]


def test_pages_with_python_are_found():
    assert {"README.md", "docs/site/start.md", *PRESUPPOSED} <= set(WITH_PYTHON)


@pytest.mark.middle
@pytest.mark.parametrize("page", WITH_PYTHON)
def test_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_blocks(python_blocks(page), PRESUPPOSED.get(page, dict)())


def test_start_says_how_large_its_graph_is():
    names: Names = {}
    page = "docs/site/start.md"
    run_blocks(python_blocks(page), names)
    size = f"{names['mge'].num_nodes:,} nodes and {names['mge'].num_edges:,} edges"
    assert size in (ROOT / page).read_text(encoding="utf-8")


def test_an_error_names_the_page_and_its_line():
    with pytest.raises(NameError) as raised:
        run_blocks([Block("docs/page.md", 12, "python", "x = 1\nunknown\n")], {})
    last = raised.traceback[-1]
    assert (str(last.path), last.lineno + 1) == ("docs/page.md", 13)
