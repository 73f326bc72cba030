"""Kinds of ATen operators by name, and what counts as hidden: tables that several handlers read."""

# What is added to attention scores hides a token if it is no larger than this.
HIDES = -1e4

MOVES: dict[str, tuple[str, ...]] = {
    f"aten::{name}{suffix}": indices
    for names, indices in (
        (
            "cat stack flip roll rot90 repeat constant_pad_nd pixel_shuffle pixel_unshuffle "
            "channel_shuffle native_channel_shuffle slice_scatter select_scatter as_strided_scatter diagonal_scatter "
            "copy tril triu im2col reflection_pad1d reflection_pad2d reflection_pad3d "
            "replication_pad1d replication_pad2d replication_pad3d upsample_nearest1d upsample_nearest2d "
            "upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d "
            "_unsafe_view view_copy permute_copy expand_copy slice_copy unfold_copy block_diag diag_embed squeeze_copy "
            "narrow_copy transpose_copy t_copy unsqueeze_copy select_copy alias_copy detach_copy "
            "_reshape_copy",
            (),
        ),
        ("index_select index_copy index_fill", ("index",)),
        ("gather scatter take_along_dim", ("index",)),
        ("index _unsafe_index", ("indices",)),
        ("index_put _unsafe_index_put", ("indices",)),
        ("masked_scatter", ("mask",)),
        ("take", ("index",)),
    )
    for name in names.split()
    for suffix in ("", "_")
}
"""Name of an operator that moves elements -> those of its arguments that say where to."""


COPIES = {f"aten::{name}" for name in ("clone", "contiguous", "_to_copy", "to", "lift_fresh_copy")}
"""Names of operators that copy a tensor, perhaps to another type, device or memory format."""

PROTOTYPES = {
    f"aten::{name}"
    for name in (
        "zeros_like", "ones_like", "empty_like", "full_like",
        "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided",
    )
}  # fmt: skip
"""Names of operators that take a shape or type from a tensor but no values."""

_REDUCING = (
    "mean", "sum", "nansum", "nanmean", "amax", "amin", "aminmax", "max", "min", "prod", "var", "std", "var_mean",
    "std_mean", "linalg_vector_norm", "norm", "logsumexp", "all", "any", "argmax", "argmin", "median", "nanmedian",
    "count_nonzero", "mode", "_log_softmax_backward_data",
)  # fmt: skip

REDUCTIONS = {f"aten::{name}" for name in _REDUCING}
"""Names of the operators that make one element of many."""

NORMALISATIONS = {
    f"aten::{name}"
    for name in (
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "batch_norm",
    "cudnn_batch_norm", "miopen_batch_norm", "native_layer_norm", "native_group_norm", "_fused_rms_norm",
    "_batch_norm_no_update", "_batch_norm_with_update",
)
}  # fmt: skip
"""Names of the operators that normalise, and return (output, statistics, ...)."""
