"""Networks that are not registered: built, and tried on images."""

import sys

import pytest
import torch
from tests.unit.architectures.own_networks import write_networks
from torch import nn

from sparsetopo.architectures import build
from sparsetopo.architectures.fit import Task, problems_of
from sparsetopo.architectures.foreign import require_logits
from sparsetopo.errors import SparsetopoError


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The working folder with networks of the user's own, forgotten again after the test."""
    write_networks(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("my_networks", "my_parts"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("reference", "input_shape", "options"),
    [
        ("torchvision:resnet18", (3, 32, 32), {}),
        ("torchvision:googlenet", (3, 32, 32), {"aux_logits": False, "init_weights": False}),
        ("timm:test_vit", (1, 8, 8), {"patch_size": 2}),
        ("timm:test_efficientnet", (1, 8, 8), {}),  # built for any size: takes no img_size
        ("my_networks:small", (1, 8, 8), {"width": 3}),
        ("my_networks:Wide", (2, 8, 6), {"width": 3}),
    ],
)
def test_a_network_gets_channels_size_and_classes(own, reference, input_shape, options):
    if reference.startswith("timm:"):
        pytest.importorskip("timm")
    network = build(reference, input_shape, 7, options)
    require_logits(network, reference, input_shape, 7)
    assert network.eval()(torch.zeros(3, *input_shape)).shape == (3, 7)


def test_the_size_of_the_images_goes_to_networks_that_are_built_for_one():
    network = build("torchvision:vit_b_32", (3, 64, 64), 10)
    assert network.image_size == 64


def test_building_leaves_torchs_random_state(own):
    torch.manual_seed(0)
    build("my_networks:small", (1, 8, 8), 10)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(1), drawn)


def test_the_same_seed_builds_the_same_network(own):
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(build("my_networks:small", (1, 8, 8), 10)[0][0].weight)
    assert torch.equal(*weights)


@pytest.mark.parametrize(
    ("reference", "options", "sentence"),
    [
        (
            "torchvision:resnet18",
            {"widht": 3},
            r"resnet18 cannot be built for images of shape \(3, 32, 32\) and 10 classes with widht: 3: TypeError",
        ),
        ("my_networks:broken", {}, r"KeyError: 'depth' \(my_networks.py, line \d+\)"),
        ("my_networks:no_network", {}, "gives a int, but must give a torch.nn.Module"),
        ("my_networks:absent", {}, "defines no 'absent'"),
        ("my_networks:small", {"depth": 3}, "depth: 'small' has no such parameter"),
    ],
)
def test_what_cannot_be_built_is_told_in_a_sentence(own, reference, options, sentence):
    with pytest.raises(SparsetopoError, match=sentence) as caught:
        build(reference, (3, 32, 32), 10, options)
    assert "\n" not in str(caught.value)


def test_a_name_that_python_knows_otherwise_is_refused(own, monkeypatch):
    monkeypatch.setitem(sys.modules, "my_networks", pytest)
    with pytest.raises(SparsetopoError, match="under that name; rename the file"):
        build("my_networks:small", (3, 32, 32), 10)


class Outputs(nn.Module):
    """What a function makes of a batch, the same in training and evaluation or not."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(self, x)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda self, x: {"logits": x.flatten(1)}, "gives a dict for 2 images in training"),
        (
            lambda self, x: x.flatten(1)[:, :3],
            r"a tensor of shape \(2, 3\) for 2 images in training",
        ),
        (lambda self, x: x, r"a tensor of shape \(2, 1, 2, 2\)"),
        (
            lambda self, x: x.flatten(1) if self.training else (x, x),
            "gives a tuple for 1 images in evaluation",
        ),
        (
            lambda self, x: nn.Linear(9, 4)(x.flatten(1)),
            r"cannot take images of shape \(1, 2, 2\) in training: RuntimeError: mat1",
        ),
    ],
)
def test_what_gives_no_logits_is_refused(make, sentence):
    with pytest.raises(SparsetopoError, match=sentence) as caught:
        require_logits(Outputs(make), "mine:net", (1, 2, 2), 4)
    assert "\n" not in str(caught.value)


def test_a_second_classifier_is_told_how_to_leave_it_out():
    network = build("torchvision:googlenet", (3, 32, 32), 10, {"init_weights": False})
    with pytest.raises(SparsetopoError, match="set aux_logits: false"):
        require_logits(network, "torchvision:googlenet", (3, 32, 32), 10)


def test_the_mode_is_left_as_it_was():
    network = Outputs(lambda self, x: x.flatten(1)).eval()
    require_logits(network, "mine:net", (1, 2, 2), 4)
    assert not network.training


@pytest.mark.middle
def test_another_process_tells_what_fits(own):
    (own / "loud.py").write_text(
        "import os\nfrom my_networks import small\n"
        "def build(input_shape, classes):\n    print('hello')\n    return small(input_shape, classes)\n"
        "def die(input_shape, classes):\n    os._exit(3)\n"
    )
    fitting, loud, small_images, wrong = problems_of(
        [
            Task("my_networks:small", (1, 8, 8), 10, {"width": 2}),
            Task("loud:build", (1, 8, 8), 10),
            Task("torchvision:alexnet", (3, 32, 32), 10),
            Task("my_networks:two_outputs", (1, 8, 8), 10),
        ]
    )
    assert fitting is loud is None
    assert "torchvision:alexnet cannot take images of shape (3, 32, 32)" in small_images
    assert "must give one tensor of logits of shape (2, 10)" in wrong
    with pytest.raises(
        SparsetopoError, match=r"loud:die: building it ended Python \(exit status 3\)"
    ):
        problems_of([Task("loud:build", (1, 8, 8), 10), Task("loud:die", (1, 8, 8), 10)])


@pytest.mark.middle
def test_what_hangs_is_named_after_a_while(own, monkeypatch):
    (own / "slow.py").write_text("import time\ndef build(**given):\n    time.sleep(600)\n")
    monkeypatch.setattr("sparsetopo.architectures.fit.LONGEST", 5)
    with pytest.raises(SparsetopoError, match="slow:build: building it took longer than 5 seconds"):
        problems_of([Task("slow:build", (1, 8, 8), 10)])


@pytest.mark.middle
def test_files_beside_the_study_may_have_names_of_the_standard_library(own):
    (own / "random.py").write_text("raise RuntimeError('not this one')\n")
    assert problems_of([Task("my_networks:small", (1, 8, 8), 10)]) == [None]
