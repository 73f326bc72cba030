# %% [markdown]
# # Do two algorithms keep the same network?
#
# Two masks that keep as many weights may share most of them or none, and may have equal graphs even so. How much do
# SNIP and SynFlow agree on a Resnet-20, and how much is that worth? Two masks more say what to compare it with: SNIP
# on other images, and SNIP with its kept weights permuted within each layer.

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from sklearn.datasets import load_digits

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.architectures import build

digits = load_digits()
images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)

torch.manual_seed(0)
model = build("Resnet-20", (1, 8, 8), classes=10)


def pruned(algorithm: str, seed: int = 0, shuffle: str = "none") -> st.Mask:
    """Return the mask of an algorithm that keeps 5 % of the weights."""
    data = (images[:900], labels[:900])
    return st.prune(model, algorithm, "0.95", data=data, seed=seed, shuffle=shuffle)


snip = pruned("snip")
others = {
    "SynFlow": pruned("synflow"),
    "itself, other images": pruned("snip", seed=1),
    "itself, shuffled": pruned("snip", shuffle="layer"),
}
print(snip)

# %% [markdown]
# ## Which weights
# `iou` is the number of weights that both keep, of those that either keeps; 1 would be the same mask. Two random
# masks that keep as many weights of each layer would reach `iou_random`: what is beyond it is agreement about *which*
# weights.

# %%
comparisons = {
    name: commands.compare(
        snip,
        mask,
        model,
        input_shape=(1, 8, 8),
        metrics=["sink", "source", "disconnected", "n2", "spectral_gap"],
    )
    for name, mask in others.items()
}
whole = {f"SNIP and {name}": found.overlap[0] for name, found in comparisons.items()}
overlap = pd.DataFrame.from_dict(whole, orient="index")
overlap = overlap[["kept_a", "kept_b", "shared", "iou", "iou_random"]]
print(overlap.round(3).to_string())

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True, layout="constrained")
for axes, (name, found) in zip(panels, comparisons.items(), strict=True):
    layers = pd.DataFrame(found.overlap[1:])
    axes.plot(layers["iou"], "o-", color="#0072B2", markersize=4, label="iou")
    axes.plot(layers["iou_random"], "--", color="0.4", label="random masks")
    axes.set(title=f"SNIP and {name}", xlabel="layer", ylim=(0, 1))
panels[0].set_ylabel("overlap")
panels[0].legend(frameon=False)
plt.show()

# %% [markdown]
# SNIP and SynFlow share more than chance in nearly every layer, so they agree about weights, though not on most of
# them. But SNIP does not agree with *itself* by much more: on other images of the same digits only about half of the
# weights that it keeps are the same. Shuffled masks lie on the line of chance, as they must.
#
# ## Which graph
# The degrees of all nodes in ascending order say how a graph distributes its edges. `distance` compares two such
# lists: 0 for equal ones, 1 if they have nothing in common.

# %%
degrees = {f"SNIP and {name}": found.degrees[0] for name, found in comparisons.items()}
sequences = pd.DataFrame.from_dict(degrees, orient="index").drop(columns="degrees")
print(sequences.round(3).to_string(), "\n")

metrics = pd.DataFrame(
    {name: [row["b"] for row in found.metrics] for name, found in comparisons.items()},
    index=[row["metric"] for row in comparisons["SynFlow"].metrics],
)
metrics.insert(0, "SNIP", [row["a"] for row in comparisons["SynFlow"].metrics])
print(metrics.round(2).to_string())

# %% [markdown]
# SNIP's graph is nearly the same on other images, and even when shuffled, although most of the kept weights are
# others then. SynFlow shares more weights with SNIP than the shuffled mask does, and makes another graph: many more
# nodes have no edge at all, and fewer have edges on one side only. So of SNIP's mask these metrics mostly see how
# many weights each layer keeps; `spectral_gap`, which reads the size of the weights, is the one that shuffling
# changes most.
#
# To find out what the choice of weights within layers adds, compare an algorithm with its shuffled control in a
# study: [pruning](../docs/pruning.md#controls).
