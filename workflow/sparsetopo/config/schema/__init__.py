"""The typed model of a configuration file.

`python -m sparsetopo.config` prints its JSON schema, which is kept in `config/schema.json` for editors.
"""

from sparsetopo.config.schema.configuration import Configuration
from sparsetopo.config.schema.values import canonical_sparsity

__all__ = ["Configuration", "canonical_sparsity"]
