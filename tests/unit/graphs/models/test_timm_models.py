"""One model of each family of timm: every weight that reads data is in the plan, or the refusal has its reason."""

import pytest
import torch
from tests.oracle.agreement import assert_refused
from tests.unit.graphs.models.at_size import LayersOnData, assert_sound, without_initialisation
from tests.unit.graphs.models.timm_table import ALSO, FAMILIES, REFUSED, UNREAD

import sparsetopo as st

timm = pytest.importorskip("timm", reason="timm is a dependency of the tests only")

MIDDLE = (
    "vision_transformer",
    "resnet",
    "starnet",
    "mobilenetv3",
    "edgenext",
    "xcit",
    "ghostnet",
    "senet",
)


def build(family):
    name, size = FAMILIES[family]
    with without_initialisation():
        return timm.create_model(name, pretrained=False).eval(), size


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(f, marks=pytest.mark.middle if f in MIDDLE else pytest.mark.slow)
        for f in FAMILIES
    ],
)
def test_model_of_family(family):
    model, size = build(family)
    if family in REFUSED:
        assert_refused(lambda: st.trace(model, (3, size, size)), REFUSED[family])
        return
    plan = st.trace(model, (3, size, size))
    read = LayersOnData(model, torch.zeros(1, 3, size, size)).on_data
    read |= {n for n, _ in model.named_parameters() if n.endswith(ALSO.get(family, ()))}
    assert_sound(plan, read, UNREAD.get(family, ()))


def test_every_family_is_in_the_table():
    from timm.models import _registry

    families = {_registry._model_to_module[name] for name in timm.list_models()}
    assert families == set(FAMILIES)


def test_at_most_one_family_in_twenty_is_refused():
    assert len(REFUSED) <= 0.05 * len(FAMILIES)
    assert all(REFUSED.values())
