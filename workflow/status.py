"""What `make status` does: say how far a study is. Snakemake is not started, and nothing is written."""

import argparse
import os
import sys
from pathlib import Path

from sparsetopo.commands.study_status import status
from sparsetopo.config.status.sentences import status_lines
from sparsetopo.errors import SparsetopoError

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Print the status of the study that the command line names, or of the default one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", help="name of a study of config/")
    parser.add_argument("--configfile", type=Path, help="the study's configuration, elsewhere")
    chosen = parser.parse_args()
    try:
        found = status(chosen.study, configfile=chosen.configfile)
    except SparsetopoError as error:
        sys.exit(str(error))
    print("\n".join(status_lines(found)))


if __name__ == "__main__":
    os.chdir(FOLDER.parent)
    main()
