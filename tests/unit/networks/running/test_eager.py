"""Networks run eagerly and with gradients, and torch's settings are put back, threads or not."""

import threading

import pytest
import torch
from torch import nn

from sparsetopo.networks.running.eager import differentiable_eagerly


def flash():
    return torch.backends.cuda.flash_sdp_enabled()


def test_attention_has_second_derivatives():
    x = torch.randn(1, 4, 8, requires_grad=True)
    assert flash()
    with torch.no_grad(), differentiable_eagerly():
        y = nn.functional.scaled_dot_product_attention(x, x, x).pow(2).sum()
        (slope,) = torch.autograd.grad(y, x, create_graph=True)
        assert torch.autograd.grad(slope.sum(), x)[0].any()
    assert flash()
    assert torch.is_grad_enabled()


def test_compiled_modules_are_not_compiled_inside():
    compilations = []

    def backend(graph, inputs):
        compilations.append(graph)
        return graph.forward

    model = torch.compile(nn.Linear(2, 2), backend=backend)
    with differentiable_eagerly():
        model(torch.zeros(1, 2))
    assert compilations == []
    model(torch.zeros(1, 2))
    assert len(compilations) == 1


def test_blocks_of_two_threads_may_overlap():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with differentiable_eagerly():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with differentiable_eagerly():
        thread.start()
        assert inside.wait(10)
    assert not flash()  # the other thread still needs it
    leave.set()
    thread.join()
    assert flash()


def fail_inside():
    with torch.inference_mode(), differentiable_eagerly():
        assert not torch.is_inference_mode_enabled()
        raise ZeroDivisionError


def test_settings_are_put_back_after_an_error():
    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert flash()
