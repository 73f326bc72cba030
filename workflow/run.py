"""What `make run` and `make paper` do: a study, then its report, safely after any interruption.

A killed `make` may leave a Snakemake alive. Every Snakemake that runs a study holds a lock of its own
(`sparsetopo.runtime.run_lock`): this script waits until nobody holds it, and goes on. So the same command is always
enough.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from sparsetopo.runtime.run_lock import is_running, wait_for_run

DEFAULT = "config/config.yaml"
# One progress bar, in place of four lines a job; Snakemake finds the plugin beside this file.
WITH_BAR = ("--logger", "sparsetopo")


def snakemake(configuration: str, *options: str) -> list[str]:
    """Return the command that runs a configuration; the file comes last, since `--configfile` swallows what follows."""
    command = [sys.executable, "-m", "snakemake", "--cores", "all"]
    return [*command, *options, "--configfile", configuration]


def study_of(configuration: str) -> str:
    """Name of a configuration's study; where it has none, Snakemake says what is wrong with it."""
    import yaml

    try:
        return str(yaml.safe_load(Path(configuration).read_text(encoding="utf-8"))["study"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        sys.exit(
            call(snakemake(configuration, "-n"))
            or f"{configuration}: has no name of a study (key 'study')."
        )


def call(command: list[str]) -> int:
    """Exit status of a command. Ctrl-C also goes to that: it ends in order and says what is missing."""
    beside = [str(Path(__file__).resolve().parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, beside))}
    with subprocess.Popen(command, env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def run_study(study: str, configuration: str) -> int:
    """Run Snakemake; its exit status. One that is going, or that started at the same moment, is waited for first."""
    while True:
        wait_for_run(study)
        status = call(snakemake(configuration, *WITH_BAR))
        if not (status and is_running(study, patience=10.0)):
            return status


def is_older(report: Path, folder: Path) -> bool:
    """Whether the report is missing, or older than a table or figure."""
    if not report.exists():
        return True
    made = report.stat().st_mtime
    results = [*folder.glob("tables/*"), *folder.glob("figures/*"), folder / "index.html"]
    return any(result.stat().st_mtime > made for result in results)


def make_report(report: Path, configuration: str) -> int:
    """Write Snakemake's HTML report under a temporary name, then rename it; Snakemake's exit status."""
    # `--report` chooses its format by the suffix.
    temporary = report.with_name(f".{report.stem}.{os.getpid()}{report.suffix}")
    try:
        options = ("--quiet", "all", "--report", str(temporary))
        status = call(snakemake(configuration, *options))
        if not status:
            os.replace(temporary, report)
        return status
    finally:
        temporary.unlink(missing_ok=True)


def main() -> None:
    """Run the study, then the report, then say what came out and where everything is."""
    parser = argparse.ArgumentParser(description="Run a study and make its report.")
    parser.add_argument("configuration", nargs="?", default=DEFAULT, help=f"default: {DEFAULT}")
    configuration = parser.parse_args().configuration
    os.chdir(Path(__file__).resolve().parents[1])
    start = time.monotonic()
    study = study_of(configuration)
    if run_study(study, configuration):
        sys.exit("\nThe study is not complete: see above. The same command goes on from there.")
    folder = Path("results") / study
    report = folder / "report.html"
    if is_older(report, folder):
        print("Writing the report ...", flush=True)
        if make_report(report, configuration):
            sys.exit("\nThe report is not written: see above. The same command tries again.")
        print(f"\nDone in {(time.monotonic() - start) / 60:.1f} minutes.")
    else:
        print("\nNothing to do: every result and the report are up to date.")
    say_results(folder, report)


def say_results(folder: Path, report: Path) -> None:
    """Print what the study says in plain lines, and where its results are."""
    for name in ("headline.txt", "comparison.txt"):
        if (folder / name).exists():
            print("\n" + (folder / name).read_text(encoding="utf-8"), end="")
    print()
    print(
        f"  tables   {folder}/tables/\n  figures  {folder}/figures/   (all on one page: {folder}/index.html)"
    )
    comparison = folder / "comparison.html"
    if comparison.exists():
        print(
            f"  paper    {comparison}   (its tables beside ours, with a remark on each cell that is off)"
        )
    print(f"  report   {report}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command goes on from there.")
