"""Encoding in threads, beside other encodings and beside a thread that trains."""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

import sparsetopo as st

MODELS, WORKERS = 24, 6


def build(number):
    torch.manual_seed(number)
    width = 3 + number % 4
    inner = nn.Sequential(nn.Conv2d(width, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), inner, nn.Flatten(), nn.Linear(4 * 16, 3)
    )


def facts(model):
    mge = st.encode(model, (1, 8, 8))
    names = [layer.name for layer in mge.plan.node_layers]
    return mge.num_edges, names, float(mge.to_scipy().sum())


def test_different_models_in_a_thread_pool():
    models = [build(number) for number in range(MODELS)]
    alone = [facts(model) for model in models]
    with ThreadPoolExecutor(WORKERS) as pool:
        together = list(pool.map(facts, models))
    assert together == alone


def test_one_model_in_a_thread_pool():
    model = build(0).train()
    model[0] = nn.utils.parametrizations.spectral_norm(model[0])
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    alone = facts(model)
    with ThreadPoolExecutor(WORKERS) as pool:
        together = list(pool.map(facts, [model] * MODELS))
    assert together == [alone] * MODELS
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(module.training for module in model.modules())


def test_refusals_in_one_thread_do_not_disturb_another():
    good, bad = build(1), nn.Sequential(nn.Flatten(), nn.Linear(64, 4), Sorted())
    alone = facts(good)

    def work(number):
        if number % 2:
            try:
                st.encode(bad, (1, 8, 8))
            except st.errors.SparsetopoError as error:
                return str(error)
            return "nothing raised"
        return facts(good)

    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(work, range(MODELS)))
    assert found[::2] == [alone] * (MODELS // 2)
    assert len(set(found[1::2])) == 1
    assert "Sorted" in found[1]


class Sorted(nn.Module):
    """Sorting the data has no place in a graph of fixed edges."""

    def forward(self, x):
        return x.sort(1)[0]


class Trained(nn.Module):
    """A small network with dropout and batch normalisation."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(288, 4),
        )

    def forward(self, x):
        return self.body(x)


def train(steps):
    """Losses of a short training run; only this thread draws random numbers."""
    torch.manual_seed(7)
    model = Trained().train()
    x, y = torch.randn(16, 1, 8, 8), torch.arange(16) % 4
    optimiser = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses, [tensor.clone() for tensor in model.state_dict().values()]


def test_training_beside_an_encoding_thread_is_training_alone():
    """Building models draws random numbers, so the other thread's models are built before."""
    model, other = Trained().train(), build(2)
    st.encode(model, (1, 8, 8))
    expected_losses, expected_state = train(60)
    stop, counts, problems = threading.Event(), [], []

    def work():
        try:
            while not stop.is_set():
                counts.append(st.encode(model, (1, 8, 8)).num_edges)
                counts.append(st.encode(other, (1, 8, 8)).num_edges)
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        losses, state = train(60)
    finally:
        stop.set()
        thread.join()
    assert not problems
    assert len(counts) > 2
    assert losses == expected_losses
    assert all(torch.equal(a, b) for a, b in zip(state, expected_state, strict=True))
    assert len(set(counts[::2])) == len(set(counts[1::2])) == 1


def test_encoding_a_model_that_is_being_trained_does_not_change_its_training():
    """The model of the training thread itself is encoded again and again."""
    torch.manual_seed(3)
    x, y = torch.randn(8, 1, 8, 8), torch.arange(8) % 4

    def run(encode):
        torch.manual_seed(4)
        model = Trained().train()
        optimiser = torch.optim.SGD(model.parameters(), 0.1)
        losses = []
        for _ in range(5):
            loss = nn.functional.cross_entropy(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            if encode:
                st.encode(model, (1, 8, 8))  # between backward and step: gradients must survive
            optimiser.step()
            losses.append(loss.item())
        return losses

    assert run(True) == run(False)


class Random(nn.Module):
    """Draws random numbers in every way that a model may, in its forward pass."""

    def __init__(self):
        super().__init__()
        self.first, self.last, self.drop = nn.Linear(6, 6), nn.Linear(6, 2), nn.Dropout(0.5)

    def forward(self, x):
        x = nn.functional.dropout(self.first(x), 0.5, training=True)
        x = nn.functional.alpha_dropout(x, 0.5, training=True) + torch.rand(6) + torch.randn_like(x)
        x = nn.functional.rrelu(x, training=True) * torch.empty(6).bernoulli_(0.5)
        x = (
            nn.functional.gumbel_softmax(x)
            + torch.randperm(6)
            + torch.multinomial(torch.ones(6), 6)
        )
        return self.last(self.drop(x) + torch.empty(6).normal_() + torch.randint(0, 3, (6,)))


def test_a_thread_that_draws_beside_encodings_draws_what_it_would_alone():
    """Torch's generator is neither drawn from nor set, whatever the model does with it but seeding."""
    model = Random().train()
    st.encode(model, (6,))
    torch.manual_seed(11)
    expected = [torch.rand(2).tolist() for _ in range(200)]
    drawn, encodings = [], 0
    begun, done = threading.Event(), threading.Event()

    def work():
        for number in range(200):
            drawn.append(torch.rand(2).tolist())
            if number == 20:
                begun.set()
            done.wait(0.001)

    torch.manual_seed(11)
    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    while thread.is_alive():
        st.encode(model, (6,))
        encodings += 1
    assert encodings > 1
    assert drawn == expected
