"""Weights in files: of this package's studies, or of other libraries."""

import torch

from sparsetopo.commands.options import File
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_metadata
from sparsetopo.networks.checkpoints.encodings import Decoded, decoded
from sparsetopo.networks.checkpoints.tensor_files import read_tensor_file
from sparsetopo.networks.initial_file import read_initial
from sparsetopo.training.save import load_weights


def read_weights(path: File) -> Decoded:
    """The weights in a file by the names that they have there, and the masks that it holds beside them.

    Parameters
    ----------
    path
        What the stages `train`, `dense` or `initial` of a study wrote, or a file as for
        `sparsetopo.networks.checkpoints.tensor_files.read_tensor_file`.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, or holds no weights.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"weight": torch.ones(1, 2)}, f"{folder}/weights.pt")
    ...     read_weights(f"{folder}/weights.pt").weights
    {'weight': tensor([[1., 1.]])}
    """
    record = own_record(path)
    if record is None:
        return decoded(read_tensor_file(path), str(path))
    if str(record.get("format", "")).startswith("sparsetopo mask"):
        raise FileFormatError(f"{path}: is a mask, and holds no weights; give it by --mask (mask).")
    arrays = (
        read_initial(path) if record.get("kind") == "initial weights" else load_weights(path)[0]
    )
    return Decoded({name: torch.from_numpy(array) for name, array in arrays.items()})


def own_record(path: File) -> dict[str, object] | None:
    """The record of a file that this package wrote; None for any other file."""
    if not str(path).endswith(".safetensors"):
        return None
    try:
        return read_metadata(path)
    except FileFormatError:
        return None
