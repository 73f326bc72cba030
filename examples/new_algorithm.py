# %% [markdown]
# # Is my new pruning algorithm better than the others, and why?
#
# SNIP compares the sensitivity |gradient x weight| of all weights, so units whose weights are all insensitive lose
# everything. An idea: let every unit divide the same sum among its weights, so that none starves. Does that help? The
# idea becomes a file, and is compared with the seven algorithms that are here, on a small network for the digits that
# come with scikit-learn.
#
# ## One file
# An algorithm is one file, with a few literals and one function ([CONTRIBUTING](../CONTRIBUTING.md) describes them).
# This one is `fair_snip.py`, beside this script:

# %%
import copy
import inspect

import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

import fair_snip
import sparsetopo as st
from sparsetopo.pruning import ALGORITHMS, register_algorithm

print(inspect.getsource(fair_snip))

# %% [markdown]
# `register_algorithm` makes it known to this process, where it then has a name like any other. For a study with
# Snakemake the file goes, as it is, into `workflow/sparsetopo/pruning/algorithms/`.

# %%
register_algorithm(fair_snip)
print(*ALGORITHMS)

# %% [markdown]
# ## A small study
# Every algorithm prunes the same initial weights, at two sparsities and from two seeds. What is left is measured, and
# then trained.

# %%
digits = load_digits()
images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)
train, test = slice(0, 900), slice(900, None)


def network(seed: int) -> nn.Module:
    """Three convolutions and a classifier, with the weights of a seed."""
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 2 * 2, 10)),
    )


def accuracy_of(model: nn.Module, mask: st.Mask, epochs: int = 12) -> float:
    """Train a copy of a network with a mask; return its accuracy on the test images."""
    sparse = copy.deepcopy(model)
    kept = [torch.tensor(mask.get(name, True)) for name, _ in sparse.named_parameters()]
    optimiser = torch.optim.Adam(sparse.parameters(), lr=0.01)

    def cut() -> None:
        with torch.no_grad():
            for parameter, own in zip(sparse.parameters(), kept, strict=True):
                parameter.mul_(own)

    torch.manual_seed(0)
    cut()
    for _ in range(epochs):
        for batch in torch.randperm(900).split(100):
            optimiser.zero_grad()
            functional.cross_entropy(sparse(images[batch]), labels[batch]).backward()
            optimiser.step()
            cut()
    with torch.no_grad():
        return float((sparse(images[test]).argmax(1) == labels[test]).float().mean())


data = (images[train], labels[train])
metrics = ["sink", "source", "disconnected", "r_in", "r_out", "n2"]
rows = []
for seed in (0, 1):
    model = network(seed)
    for name in ALGORITHMS:
        for sparsity in ("0.9", "0.98"):
            mask = st.prune(model, name, sparsity, data=data, seed=seed)
            graph = st.encode(model, input_shape=(1, 8, 8), masks=mask)
            row = {"sparsity": sparsity, "algorithm": name, "seed": seed}
            accuracy = accuracy_of(model, mask)
            rows.append({**row, "accuracy": accuracy, **st.topometrics(graph, metrics)})
study = pd.DataFrame(rows)

# %% [markdown]
# ## Is it better?
# Means over the seeds, the best at the top. `r_in` is the share of edges that lead into a sink, a node that nothing
# reads; `r_out` that of edges which leave a source, a node that nothing reaches. Both kinds carry no signal from the
# image to the answer: together they are `wasted`.

# %%
columns = ["accuracy", "sink", "source", "disconnected", "wasted"]
study["wasted"] = study["r_in"] + study["r_out"]
for sparsity, part in study.groupby("sparsity"):
    means = part.groupby("algorithm")[columns].mean().round(3)
    print(f"sparsity {sparsity}")
    print(means.sort_values("accuracy", ascending=False).to_string(), "\n")

# %%
figure, panels = plt.subplots(
    1, 2, figsize=(8.4, 3.6), sharey=True, layout="constrained"
)
for axes, (sparsity, part) in zip(panels, study.groupby("sparsity"), strict=True):
    for name, marker in zip(ALGORITHMS, "osD^vPX*", strict=True):
        own = part[part["algorithm"] == name]
        axes.plot(own["wasted"], own["accuracy"], marker, markersize=7, label=name)
    axes.set(title=f"sparsity {sparsity}", xlabel="wasted edges, of all")
    axes.set(xlim=(-0.03, 1), ylim=(0, 1))
panels[0].set_ylabel("accuracy after training")
panels[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Each algorithm has a point a seed. At 90 % all but random weights of equal density do about as well; the new
# algorithm is among them. At 98 % it falls behind SNIP, from which it comes, and the graph offers a reason: giving
# every unit its share feeds units that nothing reads, so that more of its edges are wasted than SNIP's, while SNIP
# and SynFlow leave such units without any (`disconnected`). It is not the only one that counts: ER and ERK waste no
# more than SNIP does, and lose more. An idea that follows: fairness where weights *leave* a unit.
#
# Eight algorithms and two seeds on one small network are a hint. To know, put the file into the package, name it
# under `grid.algorithms`, and run [a study](../docs/site/snakemake.md): it trains more networks, and says how sure
# the answer is.
