"""A table that is not whole is refused, however it was cut."""

import json

import pandas as pd
import pytest

from sparsetopo.analysis.tables.record import write_table_record
from sparsetopo.analysis.tables.table import read_table, write_table
from sparsetopo.errors import FileFormatError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "networks.csv"
    write_table(path, pd.DataFrame({"algorithm": ["er", "erk", "snip"], "n2": [1.25, 2.5, 3.75]}))
    write_table_record(tmp_path / "networks.json", [path], {"stage": "collect"})
    return path


def test_the_record_says_what_made_it(table):
    record = json.loads(table.with_suffix(".json").read_text())
    assert record["tables"] == ["networks.csv"]
    assert record["specification"] == {"stage": "collect"}
    assert len(read_table(table)) == 3


def test_every_truncation_is_noticed(table):
    whole = table.read_bytes()
    for length in range(len(whole)):
        table.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=r"networks\.csv: is not as .* delete it and run"):
            read_table(table)


def test_records_that_are_not_of_this_table_do_not_count(table):
    """One of a killed job under its temporary name; one of another stage that wrote a table of that name before."""
    older = json.loads(table.with_suffix(".json").read_text()) | {
        "sha256": {"networks.csv": "0" * 64}
    }
    table.with_name(".networks.1.0123abcd.tmp.json").write_text(json.dumps(older))
    table.with_name("earlier.json").write_text(json.dumps(older))
    assert len(read_table(table)) == 3


def test_a_table_of_the_users_own_needs_no_record(table):
    own = table.with_name("own.csv")
    own.write_bytes(table.read_bytes()[:-5])
    assert len(read_table(own)) == 3
    own.with_suffix(".json").write_text("[]")
    (own.parent / "broken.json").write_text('{"sha256": ')
    assert len(read_table(own)) == 3
