"""What the SLURM profile does when a job of a group fails, when a node dies, and when a job needs a GPU."""

import os
from pathlib import Path

import pytest
import yaml
from tests.workflow.slurm.cluster import Cluster, Record, wait_for
from tests.workflow.slurm.conftest import ClusterStudy

pytestmark = pytest.mark.middle

PARTITIONS = {
    "main": {"max_runtime": "1d", "max_mem_mb": 8000, "max_threads": 2},
    "gpu": {"max_runtime": "1d", "max_mem_mb": 8000, "max_threads": 2, "max_gpu": 1},
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site's own profile, which says what its partitions are for."""
    folder = tmp_path / "site"
    folder.mkdir()
    partitions = folder / "partitions.yaml"
    partitions.write_text(yaml.safe_dump({"partitions": PARTITIONS}))
    (folder / "config.yaml").write_text(
        yaml.safe_dump({"slurm-partition-config": str(partitions), "slurm-jobname-prefix": "site"})
    )
    return folder


def submitted(cluster: Cluster, earlier: int) -> dict[str, Record]:
    return {record.comment: record for record in cluster.records()[earlier:]}


def test_a_failed_group_leaves_nothing_of_an_earlier_configuration(
    copied_study: ClusterStudy, site: Path
):
    """Each mask is made before its graph, which fails: the plan is damaged. Some jobs of the group never start."""
    cluster, study = copied_study.cluster, copied_study
    study.values["topometrics"] = {"weights": "initial"}
    plan = study.results / "plans/digits/Resnet-20.json"
    intact, times = plan.read_bytes(), plan.stat()
    plan.write_bytes(intact[:100])
    os.utime(plan, ns=(times.st_atime_ns, times.st_mtime_ns))
    masks = {path: path.read_bytes() for path in (study.results / "masks").rglob("*.safetensors")}
    for path in masks:
        path.unlink()
    graphs = list((study.results / "mges").rglob("*.safetensors"))
    assert len(graphs) == len(masks) > 1
    earlier = len(cluster.records())

    together = ("prune=graphs", "encode=graphs", "topometrics=graphs")
    done = study.submit(
        *("all_topometrics", "--profile", str(site), "--retries", "0", "--groups", *together)
    )
    assert done.returncode != 0
    assert f"{plan.relative_to(study.folder)}: " in done.stderr, done.stderr
    records = submitted(cluster, earlier)
    assert {(r.state, r.partition, r.gpus) for r in records.values()} == {("FAILED", "main", "")}
    assert all(record.run.startswith("site_") for record in records.values())

    assert not any(path.exists() for path in (*masks, *graphs))
    plan.write_bytes(intact)
    os.utime(plan, ns=(times.st_atime_ns, times.st_mtime_ns))
    to_do = study.jobs()
    assert {rule: to_do[rule] for rule in ("prune", "encode", "topometrics")} == dict.fromkeys(
        ("prune", "encode", "topometrics"), len(masks)
    )


def test_jobs_that_compute_on_a_gpu_ask_for_one(copied_study: ClusterStudy, site: Path):
    """On a machine without a GPU they fail; what they asked for is on record."""
    cluster, study = copied_study.cluster, copied_study
    study.values["grid"] = {**study.values["grid"], "algorithms": ["snip", "synflow"]}
    study.values["compute"] = {"device": "cuda"}
    earlier = len(cluster.records())
    masks = [f"masks/digits/Resnet-20/synflow/{sparsity}/seed-0" for sparsity in ("0.9", "0.98")]
    targets = [f"results/tiny/{mask}.safetensors" for mask in masks]
    study.submit("all_score", *targets, "--profile", str(site), "--retries", "0")
    records = submitted(cluster, earlier)
    score = next(record for name, record in records.items() if name.startswith("rule_score_"))
    # Two masks by SynFlow, one after the other: one GPU.
    for record in (score, records["rule_masks_prune"]):
        assert (record.partition, record.gpus, record.node) == ("gpu", "gres:gpu:1", "n2")


@pytest.mark.slow
def test_a_job_whose_node_dies_runs_again_on_another(copied_study: ClusterStudy):
    cluster, study = copied_study.cluster, copied_study
    expected = {path: path.read_bytes() for path in (study.results / "topometrics").rglob("*.json")}
    for path in expected:
        path.unlink()
    earlier = len(cluster.records())
    snakemake = study.submit_in_background("all_topometrics")
    try:
        wait_for(
            lambda: [r.state for r in cluster.records()[earlier:]] == ["RUNNING"], 60, "no job runs"
        )
        lost = cluster.records()[-1].node
        cluster.kill_node(lost)
        assert snakemake.wait(120) == 0, study.messages
    finally:
        snakemake.kill()
        snakemake.wait()
    cluster.start_node(lost)
    first, second = cluster.records()[earlier:]
    assert (first.state, second.state) == ("NODE_FAIL", "COMPLETED")
    assert second.node != lost
    assert second.memory_mb == 2 * first.memory_mb
    assert {path: path.read_bytes() for path in expected} == expected
