"""`python -m sparsetopo.config > config/schema.json`: the JSON schema of a configuration file, for editors."""

import json
import sys

from sparsetopo.config.schema import Configuration

sys.stdout.write(json.dumps(Configuration.model_json_schema(), indent=1) + "\n")
