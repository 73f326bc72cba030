# %% [markdown]
# # Does an N:M pattern cost a transformer its connections?
#
# Hardware that computes with 2:4 sparsity wants two of every four consecutive weights removed. Such a pattern cannot
# choose as freely as magnitude can. Does that leave a worse graph? A small GPT, of torch alone, is pruned to N:M
# patterns and to the same densities without one, within each layer ("local") and over all layers ("global").

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from sparsetopo import commands

TOKENS, WIDTH, HEADS, VOCABULARY = 32, 64, 4, 256


class Block(nn.Module):
    """Causal attention and a perceptron, each with a shortcut around it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, tokens, width) to the same shape."""
        y = self.norm_1(x)
        future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        x = x + self.attention(y, y, y, attn_mask=future, need_weights=False)[0]
        return x + self.down(functional.gelu(self.up(self.norm_2(x))))


class GPT(nn.Module):
    """Three blocks between an embedding of token ids and the logits of the next token."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(3)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Map token ids (N, tokens) to logits (N, tokens, vocabulary)."""
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions)))


torch.manual_seed(0)
model = GPT()

# %% [markdown]
# ## The graph of a transformer
# An input of token ids is asked for by `integers`. The nodes of a layer are its features at every token. Attention
# joins a token with all that it sees: who reads its result reads the values and keys of all earlier tokens, and the
# queries of its own (`attention="values"` counts values alone).

# %%
how = {"input_shape": (TOKENS,), "integers": True}
(dense,) = commands.measure(model, metrics=["n1", "n2"], **how)
print(f"{dense['nodes']:,} nodes, {dense['edges']:,} edges")
print(f"{dense['n1']:.0f} nodes within one step, {dense['n2']:.0f} within two")

# %% [markdown]
# ## Prune
# Masks are tensors of bool by the names of parameters. Linear layers and the projections of attention are pruned; the
# embeddings, which have no mask, are kept whole.

# %%
weights = {
    name: parameter.detach().abs()
    for name, parameter in model.named_parameters()
    if parameter.ndim == 2 and name not in ("tokens.weight", "positions")
}


def largest(values: torch.Tensor, number: int) -> torch.Tensor:
    """Return a mask of the largest values along the last axis."""
    mask = torch.zeros_like(values, dtype=torch.bool)
    return mask.scatter(-1, values.topk(number, dim=-1).indices, True)


def masks_of(keep: int, of: int) -> dict[str, dict[str, torch.Tensor]]:
    """Return the three masks that keep `keep` of `of` weights."""
    everything = torch.cat([w.flatten() for w in weights.values()])
    threshold = everything.topk(everything.numel() * keep // of).values[-1]
    masks = {"N:M": {}, "local": {}, "global": {}}
    for name, values in weights.items():
        groups, kept = values.reshape(-1, of), values.numel() * keep // of
        masks["N:M"][name] = largest(groups, keep).reshape(values.shape)
        masks["local"][name] = largest(values.flatten(), kept).reshape(values.shape)
        masks["global"][name] = values >= threshold
    return masks


patterns = [(2, 4), (1, 4), (1, 8), (1, 16)]
masks = {
    (f"{keep}:{of}", way): mask
    for keep, of in patterns
    for way, mask in masks_of(keep, of).items()
}

# %% [markdown]
# The report by layer says what conforms to a pattern: the share of groups of eight weights of which at most one is
# kept. The first block and the head, of the masks that keep an eighth:

# %%
reports = {}
for way in ("N:M", "local", "global"):
    mask = masks["1:8", way]
    rows = commands.layers(
        model, mask=mask, parts=["structure"], patterns=["1:8"], **how
    )
    reports[way] = pd.DataFrame(rows).set_index("name")[["density", "1:8"]]
print(pd.concat(reports, axis=1).iloc[[0, 1, 2, 3, -1]].round(3).to_string())

# %% [markdown]
# ## Measure
# The three masks of a pattern keep as many weights each. `idle` is the share of nodes without an edge in, without one
# out, or without any.

# %%
metrics = ["sink", "source", "disconnected", "n2"]
records = commands.measure(model, mask=list(masks.values()), metrics=metrics, **how)
table = pd.DataFrame(records, index=pd.MultiIndex.from_tuples(masks))
table["idle"] = table[["sink", "source", "disconnected"]].sum(axis=1) / table["nodes"]
print(table[["edges", *metrics, "idle"]].round(3).to_string())

# %%
figure, (idle, reach) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
styles = {
    "N:M": ("o-", "#0072B2"),
    "local": ("s--", "#009E73"),
    "global": ("^:", "#D55E00"),
}
for way, (style, colour) in styles.items():
    rows = table.xs(way, level=1)
    idle.plot(rows.index, rows["idle"], style, color=colour, label=way)
    reach.plot(rows.index, rows["n2"], style, color=colour, label=way)
idle.set(xlabel="weights kept", ylabel="share of idle nodes", ylim=(-0.03, 1))
reach.set(xlabel="weights kept", ylabel="nodes within two steps", ylim=(0, None))
idle.legend(frameon=False)
plt.show()

# %% [markdown]
# No: at every density the pattern leaves no more idle nodes than the free choice within a layer, and reaches at least
# as many nodes. It keeps some weights of every output, spread over all inputs. What does cost connections is the
# choice over all layers: torch draws the weights of a layer the smaller, the more inputs it has, so the global
# threshold soon takes all weights of the second layer of each perceptron (`down`), which has four times as many
# inputs as the others. Then whatever the perceptrons compute is lost, at densities at which the other two leave every
# node in use.
#
# **Yours.** Models of timm and transformers work as this one does: `commands.measure("timm:vit_tiny_patch16_224")`
# after `pip install timm`. Which operations are known: [the graph](../docs/graph.md).
