"""`untouched` puts random states back where it may, and never over another thread's draws."""

import _thread
import random
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.networks import untouched as module
from sparsetopo.networks.untouched import untouched

MODEL = nn.Linear(2, 1)


def draw():
    return torch.rand(1).item(), np.random.random(), random.random()  # noqa: NPY002


def seed():
    torch.manual_seed(4)
    np.random.seed(4)  # noqa: NPY002
    random.seed(4)


def test_what_the_block_draws_is_undone(monkeypatch):
    monkeypatch.setattr(module, "_is_alone", lambda: True)  # other tests may have left threads
    seed()
    expected = draw()
    seed()
    with untouched(MODEL):
        draw()
    assert draw() == expected


def started_by_threading(function):
    threading.Thread(target=function).start()


def started_below_threading(function):
    """As libraries in C start them: `threading` does not count it."""
    _thread.start_new_thread(function, ())


@pytest.mark.parametrize("start", [started_by_threading, started_below_threading])
@pytest.mark.parametrize("ends", ["meanwhile", "later"])
def test_what_another_thread_draws_meanwhile_is_kept(start, ends):
    seed()
    expected = [draw(), draw()]
    found = []
    begun, go, drawn, end = (threading.Event() for _ in range(4))

    def work():
        begun.set()
        go.wait()
        found.append(draw())
        drawn.set()
        end.wait()

    seed()
    before = _thread._count()
    start(work)
    begun.wait()
    with untouched(MODEL):
        go.set()
        drawn.wait()
        if ends == "meanwhile":
            end.set()
            while _thread._count() > before:
                time.sleep(0.001)
    end.set()
    assert [*found, draw()] == expected
