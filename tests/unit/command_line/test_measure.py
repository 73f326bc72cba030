"""``sparsetopo measure``: the numbers of the library, in three forms, and one sentence where it fails."""

import csv
import io
import json

import pytest
import torch
from tests.unit.command_line.conftest import WORDS, network
from torch.nn.utils import prune

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.metrics.measure import scaled

pytestmark = pytest.mark.usefixtures("model")
SOME = ["sink", "n2", "strength"]
MEASURE = ("measure", *WORDS, "--metrics", ",".join(SOME), "--format", "json")


def measured(model, masks=None, metrics=SOME):
    return st.topometrics(st.encode(model, (1, 4, 4), masks), metrics)


def only(ended):
    (record,) = json.loads(ended.out)
    return record


MASKS = ("mask-0.safetensors", "mask-1.safetensors")


def test_the_numbers_are_those_of_the_library(command, model, masks):
    ended = command(*MEASURE, "--weights", "weights.pt", "--mask", "mask-0.safetensors")
    record, mge = only(ended), st.encode(model, (1, 4, 4), masks[0])
    assert ended.status == 0
    assert {name: record[name] for name in SOME} == measured(model, masks[0])
    assert (record["nodes"], record["edges"]) == (mge.num_nodes, mge.num_edges)
    kept = sum(int(mask.sum()) for mask in masks[0].values())
    assert record["achieved_sparsity"] == pytest.approx(1 - kept / (36 + 192))
    assert (record["network"], record["mask_file"]) == (WORDS[0], "mask-0.safetensors")


def test_all_metrics_are_measured_unless_some_are_named(command, model):
    record = only(command("measure", *WORDS, "--format", "json", "--weights", "weights.pt"))
    values = st.topometrics(st.encode(model, (1, 4, 4)))
    assert {name: record[name] for name in values} == values


def test_scaled_values_are_those_of_the_paper(command, model):
    record = only(command(*MEASURE, "--weights", "weights.pt", "--scaled"))
    expected = scaled(measured(model), record["nodes"], record["edges"])
    assert {name: record[name] for name in SOME} == expected
    assert record["sink"] == measured(model)["sink"] / record["nodes"]


def test_the_function_takes_the_same_words(command, folder, masks):
    ended = command(*MEASURE, "--weights", "weights.pt", "--mask", "mask-1.safetensors")
    (record,) = commands.measure(
        WORDS[0],
        input_shape=(1, 4, 4),
        classes=3,
        weights="weights.pt",
        mask="mask-1.safetensors",
        metrics=SOME,
    )
    assert only(ended) == record


def test_a_module_is_measured_and_left_as_it_is(folder, masks, monkeypatch):
    monkeypatch.chdir(folder)
    mine = network()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    commands.measure(mine, input_shape=(1, 4, 4), weights="weights.pt", metrics=["n1"])
    assert all(torch.equal(value, before[name]) for name, value in mine.state_dict().items())


def test_several_masks_are_rows_of_a_table_that_a_program_reads(command, model, masks):
    files = ("--mask", "mask-0.safetensors", "--mask", "mask-1.safetensors")
    ended = command(*MEASURE[:-1], "csv", "--weights", "weights.pt", *files)
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert [row["mask_file"] for row in rows] == ["mask-0.safetensors", "mask-1.safetensors"]
    for row, mask in zip(rows, masks, strict=True):
        assert {name: float(row[name]) for name in SOME} == measured(model, mask)


def test_weights_and_masks_go_together_in_pairs(command, model, masks, folder):
    torch.save({name: 2 * value for name, value in model.state_dict().items()}, folder / "twice.pt")
    ended = command(
        *MEASURE,
        *("--weights", "weights.pt", "--weights", "twice.pt"),
        *("--mask", "mask-0.safetensors", "--mask", "mask-1.safetensors"),
    )
    first, second = json.loads(ended.out)
    assert first["strength"] == measured(model, masks[0])["strength"]
    assert second["strength"] == pytest.approx(2 * measured(model, masks[1])["strength"])


def test_several_networks_are_rows(command):
    small = ("Resnet-20", "--input", "1x4x4", "--classes", "3")
    ended = command("measure", WORDS[0], *small, "--metrics", "n1", "--format", "json")
    assert [row["network"] for row in json.loads(ended.out)] == [WORDS[0], "Resnet-20"]


def test_zeros_are_the_mask_where_none_is_given(command, model, folder):
    weights = model.state_dict()
    weights["3.weight"][:, :32] = 0
    torch.save(weights, folder / "zeros.pt")
    ended = command(*MEASURE, "--weights", "zeros.pt")
    assert only(ended)["achieved_sparsity"] == pytest.approx(96 / 228)
    assert "132 of 228 weights kept (sparsity 0.4211), by the non-zero weights" in ended.err


def test_masks_in_a_checkpoint_of_torch_prune_are_found(command, model, folder):
    prune.random_unstructured(model[3], "weight", 0.5)
    torch.save({"state_dict": model.state_dict()}, folder / "pruned.pt")
    ended = command(*MEASURE, "--weights", "pruned.pt")
    assert "by the masks in pruned.pt" in ended.err
    assert {name: only(ended)[name] for name in SOME} == measured(model)


def test_a_table_is_for_eyes_and_notes_are_elsewhere(command):
    ended = command("measure", *WORDS, "--metrics", "n1,strength")
    assert WORDS[0] in ended.out
    assert "achieved_sparsity" in ended.out
    assert "mask_file" not in ended.out  # there is none
    assert "no weights were given" in ended.err
    assert "no weights were given" not in ended.out


READ_WEIGHTS = [
    ((*MEASURE, "--metrics", "sink,n2"), None),
    ((*MEASURE, "--metrics", "sink,strength,spectral_gap"), "metrics that read weights (strength, spectral_gap) say"),
    (("layers", *WORDS, "--parts", "structure"), None),
    (("layers", *WORDS, "--parts", "structure,ramanujan"), "metrics that read weights say"),
    (("draw", *WORDS, "-o", "drawn.svg"), None),
    (("export", *WORDS, "-o", "drawn.csv"), "the weights of edges say"),
    (("prune", *WORDS, "-a", "erk", "--sparsity", "0.5", "--force"), None),
    (("prune", *WORDS, "-a", "synflow", "--sparsity", "0.5", "--force"), "the scores say"),
    (("compare", *MASKS, "--model", *WORDS, "--metrics", "n1"), None),
    (("compare", *MASKS, "--model", *WORDS, "--metrics", "strength"), "metrics that read weights (strength) say"),
    (("rank", *WORDS, "--sparsity", "0.5", "--algorithms", "er,erk", "--metrics", "n1"), None),
    (("rank", *WORDS, "--sparsity", "0.5", "--algorithms", "er,synflow", "--metrics", "n1"), "; scores say"),
    (("rank", *WORDS, "--masks", MASKS[0], "--masks", MASKS[1], "--metrics", "n1,strength"), "; metrics that read"),
]  # fmt: skip


@pytest.mark.usefixtures("masks")
@pytest.mark.parametrize(("words", "said"), READ_WEIGHTS)
def test_that_weights_are_drawn_is_said_where_something_reads_them(command, words, said):
    ended = command(*words)
    assert ended.status == 0, ended.err
    assert ("no weights were given" in ended.err) == (said is not None)
    if said is not None:
        assert said in ended.err
        assert "nothing about a trained network" in ended.err


def test_what_a_network_prints_does_not_stand_among_the_results(folder, monkeypatch, capfd):
    from sparsetopo.command_line.run import run

    monkeypatch.chdir(folder)
    source = (folder / "command_line_networks.py").read_text(encoding="utf-8")
    (folder / "printing_networks.py").write_text(source, encoding="utf-8")
    run(["measure", "printing_networks:small", *WORDS[1:], "--metrics", "n1", "--format", "json"])
    printed = capfd.readouterr()
    assert "networks may print" in printed.err
    assert json.loads(printed.out)


def test_drawn_weights_follow_the_seed(command):
    first, again, other = (
        only(command(*MEASURE, "--seed", seed))["strength"] for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_class_that_takes_nothing_is_a_network(command):
    ended = command("measure", "command_line_networks:Fixed", "--input", "1x4x4", "--metrics", "n1")
    assert ended.status == 0


def test_a_network_that_reads_tokens_is_given_whole_numbers(command, folder):
    import importlib

    words = ("measure", "command_line_networks:Reader", "--input", "5", "--metrics", "n1,sink", "--format", "json")  # fmt: skip
    record = only(command(*words, "--integers"))
    reader = importlib.import_module("command_line_networks").Reader()
    mge = st.encode(reader, example=torch.zeros((1, 5), dtype=torch.int64))
    assert (record["nodes"], record["edges"]) == (mge.num_nodes, mge.num_edges)
    assert record["n1"] == st.topometrics(mge, ["n1"])["n1"]
    without = command(*words)
    assert without.status == 1
    assert "on the command line: --integers" in without.err.splitlines()[-1]


WRONG_USE = [
    (("measure",), "Missing argument"),
    (("measur",), "Did you mean 'measure'?"),
    (("measure", "Resnet-21"), "did you mean 'Resnet-32' or 'Resnet-20'"),
    (("measure", "nobody"), "a network of your own is written"),
    (("measure", "torchvision:resnet81"), "did you mean 'resnet18'"),
    (("measure", "timm:resnet81"), "has no model 'resnet81'"),
    (("measure", "command_line_networks:smal", *WORDS[1:]), "did you mean 'small'?"),
    (("measure", "nowhere_at_all:small", *WORDS[1:]), "nowhere_at_all"),
    (("measure", "Resnet-20"), "does not say what inputs it is for"),
    (("measure", "Resnet-20", "--input", "1x8x8"), "say how many: --classes 10"),
    (("measure", WORDS[0], "--input", "1x4x4"), "say how many: --classes 10"),
    (("measure", WORDS[0], "--input", "4by4"), "--input is '4by4'"),
    (("measure", WORDS[0], "--input", "1x0x4"), "--input is '1x0x4'"),
    ((*MEASURE, "--option", "width"), "joined by '='"),
    ((*MEASURE, "--option", "width=1", "--option", "width=2"), "more than once"),
    ((*MEASURE, "--option", "depth=1"), "has no such parameter"),
    (("measure", "torchvision:resnet18", "--option", "num_classes=3"), "it follows from --classes"),
    ((*MEASURE, "--metrics", "sing"), "did you mean 'sink'?"),
    ((*MEASURE, "--metrics", ""), "--metrics is '', which names nothing"),
    ((*MEASURE, "--metrics", " , "), "which names nothing; give names separated by commas, or leave"),
    (("layers", *WORDS, "--parts", ","), "--parts is ',', which names nothing"),
    (("layers", *WORDS, "--patterns", ","), "--patterns is ',', which names nothing"),
    (("rank", *WORDS, "--sparsity", "0.9", "--algorithms", ""), "--algorithms is '', which names nothing"),
    (("rank", *WORDS, "--sparsity", "0.9", "--metrics", ","), "--metrics is ',', which names nothing"),
    (("compare", "mask-0.safetensors", "mask-0.safetensors", "--metrics", ","), "--metrics is ',', which names nothing"),
    ((*MEASURE, "--format", "xml"), "xml"),
    ((*MEASURE, "--threads", "0"), "threads"),
    ((*MEASURE, "Resnet-20", "--mask", "mask-0.safetensors"), "belong to one network"),
    (
        (*MEASURE, *(3 * ("--mask", "mask-0.safetensors")), *(2 * ("--weights", "weights.pt"))),
        "2 files of weights and 3 masks make no pairs",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), WRONG_USE)
def test_wrong_use_is_one_sentence_and_status_2(command, words, said):
    ended = command(*words)
    assert ended.status == 2
    assert said in ended.err.splitlines()[-1]
    assert ended.out == ""


FAILURES = [
    (("measure", "Resnet-20", "--input", "3x2x2", "--classes", "3"), "must be at least 4"),
    (("measure", "torchvision:resnet18", "--input", "1x8x8"), "takes images of 3 channels"),
    (("measure", "command_line_networks:Fixed", "--input", "1x5x5"), "does not run on an input of shape (1, 5, 5)"),
    (("measure", "command_line_networks:NoNetwork", "--input", "1x5x5"), "must give a torch.nn.Module"),
    ((*MEASURE, "--weights", "nowhere.pt"), "there is no such file"),
    ((*MEASURE, "--weights", "command_line_networks.py"), "nor a readable file of torch.save"),
    ((*MEASURE, "--weights", "mask-0.safetensors"), "is a mask"),
    ((*MEASURE, "--mask", "nowhere.safetensors"), "there is no such file"),
    ((*MEASURE, "--mask", "weights.pt"), "must be bool, or hold only 0 and 1"),
    (("measure", "Resnet-20", *WORDS[1:], "--mask", "mask-0.safetensors"), "the mask does not fit the network"),
    (("measure", "Resnet-20", *WORDS[1:], "--weights", "weights.pt"), "the checkpoint of another architecture"),
    ((*MEASURE[:4], "--classes", "5", "--weights", "weights.pt"), "of another number of classes"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), FAILURES)
def test_a_failure_is_one_sentence_and_status_1(command, masks, words, said):
    ended = command(*words)
    assert ended.status == 1, ended.err
    assert said in ended.err.splitlines()[-1]
    assert ended.err.splitlines()[-1].startswith("sparsetopo: ")
    assert ended.out == ""


def test_names_that_do_not_match_are_counted_and_listed(command, model, folder):
    weights = {f"module.{name}": value for name, value in model.state_dict().items()}
    del weights["module.0.bias"]
    torch.save({**weights, "module.head.weight": torch.zeros(2)}, folder / "partly.pt")
    ended = command(*MEASURE, "--weights", "partly.pt")
    assert ended.status == 0
    assert "3 of the network's 4 tensors are in the file" in ended.err
    assert "nothing for '0.bias'" in ended.err
    assert "the network has no 'module.head.weight'" in ended.err
    assert "'module.0.weight' was read as '0.weight'" in ended.err
