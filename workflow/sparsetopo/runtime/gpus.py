"""One job a GPU: every visible GPU has a lock file, held by the job that computes on it.

Snakemake does not choose GPUs: two jobs that both ask for "cuda" would land on the first one. Here a job takes the
first GPU whose lock is free, waits if there is none, and hides the others from CUDA. The lock (`flock`) goes with the
process, however it ends. It is between the jobs of one user on one machine. Free of torch, because CUDA reads
CUDA_VISIBLE_DEVICES when it is first used.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path

from sparsetopo.errors import ConfigurationError
from sparsetopo.locks import lock

logger = logging.getLogger(__name__)

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_POLL_SECONDS = 0.5


@contextlib.contextmanager
def held_device(
    device: str,
    *,
    gpus: Sequence[str] | None = None,
    folder: Path | None = None,
    environment: MutableMapping[str, str] = os.environ,
) -> Iterator[str]:
    """Hold a device for the length of the block, and yield what torch calls it inside: "cpu" or "cuda".

    The device is "cpu" (nothing is locked), "cuda" (any visible GPU) or "cuda:<number>" (that one of the visible GPUs).
    These are `gpus`, by default those of `visible_gpus`. The lock files lie in `folder`, by default one a user in the
    folder for temporary files; CUDA_VISIBLE_DEVICES is set in `environment`. It is a `ConfigurationError` if no GPU is
    visible, or none of that number, or if this process uses CUDA already.
    """
    if device == "cpu":
        yield device
        return
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        raise ConfigurationError(
            [
                f"compute.device is '{device}', but this process uses CUDA already, so it cannot be given a GPU of "
                f"its own: hold the device before anything is moved to one."
            ]
        )
    visible = list(visible_gpus(environment) if gpus is None else gpus)
    names = _candidates(device, visible, environment)
    place = folder or Path(tempfile.gettempdir()) / f"sparsetopo-gpus-{os.getuid()}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = environment.get(_VARIABLE)
    name, handle = _first_free(names, place)
    try:
        environment[_VARIABLE] = name
        yield "cuda"
    finally:
        os.close(handle)
        if before is None:
            environment.pop(_VARIABLE, None)
        else:
            environment[_VARIABLE] = before


def visible_gpus(environment: MutableMapping[str, str] = os.environ) -> list[str]:
    """Names of the GPUs that CUDA would show a process: UUIDs where nvidia-smi tells them.

    A UUID names the same GPU in every process; a number does not, because a cluster may show each of its jobs another
    GPU as number 0. Numbers in CUDA_VISIBLE_DEVICES count as nvidia-smi does (in the order of the PCI bus; CUDA itself
    may count the fastest GPU first, unless CUDA_DEVICE_ORDER is PCI_BUS_ID).
    """
    present = _uuids()
    given = environment.get(_VARIABLE)
    if given is None:
        return present
    visible = []
    for name in (part.strip() for part in given.split(",")):
        if not name or name == "-1":
            break  # CUDA ignores what follows an invalid entry
        if name.isdecimal() and int(name) < len(present):
            name = present[int(name)]
        else:  # CUDA takes any beginning of a UUID
            matching = [uuid for uuid in present if uuid.startswith(name)]
            name = matching[0] if len(matching) == 1 else name
        visible.append(name)
    return visible


def _uuids() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        # A container may have the device files without the program.
        return [str(n) for n in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]
    query = [program, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            [f"{program} does not answer, so the GPUs of this machine are not known ({error})."]
        ) from error
    return [line.strip() for line in done.stdout.splitlines() if line.startswith(("GPU-", "MIG-"))]


def _candidates(
    device: str, visible: list[str], environment: MutableMapping[str, str]
) -> list[str]:
    if not visible:
        setting = repr(environment[_VARIABLE]) if _VARIABLE in environment else "not set"
        raise ConfigurationError(
            [
                f"compute.device is '{device}', but no NVIDIA GPU is visible here ({_VARIABLE} is {setting}): use a "
                f"machine that has one, or set compute.device: cpu."
            ]
        )
    number = device.partition(":")[2]
    if not number:
        return visible
    if int(number) >= len(visible):
        raise ConfigurationError(
            [
                f"compute.device is '{device}', but the visible GPUs here are numbers 0 to {len(visible) - 1}: use "
                f"one of these, or 'cuda' for any of them."
            ]
        )
    return [visible[int(number)]]


def _first_free(names: list[str], folder: Path) -> tuple[str, int]:
    """Name of a GPU and the open descriptor that holds its lock."""
    waiting = False
    while True:
        for name in names:
            handle = os.open(
                folder / f"{name.replace('/', '_')}.lock",
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
                0o600,
            )
            if lock(handle, wait=False) is False:
                os.close(handle)
                continue
            logger.info("computing on GPU %s", name)
            return name, handle
        if not waiting:
            logger.info("all of %d GPUs are taken by other jobs; waiting", len(names))
            waiting = True
        time.sleep(_POLL_SECONDS)
