"""Studies of two datasets: complete, with gaps, and with names that are on one dataset only."""

import pytest
from tests.unit.analysis.ranking.ranking_study import apart, two_datasets, with_gaps


@pytest.fixture(params=["complete", "gaps", "apart"])
def study(request, networks):
    table = two_datasets(networks)
    return {"complete": table, "gaps": with_gaps(table), "apart": apart(table)}[request.param]
