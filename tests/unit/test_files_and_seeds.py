"""Result files are whole or absent; random streams depend on their labels alone."""

import json

import numpy as np
import pytest

from sparsetopo import seeding
from sparsetopo.errors import FileFormatError
from sparsetopo.files import (
    atomic_path,
    canonical_json,
    read_json,
    read_metadata,
    read_tensors,
    write_json,
    write_tensors,
)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"value": 1})

    def interrupted():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        interrupted()
    assert read_json(path) == {"value": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_tensors_and_their_record_survive_a_round_trip(tmp_path):
    path = tmp_path / "deep" / "arrays.safetensors"
    arrays = {
        "weights": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "mask": np.array([[True, False]]),
        "empty": np.zeros((0, 3), dtype=np.int64),
    }
    write_tensors(path, arrays, {"seed": 3, "names": ["ä"]})
    read, record = read_tensors(path)
    assert record == read_metadata(path) == {"seed": 3, "names": ["ä"]}
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("reader", [read_tensors, read_metadata, read_json])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04garbage", b"PK\x03\x04"])
def test_missing_and_foreign_files_are_named(tmp_path, reader, content):
    path = tmp_path / "foreign"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileFormatError, match="foreign"):
        reader(path)


def test_a_truncated_tensor_file_is_refused(tmp_path):
    path = tmp_path / "mask.safetensors"
    write_tensors(path, {"mask": np.ones(1000, dtype=bool)}, {})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileFormatError, match=r"mask\.safetensors.*truncated"):
        read_tensors(path)


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "other.safetensors"
    save_file({"w": np.zeros(2)}, path)
    with pytest.raises(FileFormatError, match="not written by sparsetopo"):
        read_tensors(path)


def test_json_refuses_nan_and_is_canonical(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert not list(tmp_path.iterdir())
    assert canonical_json({"b": 1, "a": [1.5]}) == canonical_json(
        json.loads('{"a": [1.5], "b": 1}')
    )


def test_streams_are_fixed_for_ever_and_differ_by_label():
    # Literal values: a change here would silently change every initial weight and mask ever published.
    assert (
        seeding.generator("initial weights", "digits", "Resnet-20", 0)
        .integers(0, 2**32, 3)
        .tolist()
        == STREAM
    )
    draws = [
        seeding.generator(*labels).random()
        for labels in [("a", 1), ("a", 2), ("a", "1"), ("b", 1), ("a1",)]
    ]
    assert len(set(draws)) == len(draws)
    assert seeding.generator("a", 1).random() == draws[0]


STREAM = [1131269467, 112655585, 474931544]
