"""What each ATen operator means: importing this package registers the handlers of all its modules."""

from sparsetopo.graphs.tracing.handlers import (  # noqa: F401
    accumulating,
    attention,
    elementwise,
    moving,
    reducing,
    weighted,
)
