"""The workflow as a module of another one: the example of docs/module.md, as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT, job_counts

PAGE = (ROOT / "docs/module.md").read_text(encoding="utf-8")
TABLE = "results/small/tables/networks.csv"


def block(first_line: str) -> str:
    """The example on the page that begins with a line."""
    found = [
        text for text in re.findall(r"```\w+\n(.*?)```", PAGE, re.S) if text.startswith(first_line)
    ]
    assert len(found) == 1, first_line
    return found[0]


class Importer:
    """The page's workflow in a folder of its own, with the project beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sparsetopo").symlink_to(ROOT)
        self.write(block("# Snakefile"))
        (folder / "config.yaml").write_text(block("# config.yaml"))

    def write(self, text: str) -> None:
        (self.folder / "Snakefile").write_text(text)

    def run(
        self, *arguments: str, profile: str = "default", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]  # noqa: RUF005
            + ["--workflow-profile", f"sparsetopo/profiles/{profile}"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
            cwd=self.folder,
        )

    def jobs(self, *targets: str) -> dict[str, int]:
        return job_counts(self.run(*targets, "-n"))

    def refusal(self) -> str:
        done = self.run("-n")
        assert done.returncode != 0
        return done.stdout + done.stderr


@pytest.fixture
def importer(tmp_path: Path) -> Importer:
    return Importer(tmp_path)


@pytest.mark.middle
def test_the_example_runs_is_reported_and_runs_nothing_again(importer):
    done = importer.run()
    assert done.returncode == 0, done.stdout + done.stderr
    header, row = (importer.folder / "accuracies.csv").read_text().splitlines()
    assert header == "algorithm,sparsity,seed,accuracy"
    assert row.startswith("uniform,0.9,0,0.")
    assert (importer.folder / TABLE).is_file()
    assert (importer.folder / "results/small/logs/collect.log").is_file()
    # The handler that the page tells to call held the lock, with what a later run must know.
    lock = yaml.safe_load((importer.folder / ".snakemake/sparsetopo/small.lock").read_text())
    assert lock["executor"] == "local"
    assert importer.jobs() == {}
    done = importer.run("--report", "report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Each row is a sparse network" in (importer.folder / "report.html").read_text()


@pytest.mark.middle
def test_a_rule_of_the_importing_workflow_that_fails_is_named(importer):
    """It logs as it likes, or not at all: nothing is said of why."""
    importer.write(
        block("# Snakefile")
        + "\n\nrule fails:\n    shell:\n        'false'\n"
        + "\n\nrule logs:\n    log:\n        'own.log'\n    shell:\n        'echo no > {log}; false'\n"
    )
    done = importer.run("fails", "logs")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert (
        "2 jobs failed; more is said in results/small/logs/ and above:\n  fails\n  logs\n" in said
    )


def test_the_example_is_clean(importer):
    done = importer.run("--lint")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.middle
def test_locks_of_the_importing_workflow_are_left_to_it(importer):
    """A run by itself clears what a killed one left; a module cannot know whether the other workflow is alive."""
    lock = importer.folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{TABLE}\n")
    assert importer.run("-n").returncode == 0
    assert lock.exists()
    values = yaml.safe_load(block("# config.yaml"))["sparsetopo"]
    (importer.folder / "study.yaml").write_text(yaml.safe_dump(values))
    alone = ("--snakefile", "sparsetopo/Snakefile", "--configfile", "study.yaml")
    assert importer.run("-n", *alone).returncode == 0
    assert not lock.exists()


def test_every_rule_and_target_carries_the_given_name(importer):
    jobs = importer.jobs("sparsetopo_all")
    assert len(jobs) == 17
    assert all(name.startswith("sparsetopo_") for name in jobs)
    assert importer.jobs("sparsetopo_all_prune") == dict.fromkeys(
        ("sparsetopo_data", "sparsetopo_prune", "sparsetopo_all_prune"), 1
    )


def test_the_given_configuration_is_the_whole_configuration(importer):
    values = yaml.safe_load(block("# config.yaml"))
    del values["sparsetopo"]["training"]
    (importer.folder / "config.yaml").write_text(yaml.safe_dump(values))
    assert "training.digits: is missing" in importer.refusal()


def test_two_studies_and_a_changed_rule(importer):
    second = block("# two studies")
    change = block("use rule train from")
    importer.write("\n\n".join((block("# Snakefile"), change, second)))
    done = importer.run("sparsetopo_all_train", "random_all_train", "-n", "--quiet", "host")
    assert done.returncode == 0, done.stdout + done.stderr
    threads = {
        name: re.search(r"threads: (\d+)", job)
        for name, job in re.findall(
            r"^rule ([a-z]+_train):\n((?:    .*\n)+)", done.stdout + done.stderr, re.M
        )
    }
    assert set(threads) == {"sparsetopo_train", "random_train"}
    assert threads["sparsetopo_train"].group(1) == "2"
    assert threads["random_train"] is None  # one thread is not printed
    text = done.stdout + done.stderr
    assert "results/random/trained/digits/Resnet-20/uniform/0.9/seed-0.json" in text
    assert "results/small/trained/digits/Resnet-20/uniform/0.9/seed-0.json" in text


def test_a_prefix_moves_what_is_written_and_not_a_file_of_the_user(importer):
    values = yaml.safe_load(block("# config.yaml"))
    study = values["sparsetopo"]
    study["datasets"] = {"mine": {"from": "npz", "file": "mine.npz"}}
    study["grid"]["datasets"] = ["mine"]
    study["training"] = {"mine": study["training"]["digits"]}
    (importer.folder / "config.yaml").write_text(yaml.safe_dump(values))
    (importer.folder / "mine.npz").write_bytes(b"")
    text = block("# Snakefile").replace(
        'config["sparsetopo"]\n', 'config["sparsetopo"]\n    prefix:\n        "topology"\n', 1
    )
    importer.write(text)
    done = importer.run("all", "sparsetopo_all", "-n", "--quiet", "host")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(":", 1) for line in (done.stdout + done.stderr).splitlines()]
    written = [
        path.strip()
        for kind, *paths in lines
        if kind.strip() in ("output", "log", "benchmark")
        for path in paths[0].split(",")
    ]
    own = {"accuracies.csv", "logs/accuracies.log"}
    assert own < set(written)
    assert len(written) > 60
    assert all(path.startswith("topology/results/small/") for path in set(written) - own)
    read = {
        path.strip()
        for kind, *paths in lines
        if kind.strip() == "input"
        for path in paths[0].split(",")
    }
    notes = ".snakemake/sparsetopo.small.since"
    assert {"mine.npz", notes} < read
    assert all(path.startswith("topology/") for path in read - own - {"mine.npz", notes})


def test_jobs_share_cluster_jobs_where_rules_keep_their_names(importer):
    pytest.importorskip("snakemake_executor_plugin_slurm")
    (statement,) = re.findall(r"`(use rule \* from sparsetopo exclude all as \*)`", PAGE)
    text = block("# Snakefile").replace("sparsetopo_collect", "collect")
    importer.write(text.replace("use rule * from sparsetopo as sparsetopo_*", statement))
    done = importer.run("-n", profile="slurm")
    assert done.returncode == 0, done.stdout + done.stderr
    for group in ("plans", "masks", "graphs"):
        assert f"Group job {group}" in done.stdout + done.stderr


def test_two_clones_in_one_workflow_are_refused(importer, tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("Snakefile", "workflow", "envs", "resources"):
        # A folder's files, not a link to it: the same file would be the same version.
        subprocess.run(["cp", "-r", str(ROOT / name), str(clone)], check=True)
    second = block("# two studies").replace("sparsetopo/Snakefile", "clone/Snakefile")
    importer.write(block("# Snakefile") + "\n\n" + second)
    text = importer.refusal()
    assert "let all modules of one workflow name the Snakefile of the same clone" in text


class Fetched:
    """The project as `github(...)` gives it: laid into Snakemake's cache, where it looks before it fetches."""

    version = "90.0.0"  # of the commit's library, to tell it from others

    def __init__(self, importer: Importer, folder: Path) -> None:
        self.importer, self.cache = importer, folder / "cache"
        clones = self.cache / "snakemake/snakemake/source-cache/snakemake-git-cache"
        self.repository = repository = clones / "github.com/owner/sparsetopo"
        repository.mkdir(parents=True)
        git = ["git", "-C", str(repository), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]  # fmt: skip
        subprocess.run([*git, "init", "--quiet"], check=True)
        for name in ("Snakefile", "workflow", "envs", "resources"):
            subprocess.run(["cp", "-r", str(ROOT / name), str(repository)], check=True)
        version = repository / "workflow/sparsetopo/version.py"
        version.write_text(re.sub(r'(?m)^VERSION = ".*"', f'VERSION = "{self.version}"', version.read_text()))  # fmt: skip
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", "all"], check=True)
        subprocess.run([*git, "tag", "v0.1.0"], check=True)
        self.commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()

    def run(self, source: str, *arguments: str) -> str:
        """What Snakemake says of a workflow that imports one from a source; it must succeed."""
        text = block("# Snakefile").replace('"sparsetopo/Snakefile"', source)
        self.importer.write(text.replace('        "sparsetopo/envs/analysis.yaml"\n', "").replace("    conda:\n", ""))  # fmt: skip
        # The library must be that of the commit, not the one of the tests.
        done = self.importer.run(*arguments, XDG_CACHE_HOME=str(self.cache), PYTHONPATH="")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def fetched(importer: Importer, tmp_path: Path) -> Fetched:
    return Fetched(importer, tmp_path)


def test_a_fetched_workflow_plans_what_a_clone_does(fetched):
    """As the page names it, by its other entry, and from a repository on this machine."""
    (by_tag,) = re.findall(r"github\(.*\)", block("# fetched"))
    local = f'"git+file://{fetched.repository}/workflow/Snakefile@v0.1.0"'
    made = set()
    for source in (by_tag, f'github("owner/sparsetopo", path="Snakefile", commit="{fetched.commit}")', local):  # fmt: skip
        assert re.search(r"^sparsetopo_collect +1$", fetched.run(source, "-n"), re.MULTILINE)
        (copy,) = fetched.importer.folder.glob(".snakemake/sparsetopo/source/*")
        assert copy.name == fetched.commit[:12]
        made.add(copy.stat().st_ino)
    assert len(made) == 1  # a commit is laid out once
    # On a machine that shares no files Snakemake brings rules and scripts, but not the library.
    shutil.rmtree(copy / "workflow/sparsetopo")
    fetched.run(by_tag, "-n")
    assert (copy / "workflow/sparsetopo/__init__.py").is_file()


@pytest.mark.middle
def test_jobs_of_a_fetched_workflow_run_with_the_library_of_the_commit(fetched):
    (by_tag,) = re.findall(r"github\(.*\)", block("# fetched"))
    fetched.run(by_tag, "sparsetopo_all_prune")
    (mask,) = fetched.importer.folder.glob("results/small/masks/**/*.safetensors")
    assert fetched.version.encode() in mask.read_bytes()


def test_single_files_from_elsewhere_are_refused_in_a_sentence(importer, tmp_path):
    """Without the repository: of an address, say, only the files that rules name are fetched."""
    lonely = tmp_path / "lonely/workflow"
    (lonely / "rules").mkdir(parents=True)
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        (lonely / "rules" / path.name).write_text(path.read_text())
    (lonely / "Snakefile").write_text((ROOT / "workflow/Snakefile").read_text())
    importer.write(block("# Snakefile").replace("sparsetopo/Snakefile", f"{lonely}/Snakefile"))
    text = importer.refusal()
    assert "their scripts need the library beside them" in text
    assert "name the repository as github(...)" in text
