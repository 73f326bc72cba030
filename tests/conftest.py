"""Settings of the whole test suite."""

import os

# Two workers share the machine: without this every one of them would start a thread a core. Before torch is imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
