"""Studies of networks that are not registered: trained, pruned and measured like the paper's."""

import json

import numpy as np
import pytest
import yaml
from tests.unit.architectures.own_networks import write_networks
from tests.workflow.conftest import ROOT

from sparsetopo.files import read_tensors
from sparsetopo.networks.initial_file import read_initial

OWN = {"initial", "plan", "score", "prune", "dense", "train", "encode", "topometrics"}


@pytest.fixture
def own(study):
    """A study of two networks of the user's own, one with an option, beside a registered one."""
    write_networks(study.folder)
    study.values["study"] = "own"
    study.values["architectures"] = {"wide": {"from": "my_networks:small", "width": 8}}
    study.values["grid"] |= {
        "architectures": ["Resnet-20", "my_networks:small", "wide"],
        "sparsities": ["0.9"],
    }
    return study


def networks(planned):
    """Rules whose jobs belong to networks, with the architectures of these jobs."""
    return {
        rule: {cell.split("/")[1] for cell in cells}
        for rule, cells in planned.items()
        if rule in OWN
    }


def edit(study, name, old, new):
    path = study.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.middle
def test_an_edit_of_a_users_file_runs_the_jobs_of_its_networks_alone(own):
    own.make_placeholders()
    assert own.planned() == {}
    edit(own, "my_parts.py", "    return", "    # A remark.\n    return")
    assert own.planned() == {}
    (own.folder / "other.py").write_text("block = None\n")
    assert own.planned() == {}
    edit(own, "my_parts.py", "ReLU", "GELU")
    assert networks(own.planned()) == {key: {"my_networks.small", "wide"} for key in OWN}
    edit(own, "my_parts.py", "GELU", "ReLU")
    assert own.planned() == {}
    own.values["architectures"]["wide"]["width"] = 9
    assert networks(own.planned()) == {key: {"wide"} for key in OWN}


@pytest.mark.middle
def test_attention_makes_plans_again_and_what_follows(own):
    own.make_placeholders()
    own.values["topometrics"] = {"attention": "values"}
    assert set(networks(own.planned())) == {"plan", "encode", "topometrics"}
    own.values["topometrics"] = {"attention": "all"}
    assert own.planned() == {}


@pytest.mark.middle
def test_what_does_not_fit_is_refused_before_the_dag_and_what_fits_is_tried_once(own):
    edit(own, "my_networks.py", "classes + 1", "classes + input_shape[0]")
    own.values["grid"]["architectures"] = ["my_networks:two_outputs", "my_networks:broken"]
    done = own.run("-n")
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert (
        "grid.architectures: on data set 'digits', my_networks:two_outputs gives a tensor of shape (2, 11) for 2 images"
        in text
    )
    assert (
        "my_networks:broken cannot be built for images of shape (1, 8, 8) and 10 classes: KeyError"
        in text
    )
    assert "Building DAG" not in text
    assert not own.results.exists()
    own.values["grid"]["architectures"] = ["my_networks:small"]
    assert own.jobs()["train"] == 2
    tried = own.folder / ".snakemake/sparsetopo.networks.json"
    assert len(json.loads(tried.read_text())) == 1
    before = tried.stat().st_mtime_ns
    assert own.jobs()["train"] == 2
    assert tried.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_study_of_ones_own_networks(own):
    own.values["pruning"] = {"snip-redrawn": {"from": "snip", "train_weights": "redrawn"}}
    own.values["grid"] |= {
        "algorithms": ["snip", "snip-redrawn"],
        "architectures": ["my_networks:small", "wide"],
    }
    own.values["analysis"] |= {"checks": False}
    done = own.run()
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (own.results / "tables/networks.csv").read_text().splitlines()
    assert {row.split(",")[1] for row in rows[1:]} == {"my_networks.small", "wide"}
    assert "from my_networks:small (width 8)" in (own.results / "index.html").read_text()
    folder = own.results / "initial/digits/wide"
    scored, redrawn = (
        read_initial(folder / weights / "seed-0.safetensors") for weights in ("scored", "redrawn")
    )
    assert scored["0.0.weight"].shape == (8, 1, 3, 3)
    assert not np.array_equal(scored["0.0.weight"], redrawn["0.0.weight"])
    # The same seed draws the same again, in another process.
    (folder / "scored/seed-0.safetensors").unlink()
    again = own.run("results/own/initial/digits/wide/scored/seed-0.safetensors")
    assert again.returncode == 0, again.stdout + again.stderr
    drawn = read_initial(folder / "scored/seed-0.safetensors")
    assert all(np.array_equal(drawn[name], scored[name]) for name in scored)

    own.values["topometrics"] = {"weights": "initial"}
    done = own.run("all_encode")
    assert done.returncode == 0, done.stdout + done.stderr
    place = "mges/digits/wide/snip-redrawn/0.9/seed-0.safetensors"
    graph, _ = read_tensors(own.results / place)
    kept = {name: graph[f"weights:{name}"] for name in ("0.0.weight", "3.weight")}
    assert sum(weights.size for weights in kept.values()) == round(0.1 * (8 * 9 + 8 * 10))
    assert all(np.isin(weights, redrawn[name]).all() for name, weights in kept.items())


@pytest.mark.slow
def test_a_network_of_torchvision_on_small_images(study):
    """Channels and classes go to the network; images are noise, for nothing here is about accuracy."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 40), ("test", 12)):
        arrays[f"{part}_x"] = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(count) % 4
    np.savez(study.folder / "noise.npz", **arrays)
    study.values["datasets"] = {"noise": {"from": "npz", "file": "noise.npz"}}
    study.values["training"] = {"noise": study.values["training"]["digits"]}
    study.values["grid"] |= {
        "datasets": ["noise"],
        "architectures": ["torchvision:resnet18"],
        "sparsities": ["0.98"],
    }
    done = study.run("all_topometrics")
    assert done.returncode == 0, done.stdout + done.stderr
    (plan,) = study.results.glob("plans/noise/torchvision.resnet18.json")
    record = json.loads(plan.read_text())
    assert record["specification"]["architecture_version"].startswith("torchvision 0.")
    assert record["parameters"]["fc.weight"] == [4, 512]
    (measured,) = study.results.glob("topometrics/**/snip/0.98/seed-0.json")
    assert json.loads(measured.read_text())["topometrics"]["n1"] > 1


@pytest.mark.slow
def test_a_size_that_only_the_data_tell_is_refused_by_the_plan(study):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(20) % 4
    np.savez(
        study.folder / "small.npz", train_x=images, train_y=labels, test_x=images, test_y=labels
    )
    study.values["datasets"] = {"small": {"from": "npz", "file": "small.npz"}}
    study.values["training"] = {"small": study.values["training"]["digits"]}
    study.values["grid"] |= {"datasets": ["small"], "architectures": ["torchvision:alexnet"]}
    done = study.run("all_plan")
    assert done.returncode != 0
    assert (
        "torchvision:alexnet cannot take images of shape (3, 16, 16)" in done.stdout + done.stderr
    )


@pytest.mark.slow
def test_the_study_of_transformers(study):
    """Two of its networks of each kind, trained for an epoch."""
    pytest.importorskip("timm")
    study.values = yaml.safe_load((ROOT / "config/transformers.yaml").read_text())
    study.values["grid"] |= {"algorithms": ["snip", "uniform"], "sparsities": ["0.9"], "seeds": [0]}
    recipe = study.values["training"]["digits"]
    recipe |= {"epochs": 1, "milestones": [], "architectures": {}}
    study.values["analysis"] = {"repeats": 2, "checks": False}
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (study.results / "tables/networks.csv").read_text().splitlines()
    assert len(rows) == 7
    assert {row.split(",")[1] for row in rows[1:]} == {"Resnet-20", "ViT", "EfficientNet"}
