"""What tests of single models ask: whether the library agrees with the oracle, or refuses in one sentence."""

import warnings

import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.oracle.comparison import assert_same_graph
from tests.unit.graphs.tracing.small_nets import Net

import sparsetopo as st
from sparsetopo.errors import SparsetopoError

__all__ = ["Net", "assert_agrees", "assert_refused", "works_or_is_refused"]


def assert_agrees(model, shape, masks=None, identity_shortcuts=False, attention="all"):
    """Encode a model and compare it with the oracle, edge by edge; return its graph."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = torch.rand(1, *shape).to(first_dtype(model))
        oracle = oracle_graph(model, example, masks, identity_shortcuts, attention)
    mge = st.encode(model, shape, masks, identity_shortcuts, attention=attention)
    assert_same_graph(mge, oracle)
    return mge


def first_dtype(model):
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


def assert_refused(action, *words, error=SparsetopoError):
    """Call `action`, which must raise one clear sentence that holds all words; one of several where given as a tuple."""
    with pytest.raises(error) as caught:
        action()
    message = str(caught.value)
    assert_is_a_sentence(message)
    for word in words:
        options = word if isinstance(word, tuple) else (word,)
        assert any(option.lower() in message.lower() for option in options), (word, message)
    return message


def assert_is_a_sentence(message):
    assert "\n" not in message.strip(), message
    assert message.strip().endswith((".", ")")), message
    assert 20 < len(message) < 600, message
    for debris in ("Traceback", "0x", "tensor([", "FakeTensor("):
        assert debris not in message, message


def works_or_is_refused(action, expected, *words):
    """What is right or refused in a sentence; never something else, never a traceback."""
    try:
        found, message = action(), None
    except SparsetopoError as error:
        found, message = None, str(error)
    if message is None:
        assert found == expected
    else:
        assert_is_a_sentence(message)
        assert all(word.lower() in message.lower() for word in words), message
