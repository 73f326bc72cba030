"""torch's random generators: seeded, recorded and replayed."""

import torch

from sparsetopo import seeding
from sparsetopo.networks.random_state import (
    generators,
    random_states,
    replayed,
    seed_torch,
    set_random_states,
)

CPU = [torch.zeros(1), torch.zeros(2)]


def test_tensors_on_the_cpu_have_one_generator():
    assert generators(CPU) == generators([]) == [torch.default_generator]


def test_seeding_depends_on_the_stream_alone():
    draws = []
    for labels in ((0,), (1,), (0,)):
        torch.rand(5)
        seed_torch(CPU, seeding.generator("layer noise", *labels))
        draws.append(torch.rand(4))
    assert torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], draws[1])


def test_the_seed_is_that_of_torch():
    """`torch.manual_seed` with the stream's first number: results must not change."""
    torch.manual_seed(int(seeding.generator("x").integers(2**63)))
    expected = torch.rand(4)
    seed_torch(CPU, seeding.generator("x"))
    assert torch.equal(torch.rand(4), expected)


def test_states_are_put_back():
    states = random_states(CPU)
    first = torch.rand(3)
    torch.rand(7)
    set_random_states(states)
    assert torch.equal(torch.rand(3), first)


def test_replaying_leaves_the_present_state():
    states = random_states(CPU)
    first, present = torch.rand(3), torch.get_rng_state()
    for _ in range(2):
        with replayed(states):
            assert torch.equal(torch.rand(3), first)
        assert torch.equal(torch.get_rng_state(), present)
