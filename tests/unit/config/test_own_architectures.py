"""Architectures that a configuration names or defines itself: references to networks elsewhere, with options."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from tests.unit.architectures.own_networks import write_networks

from sparsetopo.config import Specifications, cells, fit, load_configuration, require_networks_fit
from sparsetopo.config.expected_results import expected_results
from sparsetopo.config.stale import stale_results
from sparsetopo.errors import ConfigurationError
from sparsetopo.files import read_json, write_json

ROOT = Path(__file__).parents[3]


@pytest.fixture
def values(tmp_path, monkeypatch):
    """A study of a registered network, one of the user's own, and the same with an option under a name."""
    write_networks(tmp_path)
    monkeypatch.chdir(tmp_path)
    read = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    read["architectures"] = {"wide": {"from": "my_networks:small", "width": 8}}
    read["grid"]["architectures"] = ["Resnet-20", "my_networks:small", "wide"]
    read["training"]["digits"]["architectures"] = {"my_networks:small": {"epochs": 3}}
    return read


def problems(values):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(values)
    return caught.value.problems


def test_a_network_has_one_name_in_paths_tables_and_records(values):
    configuration = load_configuration(values)
    assert {cell.architecture for cell in cells(configuration)} == {
        "Resnet-20",
        "my_networks.small",
        "wide",
    }
    specifications = Specifications(configuration)
    assert specifications.collect()["grid"]["architectures"] == [
        "Resnet-20",
        "my_networks.small",
        "wide",
    ]
    assert specifications.dense("digits", "my_networks.small", 0)["recipe"]["epochs"] == 3
    assert specifications.dense("digits", "wide", 0)["recipe"]["epochs"] == 1
    plan = specifications.plan("digits", "wide")
    assert plan["architecture"] == "wide"
    assert plan["architecture_source"] == "my_networks:small"
    assert plan["architecture_options"] == {"width": 8}
    assert specifications.collect()["definitions"]["architectures"] == {
        "wide": {"from": "my_networks:small", "width": 8}
    }


def test_options_may_stand_under_a_networks_own_name(values):
    values["architectures"] = {"my_networks:small": {"width": "8"}, "torchvision:resnet18": {}}
    values["grid"]["architectures"] = ["my_networks:small"]
    # As text, as Snakemake's command line gives it.
    plan = Specifications(load_configuration(values)).plan("digits", "my_networks.small")
    assert plan["architecture_options"] == {"width": 8}


def test_records_of_registered_architectures_are_as_before(values):
    plan = Specifications(load_configuration(values)).plan("digits", "Resnet-20")
    assert plan == {
        "stage": "plan",
        "stage_version": 2,
        "architecture": "Resnet-20",
        "architecture_version": 1,
        "dataset": "digits",
        "identity_shortcuts": False,
    }
    del values["architectures"]
    values["grid"]["architectures"] = ["Resnet-20"]
    assert set(Specifications(load_configuration(values)).definitions()) == {"datasets", "pruning"}


def test_attention_is_in_the_record_of_a_plan_unless_it_is_the_default(values):
    values["topometrics"] = {"attention": "values"}
    plan = Specifications(load_configuration(values)).plan("digits", "Resnet-20")
    assert plan["attention"] == "values"
    values["topometrics"] = {"attention": "queries"}
    assert any(problem.startswith("topometrics.attention: ") for problem in problems(values))


def test_an_edited_file_changes_the_records_of_its_networks_alone(values, tmp_path):
    configuration = load_configuration(values)

    def records():
        specifications = Specifications(configuration)
        return {
            (stage, name): getattr(specifications, stage)("digits", name, *rest)
            for stage, rest in (
                ("plan", ()),
                ("initial", ("scored", 0)),
                ("score", ("snip", 0)),
                ("prune", ("uniform", "0.9", 0)),
                ("dense", (0,)),
                ("train", (0, "snip")),
            )
            for name in ("Resnet-20", "wide", "my_networks.small")
        }

    before = records()
    path = tmp_path / "my_parts.py"
    path.write_text(path.read_text().replace("ReLU", "GELU"))
    after = records()
    assert {key for key in before if before[key] != after[key]} == {
        key for key in before if key[1] != "Resnet-20"
    }


def test_weights_lie_in_files_for_networks_that_draw_their_own(values):
    values["pruning"] = {"snip": {"train_weights": "redrawn"}}
    values["grid"]["sparsities"] = ["0.9"]
    found = [result.path for result in expected_results(load_configuration(values), {})]
    assert [path for path in found if path.startswith("initial/")] == [
        f"initial/digits/{name}/{weights}/seed-0.safetensors"
        for name in ("my_networks.small", "wide")
        for weights in ("scored", "redrawn")
    ]


def test_where_tables_are_made_the_package_need_not_be_installed(values, tmp_path, monkeypatch):
    values["grid"]["architectures"] = ["timm:resnet18"]
    values["architectures"] = {}
    values["training"]["digits"]["architectures"] = {}
    folder = tmp_path / "results"

    def plans():
        expected = expected_results(load_configuration(values), {})
        return [result for result in expected if result.stage == "plan"]

    (plan,) = plans()
    write_json(folder / plan.path, {"specification": plan.specification})
    from sparsetopo.architectures import packages

    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    (unknown,) = plans()
    assert unknown.specification["architecture_version"] == packages.UNKNOWN
    assert list(stale_results(folder, [unknown])) == []
    unknown.specification["dataset"] = "other"
    assert len(list(stale_results(folder, [unknown]))) == 1


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (
            ("grid", "architectures"),
            ["small"],
            "grid.architectures.0: unknown architecture 'small'; known: Conv-6, Resnet-20, Resnet-32, "
            "Wide-Resnet-28-2, wide; a network of your own is written <module>:<function>",
        ),
        (
            ("grid", "architectures"),
            ["a b:c"],
            "grid.architectures.0: 'a b:c' is no <module>:<function>",
        ),
        (
            ("grid", "architectures"),
            ["my_networks:smal"],
            "grid.architectures.0: my_networks.py defines no",
        ),
        (
            ("grid", "architectures"),
            ["my_networks:small", "my_networks.small"],
            "grid.architectures.1: unknown architecture 'my_networks.small'",
        ),
        (
            ("grid", "architectures"),
            ["torchvision:resnet18"],
            "grid.architectures: on data set 'digits', torchvision:resnet18 takes images of 3 channels",
        ),
        (
            ("architectures", "wide", "widht"),
            3,
            "architectures.wide.widht: 'small' has no such parameter",
        ),
        (
            ("architectures", "wide", "from"),
            "my_nets:small",
            "architectures.wide.from: there is no module",
        ),
        (
            ("architectures", "wide", "from"),
            "Resnet",
            "architectures.wide.from: unknown architecture 'Resnet'",
        ),
        (
            ("architectures", "wide", "from"),
            "Resnet-20",
            "architectures.wide.width: 'Resnet-20' has no such",
        ),
        (
            ("architectures", "wide", "from"),
            ["a:b"],
            "architectures.wide.from: '['a:b']' is no <module>",
        ),
        (("architectures", "../up"), {"from": "my_networks:small"}, "architectures.../up: "),
        (
            ("architectures", "deep"),
            {"width": 3},
            "architectures.deep: unknown architecture 'deep'",
        ),
        (("architectures", 7), {"width": 3}, "architectures.7: "),
        (
            ("architectures", "my_networks:Wide"),
            {},
            "architectures.my_networks:Wide.width: is required",
        ),
        (
            ("architectures", "my_networks:small"),
            {"from": "Resnet-20"},
            "architectures.my_networks:small: is a reference itself",
        ),
        (
            ("architectures", "my_networks.small"),
            {"from": "Resnet-20"},
            "grid.architectures.1: 'my_networks:small' has the same folder as 'my_networks.small'",
        ),
        (("architectures", "wide"), 3, "architectures.wide: must be a mapping"),
        (
            ("training", "digits", "architectures"),
            {"deep": {"epochs": 3}},
            "training.digits.architectures.deep: unknown architecture 'deep'; known: Conv-6",
        ),
        (
            ("accuracies",),
            "published",
            "architectures.wide: is an architecture that the paper published no",
        ),
        (("published",), "mge-snn", "architectures: has no effect with published"),
    ],
)
def test_faults(values, place, value, sentence):
    changed = deepcopy(values)
    section = changed
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    found = problems(changed)
    assert any(problem.startswith(sentence) for problem in found), found
    assert len(set(found)) == len(found)
    assert all("\n" not in problem for problem in found)


def test_a_class_may_call_its_instance_as_it_likes(values, tmp_path):
    with open(tmp_path / "my_networks.py", "a") as handle:
        handle.write(
            "\n\nclass Odd:\n    def __init__(me, input_shape, classes, width=3):\n        pass\n"
        )
    values["architectures"]["wide"] = {"from": "my_networks:Odd", "width": 4}
    load_configuration(values)
    values["architectures"]["wide"]["me"] = 1
    (problem,) = problems(values)
    assert problem.endswith("'Odd' has no such parameter; it takes input_shape, classes, width")


@pytest.fixture
def tried(monkeypatch):
    """What is tried, without the process that tries it: networks of width 9 do not fit."""
    tasks = []

    def answer(given):
        tasks.extend(given)
        return ["it is too wide." if task.options.get("width") == 9 else None for task in given]

    monkeypatch.setattr(fit, "problems_of", answer)
    return tasks


def test_a_network_is_tried_once_until_something_that_matters_changes(values, tmp_path, tried):
    def try_all():
        tried.clear()
        configuration = load_configuration(values)
        require_networks_fit(configuration, Specifications(configuration), tmp_path / "tried.json")
        return [(task.reference, task.input_shape, task.classes, task.options) for task in tried]

    small = ("my_networks:small", (1, 8, 8), 10)
    assert try_all() == [(*small, {}), (*small, {"width": 8})]
    assert try_all() == []
    values["architectures"]["wide"]["width"] = 9
    sentence = "grid.architectures: on data set 'digits', it is too wide."
    for _ in range(2):  # what does not fit is not noted down: it may be mended elsewhere
        with pytest.raises(ConfigurationError, match=sentence):
            try_all()
    values["architectures"]["wide"]["width"] = 8
    assert try_all() == []
    (tmp_path / "my_parts.py").write_text((tmp_path / "my_parts.py").read_text() + "x = 1\n")
    assert len(try_all()) == 2
    (tmp_path / "tried.json").write_text("[")
    assert len(try_all()) == 2
    assert len(read_json(tmp_path / "tried.json")) == 2
    values["grid"]["architectures"] = ["Resnet-20"]
    assert try_all() == []


def test_nothing_is_tried_where_the_jobs_have_another_environment(
    values, tmp_path, tried, monkeypatch
):
    monkeypatch.setattr(fit, "jobs_run_elsewhere", lambda: True)
    configuration = load_configuration(values)
    require_networks_fit(configuration, Specifications(configuration), tmp_path / "tried.json")
    assert tried == []


def test_the_study_of_transformers_is_valid():
    pytest.importorskip("timm")
    configuration = load_configuration(
        yaml.safe_load((ROOT / "config/transformers.yaml").read_text())
    )
    specifications = Specifications(configuration)
    foreign = [specifications.architecture(name) for name in ("ViT", "EfficientNet")]
    assert all(architecture.version.startswith("timm ") for architecture in foreign)
    assert specifications.dense("digits", "ViT", 0)["recipe"]["epochs"] == 20
