"""What `make status` does: say how far a study is. Snakemake is not started, and nothing is written."""

import argparse
import os
import sys
from pathlib import Path

import yaml

from sparsetopo.config import load_configuration
from sparsetopo.config.schema import Configuration
from sparsetopo.config.stages import stage_code
from sparsetopo.config.status import study_status
from sparsetopo.config.status_text import status_lines
from sparsetopo.errors import ConfigurationError

FOLDER = Path(__file__).resolve().parent
CONFIGURATIONS = "config/*.yaml"


def read(path: Path) -> object:
    """A configuration file as it stands; exits with a sentence if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        sys.exit(f"{path}: cannot be read: {error}")


def file_of(study: str) -> Path:
    """The file in `config/` that has a study of that name."""
    names = {}
    for path in sorted(Path().glob(CONFIGURATIONS)):
        values = read(path)
        if isinstance(values, dict):
            names.setdefault(str(values.get("study")), path)
    if study not in names:
        sys.exit(
            f"There is no study '{study}' in {CONFIGURATIONS}; there are {', '.join(sorted(names))}. "
            "For one elsewhere name its file: make status CONFIG=my.yaml"
        )
    return names[study]


def configuration_of(path: Path) -> Configuration:
    """The checked configuration; exits with its problems if it has any."""
    values = read(path)
    try:
        return load_configuration(values if isinstance(values, dict) else {})
    except ConfigurationError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        sys.exit(f"{path} is invalid:\n{problems}")


def main() -> None:
    """Print the status of the study that the command line names, or of the default one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", help="name of a study of config/")
    parser.add_argument("--configfile", type=Path, help="the study's configuration, elsewhere")
    chosen = parser.parse_args()
    if chosen.study and chosen.configfile:
        sys.exit("Give either the name of a study or its configuration file, not both.")
    path = chosen.configfile or Path("config/config.yaml")
    if chosen.study:
        path = file_of(chosen.study)
    status = study_status(configuration_of(path), stage_code(FOLDER / "scripts"), Path("results"))
    print("\n".join(status_lines(status)))


if __name__ == "__main__":
    os.chdir(FOLDER.parent)
    main()
