"""Graphs of networks with attention, put together block by block, without torch and without tracing.

Each layer of a transformer is a node layer of channels x height x width tokens: ``1 x tokens`` in a
vision transformer or a language model, ``rows x columns`` in one with windows. The residual identity
shortcuts are left out, so the node layers are a chain: patches (or embeddings), then queries, keys and
values, then the projection ``out``, then ``fc1`` and ``fc2`` of every block, at last the classes.

`out` reads the values of all tokens that the pattern lets a token see, the queries of the token
itself, and the keys of the tokens seen. From queries and keys an output channel is joined to all
channels of a head if any of its kept weights lies in that head, by the sum of their magnitudes.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sparsetopo.graphs.mge import MGE
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan


@dataclass(frozen=True)
class Transformer:
    """Sizes of a transformer, and how it is pruned.

    `pattern` is "all", "causal" (a token sees itself and those before it) or "windows" of `window` x
    `window` tokens, which every other block shifts by half a window. With `patch` pixels the input
    is an image and the first layer a strided convolution; with 0 the input are embeddings. Queries,
    keys and values are one node layer if `packed`. `attention` is "all" or "values", where the
    queries and keys are not read.
    """

    channels: int
    heads: int
    grid: tuple[int, int]
    depth: int
    sparsity: float
    pattern: str = "all"
    window: int = 2
    patch: int = 0
    image_channels: int = 3
    class_token: bool = False
    packed: bool = True
    attention: str = "all"
    expansion: int = 4
    classes: int = 10
    seed: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a token layer."""
        if self.pattern == "windows":
            return self.grid
        return 1, self.grid[0] * self.grid[1] + self.class_token


VIT_TINY = Transformer(
    192, 3, (14, 14), 12, 0.9, patch=16, class_token=True, classes=1000
)  # timm's vit_tiny_patch16_224
VIT_BASE = Transformer(
    768, 12, (14, 14), 12, 0.9, patch=16, class_token=True, classes=1000
)  # torchvision's vit_b_16
SWIN_LIKE = Transformer(96, 3, (28, 28), 4, 0.9, pattern="windows", window=7, patch=4, classes=100)
GPT_LIKE = Transformer(256, 8, (1, 128), 6, 0.9, pattern="causal", classes=1000)


def attention_graph(sizes: Transformer) -> MGE:
    """Graph of a transformer with uniform masks and normal weights of variance 1 / inputs."""
    builder = _Builder(sizes)
    layer = builder.first_layer()
    for block in range(sizes.depth):
        layer = builder.transformer_block(block, layer)
    builder.head(layer)
    return builder.graph()


def draw_transformer(choose: Any) -> Transformer:
    """Sizes of a small transformer; `choose` chooses from a list."""
    heads = choose([1, 2, 3])
    pattern = choose(["all", "all", "causal", "windows"])
    patch = 0 if pattern == "causal" else choose([0, 2])
    return Transformer(
        channels=heads * choose([1, 2, 3]),
        heads=heads,
        grid=choose([(2, 3), (3, 3), (1, 5), (1, 12), (4, 4), (1, 1)]),
        depth=choose([1, 2]),
        sparsity=choose([0.0, 0.3, 0.6, 0.9]),
        pattern=pattern,
        window=choose([2, 3, 6]),
        patch=patch,
        class_token=pattern == "all" and choose([True, False]),
        packed=choose([True, True, False]),
        attention=choose(["all", "all", "values"]),
        expansion=choose([1, 2]),
        classes=3,
        seed=choose(list(range(20))),
    )


@dataclass
class _Builder:
    sizes: Transformer
    layers: list[NodeLayer] = field(default_factory=list)
    axes: dict[Axis, int] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=dict)
    masks: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.sizes.seed)

    def graph(self) -> MGE:
        shapes = {name: array.shape for name, array in self.weights.items()}
        first = self.layers[0]
        plan = Plan(
            (first.channels, first.height, first.width),
            False,
            tuple(self.layers),
            tuple(self.axes),
            (),
            tuple(self.blocks),
            shapes,
            (len(self.layers) - 1,),
        )
        return MGE(plan, self.weights, self.masks)

    def layer(self, name: str, channels: int, shape: tuple[int, int] | None = None) -> int:
        self.layers.append(NodeLayer(name, channels, *(shape or self.sizes.shape)))
        return len(self.layers) - 1

    def parameter(self, name: str, outputs: int, inputs: int, kernel: int = 1) -> str:
        shape = (outputs, inputs, kernel, kernel)
        weights = self.random.standard_normal(shape) / np.sqrt(inputs * kernel**2)
        kept = np.zeros(weights.size, dtype=bool)
        kept[: max(1, round(weights.size * (1 - self.sizes.sparsity)))] = True
        self.weights[name] = weights.astype(np.float32)
        self.masks[name] = self.random.permutation(kept).reshape(shape)
        return name

    def join(
        self,
        parameter: str,
        source: int,
        target: int,
        rows: list[tuple[int, int, int]],
        columns: list[tuple[int, int, int]],
        source_channel: int = 0,
    ) -> None:
        """Add a block; triples are (source, tap, target)."""
        outputs, inputs, height, width = self.weights[parameter].shape
        self.blocks.append(
            Block(
                parameter,
                source,
                target,
                (1, outputs, inputs, height, width),
                0,
                (0, inputs * height * width, height * width, width, 1),
                source_channel,
                None,
                0,
                self.axis(rows),
                self.axis(columns),
            )
        )

    def axis(self, triples: list[tuple[int, int, int]]) -> int:
        axis = Axis.of(*np.array(triples).T)
        return self.axes.setdefault(axis, len(self.axes))

    def first_layer(self) -> int:
        sizes, (height, width) = self.sizes, self.sizes.grid
        if not sizes.patch:
            return self.layer("input", sizes.channels)
        step = sizes.patch
        image = self.layer("input", sizes.image_channels, (height * step, width * step))
        patches = self.layer("patches", sizes.channels, sizes.grid)
        name = self.parameter("patches", sizes.channels, sizes.image_channels, step)
        axes = [
            [(step * at + tap, tap, at) for at in range(size) for tap in range(step)]
            for size in sizes.grid
        ]
        self.join(name, image, patches, *axes)
        return patches

    def tokenwise(self, name: str, source: int, target: int) -> None:
        """Add a linear layer that is applied to every token."""
        self.parameter(name, self.layers[target].channels, self.layers[source].channels)
        (height, width), shape = self.sizes.grid, self.sizes.shape
        if self.layers[source].height == shape[0]:
            # Patches before a class token begin at column 1.
            shift = shape[1] - self.layers[source].width
            columns = [(x, 0, x + shift) for x in range(self.layers[source].width)]
            self.join(name, source, target, _identity(shape[0]), columns)
            return
        # Rows of a map of patches become pieces of the one row of tokens.
        for y in range(height):
            first = self.sizes.class_token + y * width
            columns = [(x, 0, first + x) for x in range(width)]
            self.join(name, source, target, [(y, 0, 0)], columns)

    def transformer_block(self, number: int, source: int) -> int:
        channels, name = self.sizes.channels, f"block{number}"
        if self.sizes.packed:
            joint = self.layer(f"{name}.qkv", 3 * channels)
            self.tokenwise(f"{name}.qkv", source, joint)
            parts = [(joint, part * channels) for part in range(3)]
        else:
            parts = [(self.layer(f"{name}.{part}", channels), 0) for part in "qkv"]
            for (layer, _), part in zip(parts, "qkv", strict=True):
                self.tokenwise(f"{name}.{part}", source, layer)
        out = self.layer(f"{name}.out", channels)
        self.attention(f"{name}.out", number, parts, out)
        hidden = self.layer(f"{name}.fc1", self.sizes.expansion * channels)
        self.tokenwise(f"{name}.fc1", out, hidden)
        last = self.layer(f"{name}.fc2", channels)
        self.tokenwise(f"{name}.fc2", hidden, last)
        return last

    def attention(self, name: str, number: int, parts: list[tuple[int, int]], out: int) -> None:
        """Join `out` to (layer, first channel) of the queries, keys and values."""
        channels, heads, shape = self.sizes.channels, self.sizes.heads, self.sizes.shape
        self.parameter(name, channels, channels)
        by_head = (channels, heads, channels // heads)
        kept = self.masks[name].reshape(by_head)
        sums = np.where(kept, np.abs(self.weights[name].reshape(by_head)), 0).sum(axis=2)
        pattern, shape4 = f"{name}.heads", (channels, channels, 1, 1)
        self.masks[pattern] = np.repeat(kept.any(axis=2), by_head[2], axis=1).reshape(shape4)
        self.weights[pattern] = np.repeat(sums, by_head[2], axis=1).reshape(shape4)
        seen = [self.seen(size, number) for size in shape]
        (queries, first_query), (keys, first_key), (values, first_value) = parts
        self.join(name, values, out, *seen, first_value)
        if self.sizes.attention == "all":
            self.join(pattern, queries, out, *map(_identity, shape), first_query)
            self.join(pattern, keys, out, *seen, first_key)

    def seen(self, size: int, block: int) -> list[tuple[int, int, int]]:
        """Which positions along one axis are seen from which."""
        pattern, window = self.sizes.pattern, self.sizes.window
        every = [(source, target) for source in range(size) for target in range(size)]
        if pattern == "causal":
            every = [(source, target) for source, target in every if source <= target]
        elif pattern == "windows":
            # A shifted partition has a narrower window at either end.
            shift = (block % 2) * (window // 2)
            number = [(at + window - shift) // window for at in range(size)]
            every = [(s, t) for s, t in every if number[s] == number[t]]
        return [(source, 0, target) for source, target in every]

    def head(self, source: int) -> None:
        """Classes, read from the class token, or from the mean of all tokens."""
        classes = self.layer("classes", self.sizes.classes, (1, 1))
        self.parameter("classes", self.sizes.classes, self.sizes.channels)
        rows, columns = ([(at, 0, 0) for at in range(size)] for size in self.sizes.shape)
        if self.sizes.class_token:
            columns = columns[:1]
        self.join("classes", source, classes, rows, columns)


def _identity(size: int) -> list[tuple[int, int, int]]:
    return [(at, 0, at) for at in range(size)]
