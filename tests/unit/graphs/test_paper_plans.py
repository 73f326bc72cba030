"""The paper's architectures: node ids, edges and names stay what they were when they were recorded."""

import json

import pytest
from tests.paper_plans import CASES, FILE, facts

RECORDED = json.loads(FILE.read_text())


@pytest.mark.parametrize(("name", "identity_shortcuts"), CASES)
def test_graph_of_a_paper_architecture_is_as_recorded(name, identity_shortcuts):
    found = json.loads(json.dumps(facts(name, identity_shortcuts)))
    recorded = RECORDED[f"{name}, {identity_shortcuts}"]
    for fact in recorded:
        assert found[fact] == recorded[fact], fact
