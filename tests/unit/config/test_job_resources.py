"""What jobs ask of a scheduler: measured values with room, replaced by the configuration, raised on retry."""

from pathlib import Path

import pytest
import yaml

from sparsetopo.config import JobResources, load_configuration
from sparsetopo.config.job_resources import MEASURED, MEMORY_FACTOR, TIME_FACTOR
from sparsetopo.config.stages import STAGES

ROOT = Path(__file__).parents[3]
CELL = {"dataset": "CIFAR-10", "architecture": "Conv-6", "algorithm": "grasp", "seed": "0"}


def resources(tmp_path, rows, **changes):
    table = tmp_path / "measured.csv"
    table.write_text("stage,algorithm,dataset,architecture,seconds,max_rss_mb\n" + rows)
    values = yaml.safe_load((ROOT / "config/paper.yaml").read_text()) | changes
    return JobResources(load_configuration(values), table)


def test_the_row_of_the_same_kind_of_job_counts(tmp_path):
    rows = "score,grasp,CIFAR-10,Conv-6,600,1000\nscore,grasp,CIFAR-10,Resnet-20,60,9000\nscore,snip,CIFAR-10,Conv-6,6,90\n"
    jobs = resources(tmp_path, rows)
    assert jobs.mem_mb("score", CELL) == 1000 * MEMORY_FACTOR
    assert jobs.runtime("score", CELL) == 10 * TIME_FACTOR
    # Not measured: the largest of what was.
    assert jobs.mem_mb("score", CELL | {"architecture": "VGG"}) == 9000 * MEMORY_FACTOR
    assert jobs.mem_mb("score", CELL, attempt=3) == 3 * jobs.mem_mb("score", CELL)


def test_training_time_grows_with_images_and_epochs(tmp_path):
    jobs = resources(tmp_path, "train,,,Conv-6,3,2000\n", compute={"device": "cpu"})
    seconds = 3 * 50 * 160 * TIME_FACTOR  # 50,000 images of CIFAR-10, 160 epochs
    assert jobs.runtime("train", CELL) == pytest.approx(seconds / 60, abs=1)
    assert jobs.runtime("dense", CELL) == jobs.runtime("train", CELL)


def test_the_configuration_goes_over_what_was_measured(tmp_path):
    given = {"score": {"mem_mb": 77, "runtime": 7, "threads": 3, "gpu": 0}}
    jobs = resources(tmp_path, "score,,,,6000,9000\n", resources=given)
    assert (jobs.mem_mb("score", CELL), jobs.runtime("score", CELL, 2)) == (77, 14)
    assert (jobs.threads("score"), jobs.gpu("score", CELL)) == (3, 0)
    assert jobs.threads("train") == 2  # compute.threads of the paper's configuration
    assert jobs.threads("collect") == 1


def test_gpus_are_asked_for_on_gpus_only(tmp_path):
    on_gpu = resources(tmp_path, "")
    assert {stage for stage in STAGES if on_gpu.gpu(stage, CELL)} == {"score", "dense", "train"}
    assert on_gpu.gpu("prune", CELL | {"algorithm": "synflow"}) == 1
    on_cpu = resources(tmp_path, "", compute={"device": "cpu"})
    assert not any(on_cpu.gpu(stage, CELL) for stage in STAGES)


def test_every_stage_and_paper_cell_has_measured_resources():
    values = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    jobs = JobResources(load_configuration(values))
    assert MEASURED.is_file()
    measured = {line.split(",")[0] for line in MEASURED.read_text().splitlines()[1:]}
    assert measured == set(STAGES) - {"dense"}
    for stage in STAGES:
        assert 300 <= jobs.mem_mb(stage, CELL) <= 16_000
        assert 5 <= jobs.runtime(stage, CELL) <= 24 * 60
