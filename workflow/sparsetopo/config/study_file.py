"""From the name of a study to its configuration: found in `config/`, read, and checked."""

from pathlib import Path
from typing import Any

import yaml

from sparsetopo.config.load import load_configuration
from sparsetopo.config.schema import Configuration
from sparsetopo.errors import ConfigurationError, UnknownNameError

DEFAULT = Path("config", "config.yaml")
PATTERN = "config/*.yaml"
# That of libyaml, ten times as fast, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def study_file(study: str) -> Path:
    """The file of `config/`, in the working directory, that has a study of that name."""
    files: dict[str, Path] = {}
    for path in sorted(Path().glob(PATTERN)):
        values = _read(path)
        if isinstance(values, dict):
            files.setdefault(str(values.get("study")), path)
    if study not in files:
        raise UnknownNameError(
            f"there is no study '{study}' in {PATTERN}; there are {', '.join(sorted(files)) or 'none'}; for one "
            "elsewhere name its configuration file."
        )
    return files[study]


def read_study(path: Path) -> Configuration:
    """The checked configuration in a file; a ConfigurationError begins with the file and lists its problems."""
    values = _read(path)
    try:
        return load_configuration(values if isinstance(values, dict) else {})
    except ConfigurationError as error:
        problems = [f"  {problem}" for problem in error.problems]
        raise ConfigurationError([f"{path} is invalid:", *problems]) from error


def _read(path: Path) -> Any:
    """A configuration file as it stands."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError([f"{path}: cannot be read: {error}"]) from error
