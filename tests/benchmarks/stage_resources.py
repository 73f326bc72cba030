"""Table of what each stage's jobs needed, from the benchmark files of finished runs.

    python tests/benchmarks/stage_resources.py results/paper-accuracies results/... > resources/measured.csv

One row a kind of job: the most seconds and the most memory over its sparsities and seeds. Of training,
seconds for 1,000 images of an epoch, evaluation included. Memory is the peak that the job's log tells, or
what Snakemake sampled if that is more. The workflow asks a scheduler for these
values, with room to spare (`sparsetopo.config.job_resources`).
"""

import csv
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from sparsetopo.files import read_header

AXES = {
    "data": ("dataset",),
    "plan": ("dataset", "architecture"),
    "initial": ("dataset", "architecture"),
    "dense": ("dataset", "architecture"),
    "score": ("dataset", "architecture", "algorithm"),
    "prune": ("dataset", "architecture", "algorithm"),
    "train": ("dataset", "architecture"),
    "encode": ("dataset", "architecture"),
    "topometrics": ("dataset", "architecture"),
}
PEAK = re.compile(r"peak memory (\d+) MB")
COLUMNS = ("stage", "algorithm", "dataset", "architecture", "seconds", "max_rss_mb")


def jobs(study: Path):
    """Kind (stage, algorithm, data set, architecture), seconds and MB of every job of a study."""
    folder = study / "benchmarks"
    for path in sorted(folder.rglob("*.tsv")):
        stage, *place = path.relative_to(folder).with_suffix("").parts
        named = dict(zip(AXES.get(stage, ()), place, strict=False))
        kind = (stage, *(named.get(key, "") for key in ("algorithm", "dataset", "architecture")))
        with open(path, newline="", encoding="utf-8") as handle:
            for row in csv.DictReader(handle, delimiter="\t"):
                seconds, memory = float(row["s"]), row["max_rss"]
                if stage in ("train", "dense"):
                    kind = ("train", *kind[1:])
                    seconds *= 1000 / images_seen(study, stage, place)
                # A job that ends between two samples of its memory has none.
                sampled = float(memory) if memory not in ("", "-", "NA") else 0.0
                yield kind, seconds, max(sampled, logged_peak(study, stage, place))


def logged_peak(study: Path, stage: str, place: list[str]) -> float:
    """MB that a job's log gives as its peak; 0 if it does not."""
    log = study.joinpath("logs", stage, *place).with_suffix(".log")
    if not place:
        log = study / "logs" / f"{stage}.log"
    if not log.is_file():
        return 0.0
    return max(map(float, PEAK.findall(log.read_text(encoding="utf-8"))), default=0.0)


def images_seen(study: Path, stage: str, place: list[str]) -> int:
    """Training images times epochs of a training job."""
    folder = study / ("dense" if stage == "dense" else "trained")
    record = json.loads(folder.joinpath(*place).with_suffix(".json").read_text(encoding="utf-8"))
    shapes, _ = read_header(study / "data" / f"{place[0]}.safetensors")
    return shapes["train_images"][0] * len(record["history"])


def main() -> None:
    """Print the table."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: python {sys.argv[0]} results/<study> ... > resources/measured.csv")
    most: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for study in map(Path, sys.argv[1:]):
        for kind, seconds, memory in jobs(study):
            most[kind] = [max(most[kind][0], seconds), max(most[kind][1], memory)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for kind, (seconds, memory) in sorted(most.items()):
        writer.writerow([*kind, f"{seconds:.2f}", round(memory)])


if __name__ == "__main__":
    main()
