"""Networks that are not registered: what is known of them before anything is imported."""

import re
import subprocess
import sys

import pytest
from tests.unit.architectures.own_networks import NETWORKS, write_networks

from sparsetopo.architectures import own_code, packages, shape_problem
from sparsetopo.architectures.references import (
    form_problem,
    path_part,
    reference_of,
    reference_problems,
    reference_version,
    require_version,
)
from sparsetopo.errors import SparsetopoError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with networks of the user's own, in which the study is run."""
    monkeypatch.chdir(tmp_path)
    write_networks(tmp_path)
    return tmp_path


def sentences(reference, **options):
    return [
        f"{option}: {fault}".lstrip(": ")
        for option, fault in reference_problems(reference, options)
    ]


@pytest.mark.parametrize("reference", ["torchvision:resnet18", "a.b_2.c:Build", "_a:_b"])
def test_a_reference_and_its_part_of_paths_tell_the_same(reference):
    assert form_problem(reference) is None
    assert reference_of(path_part(reference)) == reference
    assert set(":/ ").isdisjoint(path_part(reference))


@pytest.mark.parametrize(
    "reference",
    ["a:", ":b", "a:b:c", "a b:c", "../a:b", "a:b.c", "a:b/c", "a..b:c", "2a:b", "a:é", "a:b\n"],
)
def test_what_is_no_reference(reference):
    assert "<module>:<function>" in form_problem(reference)
    assert sentences(reference) == [form_problem(reference)]


@pytest.mark.parametrize(
    ("reference", "options", "sentence"),
    [
        (
            "torchvision:resnet81",
            {},
            r"torchvision \d.*has no model 'resnet81'; did you mean 'resnet18'",
        ),
        (
            "timm:vit_tiny_patch",
            {},
            r"timm \d.*has no model 'vit_tiny_patch'; did you mean 'vit_tiny_p",
        ),
        ("torchvision:quite_other", {}, r"has no model 'quite_other'; its documentation lists"),
        # Of detection, which gives boxes.
        ("torchvision:fasterrcnn_resnet50_fpn", {}, "has no model 'fasterrcnn_resnet50_fpn'"),
        (
            "timm:vit_tiny_patch16_224",
            {"pretrained": True},
            "^pretrained: cannot be given: pretrained",
        ),
        (
            "timm:vit_tiny_patch16_224",
            {"in_chans": 1},
            "^in_chans: cannot be given: it follows from",
        ),
        ("torchvision:resnet18", {"weights": "DEFAULT"}, "^weights: cannot be given: pretrained"),
        ("torchvision:resnet18", {"norm_layer": {1, 2}}, "^norm_layer: must be made of numbers"),
        ("my_network:small", {}, "no module 'my_network', neither .* did you mean 'my_networks'"),
        ("my_networks.deeper:small", {}, "there is no module 'my_networks.deeper'"),
        ("my_networks:smal", {}, r"my_networks\.py defines no 'smal'; did you mean 'small'"),
        (
            "my_networks:positional",
            {},
            "'positional' is called with input_shape and classes by keyword",
        ),
        (
            "my_networks:small",
            {"widht": 3},
            "^widht: 'small' has no such parameter; it takes .*width",
        ),
        (
            "my_networks:small",
            {"classes": 3},
            "^classes: cannot be given: it follows from the data",
        ),
        ("my_networks:Wide", {}, "^width: is required and missing"),
        ("random:small", {}, "the name of module 'random' is taken"),
        ("network:small", {}, "the name of module 'network' is taken"),
    ],
)
def test_faults_are_told_in_a_sentence(reference, options, sentence):
    (found,) = sentences(reference, **options)
    assert re.search(sentence, found), found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("reference", "options"),
    [
        ("torchvision:resnet18", {"zero_init_residual": True}),
        ("timm:vit_tiny_patch16_224", {"patch_size": 4}),
        ("my_networks:small", {"width": 3}),
        ("my_networks:Wide", {"width": 3}),
        ("my_networks:broken", {"anything": [1, {"a": None}]}),
        ("my_networks:block", {}),  # imported: only running it tells what it takes
    ],
)
def test_what_may_be_right_is_not_refused(reference, options):
    assert sentences(reference, **options) == []


def test_names_that_a_file_may_define_in_other_ways_are_left_to_python(folder):
    (folder / "many.py").write_text(
        "try:\n    from fast import build\nexcept ImportError:\n    def build(**options): ...\n"
        "if True:\n    other = build\n"
    )
    assert sentences("many:build") == sentences("many:other") == []
    assert sentences("many:third") == ["many.py defines no 'third'; did you mean 'other'?"]
    (folder / "many.py").write_text("from fast import *\n")
    assert sentences("many:third") == []
    (folder / "many.py").write_text("def build(:\n")
    (found,) = sentences("many:build")
    assert found.startswith("many.py cannot be read as Python: ")


def test_the_folder_of_the_study_goes_before_what_is_installed(folder):
    installed = own_code.module_file("safetensors.torch")
    assert installed.parent.name == "safetensors"
    (folder / "safetensors").mkdir()
    assert own_code.module_file("safetensors.torch") == installed  # a folder without __init__.py
    (folder / "safetensors/__init__.py").touch()
    (folder / "safetensors/torch.py").touch()
    assert own_code.module_file("safetensors.torch") == folder / "safetensors/torch.py"
    (folder / "loose").mkdir()
    (folder / "loose/net.py").touch()
    assert own_code.module_file("loose.net") == folder / "loose/net.py"


def test_a_package_that_is_not_installed(monkeypatch):
    absent = packages.Package("not_installed_here", {})
    ((_, sentence),) = packages.model_problems(absent, "resnet18", {})
    assert sentence.endswith("pip install not_installed_here")
    assert packages.installed(absent) == packages.UNKNOWN
    # With conda, the jobs have torch and this package, the command itself has neither.
    monkeypatch.setattr(packages, "jobs_run_elsewhere", lambda: True)
    assert packages.model_problems(absent, "resnet18", {}) == []


def test_models_that_are_found_in_the_files_are_those_of_the_package():
    import torchvision

    names = packages.model_names(packages.PACKAGES["torchvision"])
    assert names == sorted(torchvision.models.list_models(torchvision.models))
    timm = pytest.importorskip("timm")
    found = set(packages.model_names(packages.PACKAGES["timm"]))
    assert found == set(timm.list_models())


def test_versions_are_those_of_the_packages():
    import torchvision

    version = torchvision.__version__.partition("+")[0]
    assert reference_version("torchvision:resnet18") == f"torchvision {version}"


def test_an_edit_of_a_file_or_of_one_it_imports_changes_the_version(folder):
    before = reference_version("my_networks:small")
    require_version("my_networks:small", before)
    assert before == reference_version("my_networks:Wide")
    (folder / "unrelated.py").write_text("block = None\n")
    assert reference_version("my_networks:small") == before
    for name in ("my_networks.py", "my_parts.py"):
        path = folder / name
        text = path.read_text()
        path.write_text(text.replace("nn.", "torch.nn."))
        assert reference_version("my_networks:small") != before
        with pytest.raises(SparsetopoError, match="is now another than when this run began"):
            require_version("my_networks:small", before)
        path.write_text(text)
    assert reference_version("my_networks:small") == before


def test_comments_and_blank_lines_change_no_version(folder):
    before = reference_version("my_networks:small")
    commented = NETWORKS.replace("\n\n\n", "\n\n# a remark: 'quoted\n\n").replace(
        "4):", "4):  # wide"
    )
    assert commented != NETWORKS
    (folder / "my_networks.py").write_text(commented.replace("\n", "\r\n"))
    assert reference_version("my_networks:small") == before
    # What looks like a comment inside a text is none.
    (folder / "my_networks.py").write_text(NETWORKS.replace("of my own", "of # my own"))
    assert reference_version("my_networks:small") != before


def test_imports_are_followed_through_a_package(folder):
    package = folder / "nets"
    (package / "parts").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "build.py": "def build(**options):\n    from .parts import heads\n",
        "parts/__init__.py": "from ..shared import LAYERS\n",
        "parts/heads.py": "import nets.other as other\n",
        "shared.py": "LAYERS = 3\n",
        "other.py": "",
        "unused.py": "",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    before = reference_version("nets.build:build")
    for name, text in files.items():
        (package / name).write_text(text + "x = 1\n")
        changed = reference_version("nets.build:build") != before
        assert changed == (name != "unused.py"), name
        (package / name).write_text(text)


def test_shapes_that_a_reference_excludes():
    problem = shape_problem("torchvision:resnet18", (1, 8, 8), 10)
    assert "takes images of 3 channels, not of shape (1, 8, 8)" in problem
    assert shape_problem("torchvision:resnet18", (3, 8, 8), 10) is None
    assert shape_problem("timm:resnet18", (1, 8, 8), 10) is None
    assert "number of classes" in shape_problem("timm:resnet18", (1, 8, 8), 1)


def test_nothing_heavy_is_imported(folder):
    code = (
        "import sys; from sparsetopo.architectures.references import *;"
        "problems = [reference_problems(name, {}) for name in"
        " ('torchvision:resnet18', 'timm:resnet18', 'my_networks:small', 'torchvision.ops:nms')];"
        "versions = [reference_version(name) for name in ('timm:resnet18', 'my_networks:small')];"
        "assert not {'torch', 'torchvision', 'timm', 'my_networks'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)
