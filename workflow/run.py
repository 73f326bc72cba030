"""What `make run` does: the default study, then the report, safely after any interruption.

A killed Snakemake leaves a lock on the directory; a killed `make` may leave a Snakemake alive. Every living Snakemake
of this workflow holds a lock of its own (`hold_run_lock` in rules/common.smk): this script waits until nobody holds it,
clears what a dead one left, and goes on. So two runs never write side by side, and the same command is always enough.
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "all"]
LOCK = Path(".snakemake/sparsetopo.lock")


def take_over() -> None:
    """Wait for a run that is still alive, then unlock the directory if a dead one left it locked."""
    LOCK.parent.mkdir(exist_ok=True)
    with open(LOCK, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(
                "An earlier run is still going in this directory; waiting for it to end ...",
                flush=True,
            )
            fcntl.flock(handle, fcntl.LOCK_EX)
    if any(Path(".snakemake/locks").glob("*")):
        print("An earlier run was interrupted; going on from where it stopped.", flush=True)
        subprocess.run(
            [*SNAKEMAKE, "--unlock", "--quiet", "all"], check=True, stdout=subprocess.DEVNULL
        )


def study_folder() -> Path:
    """Folder of the default configuration's results."""
    import yaml

    return (
        Path("results")
        / yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))["study"]
    )


def is_older(report: Path, folder: Path) -> bool:
    """Whether the report is missing, or older than a table or figure."""
    if not report.exists():
        return True
    made = report.stat().st_mtime
    results = [*folder.glob("tables/*"), *folder.glob("figures/*"), folder / "index.html"]
    return any(result.stat().st_mtime > made for result in results)


def make_report(report: Path) -> None:
    """Write Snakemake's HTML report under a temporary name, then rename it."""
    # `--report` chooses its format by the suffix.
    temporary = report.with_name(f".{report.stem}.{os.getpid()}{report.suffix}")
    try:
        subprocess.run([*SNAKEMAKE, "--quiet", "all", "--report", str(temporary)], check=True)
        os.replace(temporary, report)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> None:
    """Run the study, then the report, then say where everything is."""
    os.chdir(Path(__file__).resolve().parents[1])
    start = time.monotonic()
    take_over()
    done = subprocess.run(SNAKEMAKE, check=False)
    if done.returncode:
        sys.exit(
            "\nThe study is not complete: the messages above say which jobs failed, their logs are under "
            "results/<study>/logs/. What was finished is kept; `make run` goes on from there."
        )
    folder = study_folder()
    report = folder / "report.html"
    if is_older(report, folder):
        print("Writing the report ...", flush=True)
        make_report(report)
        print(f"\nDone in {(time.monotonic() - start) / 60:.1f} minutes.")
    else:
        print("\nNothing to do: every result and the report are up to date.")
    print(
        f"  tables   {folder}/tables/\n  figures  {folder}/figures/   (all on one page: {folder}/index.html)"
    )
    print(f"  report   {report}")


if __name__ == "__main__":
    main()
