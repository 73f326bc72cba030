"""A picture of the graph of a whole network: ``sparsetopo draw``."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from sparsetopo.commands.networks import EncodedNetwork, one_network
from sparsetopo.commands.options import File, NetworkOptions
from sparsetopo.errors import UsageError
from sparsetopo.extras import needed_for
from sparsetopo.files import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

logger = logging.getLogger(__name__)

SUFFIXES = (".png", ".svg", ".pdf", ".html")

_EXPLANATION = (
    "Boxes are node layers, each filled by how many of its nodes pass signals, with its number, the kind and path of "
    "the module that makes it, and its shape (channels, height, width); bands and arcs are all edges between "
    "two layers, as wide as their number on a logarithmic scale. Below, an image for each of them shows which channels "
    "are joined."
)
_STYLE = (
    "body{font-family:sans-serif;max-width:80rem;margin:auto;padding:1rem}"
    "figure{margin:0}svg{width:100%;height:auto}"
)


def draw(
    model: "str | nn.Module", output: File | None = None, **how: Unpack[NetworkOptions]
) -> "Figure":
    """Draw the graph of a network: its node layers in a row, every link between two of them.

    Parameters
    ----------
    model
        The network, as for `sparsetopo.commands.measure`.
    output
        The file to write: .png, .svg, .pdf, or .html, a page that stands alone. It is replaced only when the new one is
        complete. None: nothing is written.
    **how
        `sparsetopo.commands.options.NetworkOptions`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, which a notebook shows.

    Raises
    ------
    UsageError
        If the suffix is unknown, or the options do not go together.
    SparsetopoError
        If the network cannot be built, read or encoded.

    Examples
    --------
    >>> import os, tempfile, torch
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     figure = draw(model, f"{folder}/graph.png", input_shape=(1, 2, 2))
    ...     os.listdir(folder)
    ['graph.png']
    """
    suffix = None if output is None else Path(output).suffix.lower()
    if suffix is not None and suffix not in SUFFIXES:
        raise UsageError(
            f"{output}: pictures are written as {', '.join(SUFFIXES)}, by the suffix of the file."
        )
    # Before the network is built, which takes longer: matplotlib may be missing.
    with needed_for("draw"):
        from sparsetopo.plots.graph import plot_mge
        from sparsetopo.plots.saving import save_figure

    network = one_network(model, **how)
    figure = plot_mge(network.mge, network.kinds)
    if output is None:
        return figure
    if suffix == ".html":
        write_text(output, _page(network, figure))
    else:
        save_figure(figure, output)
    logger.info("%s: drawn to %s", network.network, output)
    return figure


def _page(network: EncodedNetwork, figure: "Figure") -> str:
    """A page with the picture in it, as an SVG that scales with the window."""
    from html import escape

    from sparsetopo.plots.pages.document import document
    from sparsetopo.plots.saving import svg_text

    mge = network.mge
    facts = [
        f"{mge.num_nodes:,} nodes in {len(mge.layer_sizes)} layers",
        f"{mge.num_edges:,} edges",
        f"{network.kept:,} of {network.weights:,} weights kept (sparsity {network.sparsity:.4f})",
        *(f"weights: {file}" for file in [network.weights_file] if file),
        *(f"mask: {file}" for file in [network.mask_file] if file),
    ]
    svg = svg_text(figure)
    picture = svg[svg.index("<svg") :]  # without the declaration of an XML file
    body = f"<p>{escape('; '.join(facts))}.</p>\n<figure>{picture}</figure>\n"
    return document(f"The graph of {network.network}", _STYLE, body, _EXPLANATION)
