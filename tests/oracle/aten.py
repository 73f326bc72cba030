"""A model as a functional graph of ATen operators, by `make_fx`, and what each operator is to the oracle."""

import copy
import dataclasses

import torch
from torch.func import functional_call, functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.library.define("sparsetopo_oracle::statistic", "(Tensor x) -> Tensor")


@torch.library.impl("sparsetopo_oracle::statistic", "CompositeExplicitAutograd")
def _statistic(x):
    return x.clone()


class _Marking:
    """Whether `statistic` leaves a mark; only while the oracle reads a model."""

    active = False


def statistic(x):
    """Mark a mean, variance or norm by which a hand-written normalisation shifts or scales: it couples nothing."""
    return torch.ops.sparsetopo_oracle.statistic(x) if _Marking.active else x


def _root_mean_square(module, x):
    """The forward pass of RMSNorm, which has no operator of its own, with its statistic marked."""
    dims = tuple(range(-len(module.normalized_shape), 0))
    eps = torch.finfo(x.dtype).eps if module.eps is None else module.eps
    result = x * torch.rsqrt(statistic(x.pow(2).mean(dims, keepdim=True)) + eps)
    return result if module.weight is None else result * module.weight


class AtenGraph:
    """`nodes` in order of execution, without what no output depends on; parameters and buffers by name."""

    def __init__(self, model, arguments, keywords):
        model = copy.deepcopy(model).eval()
        self.parameters = set(dict(model.named_parameters()))
        state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        tensors = {name: tensor.detach().clone() for name, tensor in state.items()}

        def run(tensors, arguments, keywords):
            return tensors_of(functional_call(model, tensors, arguments, keywords))

        fast_path = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        _Marking.active = True
        forward, torch.nn.RMSNorm.forward = torch.nn.RMSNorm.forward, _root_mean_square
        try:
            with (
                torch.no_grad(),
                torch.backends.mkldnn.flags(enabled=False, allow_tf32=None),
                sdpa_kernel(SDPBackend.MATH),
            ):
                try:
                    self.module = functional(run, tensors, arguments, keywords)
                except RuntimeError:  # custom autograd functions do not run under functionalize
                    self.module = make_fx(run)(tensors, arguments, keywords)
                if any(writes_in_place(node) for node in self.module.graph.nodes):
                    # Some operators are taken apart only while the graph is made (circular padding, GRU).
                    self.module = functional(self.module, tensors, arguments, keywords)
        finally:
            _Marking.active = False
            torch.nn.RMSNorm.forward = forward
            torch.backends.mha.set_fastpath_enabled(fast_path)
        placeholders = [n for n in self.module.graph.nodes if n.op == "placeholder"]
        self.state = {
            node: (name, tensors[name]) for node, name in zip(placeholders, tensors, strict=False)
        }
        given = torch.utils._pytree.tree_leaves((arguments, keywords))
        self.inputs = dict(zip(placeholders[len(tensors) :], given, strict=True))
        (output,) = (n for n in self.module.graph.nodes if n.op == "output")
        self.outputs = [n for n in torch.utils._pytree.tree_leaves(output.args) if is_node(n)]
        live = self._live(output)
        self.nodes = [n for n in self.module.graph.nodes if n in live and n.op != "output"]
        self.readers = {
            n: [u for u in n.users if u in live and (u.op == "output" or n in inputs_of(u))]
            for n in self.nodes
        }
        self.data = self._data()
        # The model's floating inputs, and embedded token ids.
        self.input_layers = [
            n
            for n in self.nodes
            if (n in self.inputs and n.meta["val"].is_floating_point())
            or (kind(n) == "embedding" and n in self.data)
        ]

    def _live(self, output):
        live, stack = set(), [output]
        while stack:
            node = stack.pop()
            if node not in live:
                live.add(node)
                stack += inputs_of(node)
        return live

    def _data(self):
        """Nodes whose values depend on the model's input."""
        data = set()
        for node in self.nodes:
            if node in self.inputs or (
                kind(node) not in CREATIONS and any(n in data for n in inputs_of(node))
            ):
                data.add(node)
        return data


def tensors_of(output):
    """All tensors that a model returns, in whatever containers."""
    if dataclasses.is_dataclass(output) and not isinstance(output, dict):
        output = vars(output)
    return [
        leaf for leaf in torch.utils._pytree.tree_leaves(output) if isinstance(leaf, torch.Tensor)
    ]


def functional(function, *values):
    """Graph of a function, without in-place writes and views."""
    return make_fx(functionalize(function, remove="mutations_and_views"))(*values)


def writes_in_place(node):
    return (
        node.op == "call_function"
        and getattr(node.target, "_schema", None)
        and node.target._schema.is_mutable
    )


def inputs_of(node):
    """Nodes whose values matter to a node: none for a marked statistic, nothing of what is overwritten."""
    if kind(node) == "statistic":
        return []
    if kind(node) == "copy":
        return [node.args[1]]
    return node.all_input_nodes


def move(node, args):
    """Run a mover; views of any layout, as the original's layout may differ."""
    if kind(node) == "getitem":
        return args[0][args[1]]
    if kind(node) in ("view", "_unsafe_view"):
        return args[0].reshape(args[1])
    return node.target(*args, **node.kwargs)


def is_node(item):
    return isinstance(item, torch.fx.Node)


def kind(node):
    """Name of an operator, the same whether it writes in place or copies a view."""
    if node.op != "call_function":
        return node.op
    name = getattr(node.target, "_overloadpacket", node.target).__name__
    return name.removesuffix("_copy").rstrip("_") if name != "_to_copy" else name


CREATIONS = {
    "statistic", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like",
    "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided", "sym_size",
}  # fmt: skip
ADDITIONS = {"add", "sub", "rsub"}
PRODUCTS = {"mm", "bmm", "mv", "dot", "addmm", "baddbmm", "addmv", "matmul", "linear"}
SOFTMAXES = {"_softmax", "_safe_softmax", "softmax"}
# Of one value: each element of the result is a function of the same element.
ELEMENTWISE = {
    "relu", "gelu", "silu", "sigmoid", "tanh", "abs", "neg", "exp", "log", "sqrt", "rsqrt",
    "reciprocal", "clamp", "clamp_min", "clamp_max", "hardtanh", "hardswish", "hardsigmoid", "elu",
    "leaky_relu", "softplus", "mish", "erf", "sin", "cos", "square", "sign", "sgn", "round",
    "floor", "log1p", "expm1", "relu6", "clone", "alias", "detach", "lift_fresh", "_to_copy",
    "dropout", "logical_not", "bitwise_not", "nan_to_num", "_log_softmax", "log_sigmoid_forward",
    "softshrink", "hardshrink", "threshold", "contiguous", "prelu", "_prelu_kernel", "isnan",
    "celu", "selu", "logit",
} | SOFTMAXES  # fmt: skip
# Their first result is the value, shifted and scaled.
NORMALISATIONS = {
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "cudnn_batch_norm", "native_layer_norm", "native_group_norm", "_fused_rms_norm",
}  # fmt: skip
# Of two values, element by element.
BINARY = {
    "mul", "div", "maximum", "minimum", "gt", "ge", "lt", "le", "eq", "ne", "logical_and",
    "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "pow", "atan2", "fmod", "remainder",
    "floor_divide",
} | ADDITIONS  # fmt: skip
# They only move elements of one tensor.
MOVERS = {
    "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "unsqueeze", "squeeze",
    "expand", "slice", "select", "roll", "flip", "split", "split_with_sizes", "unsafe_split",
    "unsafe_split_with_sizes", "chunk", "unsafe_chunk", "unbind", "getitem", "repeat",
    "index_select", "unfold", "pixel_shuffle", "pixel_unshuffle", "diagonal", "rot90", "movedim",
    "channel_shuffle", "native_channel_shuffle", "narrow", "flatten", "unflatten", "as_strided",
    "index", "gather", "im2col", "numpy_T", "adjoint", "fliplr", "flipud", "swapaxes", "tensor_split",
}  # fmt: skip
REDUCTIONS = {
    "sum", "mean", "amax", "amin", "max", "min", "std", "var", "norm", "linalg_vector_norm", "prod",
    "logsumexp", "any", "all", "var_mean", "std_mean",
}  # fmt: skip
# Differentiable, and without coefficients that could cancel or vanish: they are run as they are.
AS_THEY_ARE = {
    "cat", "stack", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
    "replication_pad1d", "replication_pad2d", "replication_pad3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_bilinear2d",
    "upsample_linear1d", "upsample_trilinear3d", "upsample_bicubic2d", "_upsample_nearest_exact2d",
    "glu", "slice_scatter", "select_scatter", "index_put", "index_add", "index_copy", "cumsum",
    "tril", "triu", "scatter", "copy", "diagonal_scatter", "as_strided_scatter", "col2im",
    "masked_fill", "where", "scatter_add",
}  # fmt: skip
