"""A SLURM for the tests of this folder, and studies that run on it."""

import copy
import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Study
from tests.workflow.slurm.cluster import Cluster, missing_programs

# What the profile sets for a real cluster would make the tests wait: two CPUs a node here, and one file system.
ON_ONE_MACHINE = ("--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "3")


class ClusterStudy(Study):
    """A study whose jobs go to a cluster by the project's profile."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder)
        self.cluster = cluster

    def submit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake on the cluster until it ends."""
        return self.run(*self._profile(*arguments), **self.cluster.environment)

    def submit_in_background(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Snakemake on the cluster; its messages go to `messages`."""
        with open(self.folder / "messages.txt", "ab") as messages:
            return subprocess.Popen(
                self.command(*self._profile(*arguments)),
                stdout=messages,
                stderr=messages,
                env=self.cluster.environment,
                cwd=ROOT,
            )

    @property
    def messages(self) -> str:
        return (self.folder / "messages.txt").read_text()

    def _profile(self, *arguments: str) -> tuple[str, ...]:
        return ("--workflow-profile", str(ROOT / "profiles/slurm"), *ON_ONE_MACHINE, *arguments)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    missing = missing_programs()
    if missing:
        pytest.skip(
            f"SLURM is not installed ({', '.join(missing)}): apt-get install slurmctld slurmd slurm-client munge"
        )
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def local_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two networks, without a cluster."""
    study = Study(tmp_path_factory.mktemp("local"))
    study.values["grid"]["algorithms"] = ["uniform"]
    # Long enough to be killed and cancelled while it runs.
    study.values["training"]["digits"]["epochs"] = 5
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return study


@pytest.fixture
def copied_study(tmp_path: Path, local_study: Study, cluster: Cluster) -> ClusterStudy:
    """The finished local study, to be damaged and completed on the cluster."""
    shutil.copytree(local_study.folder, tmp_path, dirs_exist_ok=True)
    study = ClusterStudy(tmp_path, cluster)
    study.values = copy.deepcopy(local_study.values)
    return study
