"""What the command line does, as functions of the same names and words: ``sparsetopo measure`` is `measure`.

>>> from sparsetopo import commands
>>> (row,) = commands.measure("Resnet-20", input_shape=(1, 8, 8), classes=10, metrics=["sink", "n1"])  # doctest: +SKIP

Each is a module; names are imported when they are used.
"""

from typing import TYPE_CHECKING

from sparsetopo.extras import import_lazily

if TYPE_CHECKING:
    from sparsetopo.commands.comparing import compare as compare
    from sparsetopo.commands.drawing import draw as draw
    from sparsetopo.commands.exporting import export as export
    from sparsetopo.commands.layer_report import layers as layers
    from sparsetopo.commands.measuring import measure as measure
    from sparsetopo.commands.pruning import prune as prune
    from sparsetopo.commands.ranking import rank as rank
    from sparsetopo.commands.study_status import status as status

__getattr__, __dir__, __all__ = import_lazily(
    __name__,
    {
        "comparing": ["compare"],
        "drawing": ["draw"],
        "exporting": ["export"],
        "layer_report": ["layers"],
        "measuring": ["measure"],
        "pruning": ["prune"],
        "ranking": ["rank"],
        "study_status": ["status"],
    },
)
