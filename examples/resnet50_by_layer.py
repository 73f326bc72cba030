# %% [markdown]
# # Which layers pay when a ResNet-50 is pruned by magnitude?
#
# Magnitude pruning removes the smallest weights: of every layer the same share ("local"), or of the whole network at
# once ("global"). What does either do to a network that is not trained yet? torchvision's ResNet-50 loses 95 % of its
# weights both ways, and is looked at layer by layer.
#
# The weights are those that torchvision's code draws, from a seed: nothing is downloaded. To look at pretrained
# weights, load them into the model before it is pruned. The images are 64x64, so that this takes seconds.

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
import torchvision
from torch import nn
from torch.nn.utils import prune

from sparsetopo import commands

SHAPE = (3, 64, 64)
SPARSITY = 0.95

torch.manual_seed(0)
model = torchvision.models.resnet50()
layers = {
    f"{name}.weight": module
    for name, module in model.named_modules()
    if isinstance(module, nn.Conv2d | nn.Linear)
}
number = sum(module.weight.numel() for module in layers.values())
print(f"{len(layers)} layers with {number:,} weights")

# %% [markdown]
# ## Prune with torch
# The masks are made by `torch.nn.utils.prune`, as in many a project, and taken out of the model again, so that both
# ways begin with the same weights. (A model that torch has pruned can be measured as it is, too: its masks are
# found.)


# %%
def taken_out() -> dict[str, torch.Tensor]:
    """Return the masks that torch has put into the layers, and undo the pruning."""
    masks = {name: module.weight_mask.bool() for name, module in layers.items()}
    for module in layers.values():
        module.weight_mask.fill_(1)
        prune.remove(module, "weight")
    return masks


masks = {}
for module in layers.values():
    prune.l1_unstructured(module, "weight", amount=SPARSITY)
masks["local"] = taken_out()
everything = [(module, "weight") for module in layers.values()]
prune.global_unstructured(everything, prune.L1Unstructured, amount=SPARSITY)
masks["global"] = taken_out()

# %% [markdown]
# ## Layer by layer
# A row a layer: how many weights are kept, and how many input and output channels are *dead*, which means that all
# weights which read or write them are pruned. The last layers under the global mask (a shape begins with outputs and
# inputs):

# %%
reports = {}
for way, mask in masks.items():
    rows = commands.layers(model, input_shape=SHAPE, mask=mask, parts=["structure"])
    reports[way] = pd.DataFrame(rows).set_index("name")
columns = ["shape", "weights", "density", "dead_inputs", "dead_outputs"]
print(reports["global"][columns].tail(11).round(5).to_string())

# %%
figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
report = reports["global"].reset_index()
kernels = [tuple(layers[name].weight.shape[2:]) for name in report["name"]]
FLOOR = 1e-6  # in place of 0, which a logarithmic axis does not have
for kernel, (marker, kind) in {
    (7, 7): ("*", "7x7 convolution"),
    (3, 3): ("s", "3x3 convolutions"),
    (1, 1): ("o", "1x1 convolutions"),
    (): ("X", "classifier"),
}.items():
    rows = report[[other == kernel for other in kernels]]
    shares = rows["density"].clip(lower=FLOOR)
    axes.plot(rows.index, shares, marker, label=f"global, {kind}")
axes.axhline(1 - SPARSITY, color="0.4", linestyle="--", label="local, every layer")
axes.set_yscale("log")
axes.set(xlabel="layer, from the input to the output", ylabel="share of weights kept")
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Under the global mask the layers keep shares that differ by orders of magnitude, and in steps. torchvision draws the
# weights of a convolution with a variance of 2 / (output channels x kernel positions): the wider a layer and the
# larger its kernel, the smaller its weights. So before training it is the shapes of the layers that decide how much
# each keeps. The classifier, the rightmost point, has lost all of its weights (it is drawn at a millionth): such a
# network gives every image the same answer, and no training of what is left can change that.
#
# ## The whole graph
# What is left as a network, of as many weights? A kept weight of a convolution is an edge at every position of the
# feature map, so those of early layers make more edges.

# %%
metrics = ["sink", "source", "disconnected", "n2"]
records = commands.measure(
    model, input_shape=SHAPE, mask=list(masks.values()), metrics=metrics
)
table = pd.DataFrame(records, index=list(masks))[["nodes", "edges", *metrics]]
table["dead outputs"] = [report["dead_outputs"].sum() for report in reports.values()]
print(table.round(1).to_string())

# %% [markdown]
# The global mask has the more edges, and from a node more others are reached within two steps (`n2`), as it keeps
# weights where feature maps are large. But far more of its nodes have no edge out (`sink`), none in (`source`), or
# none at all. More edges are not a better network.
#
# **At 224x224**, the usual size, the report by layer is the same, as it depends on the weights alone. Feature maps
# are 3.5 times as high and wide, so the graph has some twelve times as many nodes and edges, and takes longer to
# measure: [performance](../docs/performance.md) says how long.
