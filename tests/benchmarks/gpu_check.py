"""Does everything that this project does on a GPU work there? One table, and one verdict a line; status 1 if a check fails.

    python -m tests.benchmarks.gpu_check prepare   # where CIFAR-10's packs are, on a CPU: data/gpu-check.safetensors
    python -m tests.benchmarks.gpu_check           # on the machine with a GPU, from a copy of this folder and that file

At most eight minutes on one GPU. Where there is none, or with --miniature, all of it is done in miniature, in less than a minute
and without the file. Needs torch, numpy, safetensors and lazy_loader; the project need not be installed. What the verdicts
mean: docs/training.md.
"""

import argparse
import contextlib
import logging
import math
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).parents[2]
if str(_ROOT / "workflow") not in sys.path:  # the project need not be installed
    sys.path.insert(0, str(_ROOT / "workflow"))

from tests.benchmarks.gpu.packages import NEEDED, missing, sentence  # noqa: E402
from tests.benchmarks.gpu.verdicts import Table  # noqa: E402

if TYPE_CHECKING:
    from tests.benchmarks.gpu.sizes import Size

_SECONDS_OF_TWO_JOBS = 60  # what is kept for the last part
CARRIED = _ROOT / "data" / "gpu-check.safetensors"


def main(arguments: list[str] | None = None) -> int:
    """Prepare, or check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", default="check", choices=["check", "prepare"])
    parser.add_argument("--device", choices=["cuda", "cpu"], help="default: a GPU if there is one")
    parser.add_argument("--miniature", action="store_true", help="on a GPU too")
    parser.add_argument("--file", type=Path, default=CARRIED, help="what `prepare` writes")
    options = parser.parse_args(arguments)
    if absent := missing(NEEDED):
        print(
            f"The GPU check needs {', '.join(absent)}, and this Python has none: {sys.executable}."
        )
        return 1
    # Few images are asked for on purpose, which the library warns of.
    logging.getLogger("sparsetopo").setLevel(logging.ERROR)
    from sparsetopo.errors import SparsetopoError

    try:
        if options.what == "prepare":
            return _prepare(options.file)
        return _check(options)
    except SparsetopoError as error:
        print(error)
        return 1


def _prepare(path: Path) -> int:
    from tests.benchmarks.gpu.inputs import prepare
    from tests.benchmarks.gpu.sizes import FULL

    prepare(FULL, path, lambda line: print(line, flush=True))
    return 0


def _check(options: argparse.Namespace) -> int:
    from tests.benchmarks.gpu.sharing import check_sharing
    from tests.benchmarks.gpu.sizes import FULL, MINIATURE

    from sparsetopo.runtime.gpus import held_device, visible_gpus

    table = Table()
    device = options.device or ("cuda" if visible_gpus() else "cpu")
    size = MINIATURE if options.miniature or device == "cpu" else FULL
    with tempfile.TemporaryDirectory(prefix="sparsetopo-gpu-check-") as folder:
        path = options.file if size is FULL else Path(folder) / "inputs.safetensors"
        # Other jobs wait meanwhile; two of our own want the GPU afterwards.
        with held_device(device):
            _on_device(table, size, path, device)
        table.take("two jobs want one GPU", check_sharing(size, path, device))
    return table.end(size.limit)


def _on_device(table: Table, size: "Size", path: Path, name: str) -> None:
    """Add the parts of the check that this process computes itself, on the device that it holds."""
    import torch
    from tests.benchmarks.gpu.inputs import load, prepare
    from tests.benchmarks.gpu.learning import check_learning
    from tests.benchmarks.gpu.scoring import check_scores
    from tests.benchmarks.gpu.speed import check_speed

    from sparsetopo.networks.determinism import resolve_device

    device = resolve_device(name)
    place = torch.cuda.get_device_name() if name == "cuda" else "the CPU without oneDNN"
    print(f"On {place}, {size.name} size; {sentence()}", flush=True)
    if size.name == "miniature":
        prepare(size, path)
    inputs = load(size, path)
    print(f"Compared with a CPU of torch {inputs.torch}.\n")
    table.head()
    # On a CPU other code computes than what prepared, so that something differs here too.
    on_cpu = torch.backends.mkldnn.flags(enabled=False)
    with on_cpu if name == "cpu" else contextlib.nullcontext():
        table.take("scores", check_scores(size, inputs.dataset, inputs.scores, device))
        table.take("training", check_learning(size, inputs.dataset, inputs.learning, device))

    def seconds_left() -> float:
        return (size.limit or math.inf) - _SECONDS_OF_TWO_JOBS - table.seconds

    table.take("speed", check_speed(size, device, seconds_left))


if __name__ == "__main__":
    sys.exit(main())
