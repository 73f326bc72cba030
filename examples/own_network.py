# %% [markdown]
# # How far can my own network be pruned?
#
# You have a network and want to prune it before training. At which sparsity does it break, and can you see that in
# its graph before anything is trained, say by counting the units that no longer pass a signal? Here a small
# convolutional network with a shortcut is pruned by SNIP and at random. Each sparse network is measured as it is, and
# only then trained, on the digits that come with scikit-learn (8x8 pixels, no download).

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

import sparsetopo as st
from sparsetopo import commands


class Network(nn.Module):
    """Three convolutions, the last with a shortcut around it, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 32, 3, padding=1)
        self.third = nn.Conv2d(32, 32, 3, padding=1)
        self.classifier = nn.Linear(32 * 2 * 2, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (N, 1, 8, 8) to logits (N, 10)."""
        maps = functional.relu(self.first(images))
        maps = functional.max_pool2d(functional.relu(self.second(maps)), 2)
        maps = maps + functional.relu(self.third(maps))
        return self.classifier(functional.max_pool2d(maps, 2).flatten(1))


digits = load_digits()
images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)
train, test = slice(0, 900), slice(900, None)

torch.manual_seed(0)
model = Network()

# %% [markdown]
# ## Prune
# SNIP scores every weight on a batch of images; "uniform" keeps as large a share of every layer, at random. A mask is
# a mapping from parameter names to arrays of bool; the model itself stays as it was.

# %%
levels = ("0.5", "0.8", "0.9", "0.95", "0.98")
masks = {
    (algorithm, sparsity): st.prune(
        model, algorithm, sparsity, data=(images[train], labels[train]), seed=0
    )
    for algorithm in ("snip", "uniform")
    for sparsity in levels
}
for algorithm in ("snip", "uniform"):
    print(masks[algorithm, "0.95"])
    print(masks[algorithm, "0.95"].layer_kept)

# %% [markdown]
# ## Measure
# `commands.measure` gives a record for each mask. Three of the sixteen metrics count nodes that pass no signal on: a
# *sink* has edges in and none out, a *source* has edges out and none in, a *disconnected* node has no edge at all.
# (Outputs are no sinks, and inputs no sources.) Together they are `idle` here, as a share of all nodes. `n2` is how
# many nodes a node reaches within two steps. The shortcut has no weights, so the paper's graph leaves it out; here it
# counts, since a unit whose only way on is the shortcut is not idle.

# %%
how = {"input_shape": (1, 8, 8), "identity_shortcuts": True}
metrics = ["sink", "source", "disconnected", "n2"]
records = commands.measure(model, mask=list(masks.values()), metrics=metrics, **how)
table = pd.DataFrame(records, index=pd.MultiIndex.from_tuples(masks))
table["idle"] = table[["sink", "source", "disconnected"]].sum(axis=1) / table["nodes"]
print(table[["nodes", "edges", *metrics, "idle"]].round(3).to_string())

# %% [markdown]
# ## Train
# Each sparse network is trained from the same initial weights. After every step what was pruned is set to zero again.


# %%
def accuracy_of(mask: st.Mask, epochs: int = 20) -> float:
    """Train a copy of the network with a mask; return its accuracy on the test images."""
    sparse = Network()
    sparse.load_state_dict(model.state_dict())
    kept = {name: torch.tensor(array) for name, array in mask.items()}
    optimiser = torch.optim.Adam(sparse.parameters(), lr=0.01)

    def cut() -> None:
        with torch.no_grad():
            for name, parameter in sparse.named_parameters():
                parameter.mul_(kept.get(name, 1))

    torch.manual_seed(0)
    cut()
    for _ in range(epochs):
        for batch in torch.randperm(900).split(100):
            optimiser.zero_grad()
            logits = sparse(images[train][batch])
            functional.cross_entropy(logits, labels[train][batch]).backward()
            optimiser.step()
            cut()
    with torch.no_grad():
        return float((sparse(images[test]).argmax(1) == labels[test]).float().mean())


table["accuracy"] = [accuracy_of(mask) for mask in masks.values()]
print(table["accuracy"].unstack().round(2).to_string())

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
by_size, by_idle = axes
for algorithm, style, colour in (
    ("snip", "o-", "#0072B2"),
    ("uniform", "s--", "#D55E00"),
):
    rows = table.loc[algorithm]
    kept = [100 * (1 - float(sparsity)) for sparsity in levels]
    by_size.plot(kept, rows["accuracy"], style, color=colour, label=algorithm)
    by_idle.plot(rows["idle"], rows["accuracy"], style, color=colour, label=algorithm)
by_size.set_xscale("log")
by_size.set_xticks(kept, [f"{share:g} %" for share in kept], minor=False)
by_size.minorticks_off()
by_size.invert_xaxis()
by_size.set(xlabel="weights kept", ylabel="accuracy after training", ylim=(0, 1))
by_idle.set(xlabel="share of idle nodes before training", xlim=(0, 1))
by_idle.legend(frameon=False)
plt.show()

# %% [markdown]
# Left: SNIP can be pruned much further. Right: with each algorithm accuracy holds at first, and falls when more nodes
# are idle. But from 90 % on both have about as many of them at equal sparsity, and at 95 % SNIP's network still
# learns while the other guesses. So counting idle nodes tells how far *one* algorithm can go, and says little about
# which to choose. A likely reason is in what each layer keeps, printed above: an equal share leaves only a handful of
# weights to the first layer, and all that is seen of an image passes through them. Which metrics do better, and what
# they add to mere size, is what [the paper's networks](../docs/findings.md) are analysed for.
#
# ## Draw
# Both at 95 %, SNIP first. Boxes are node layers, each filled by what its nodes do; below, an image for each link
# shows which channels are joined. Of SNIP's link 2 → 3 little more than the diagonal is left, and that is the
# shortcut. Given a file, as in `commands.draw(model, "graph.svg", ...)`, the picture is written there.

# %%
commands.draw(model, mask=masks["snip", "0.95"], **how)

# %%
commands.draw(model, mask=masks["uniform", "0.95"], **how)

# %% [markdown]
# **Yours.** Put your class in place of `Network`, and the shape of one input without the batch in place of `(1, 8,
# 8)`. Convolutions, linear layers, attention and recurrent layers are known ([the graph](../docs/graph.md)); the
# other algorithms are in [pruning](../docs/pruning.md). For a checkpoint in a file the same is done [from the command
# line](../docs/command-line.md).
