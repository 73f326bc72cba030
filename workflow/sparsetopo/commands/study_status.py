"""How far a study is: ``sparsetopo status``, and ``make status``. Neither Snakemake nor torch is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo.commands.options import File
from sparsetopo.config.study_file import DEFAULT, read_study, study_file
from sparsetopo.errors import UsageError

if TYPE_CHECKING:
    from sparsetopo.config.status import StudyStatus

_SCRIPTS = Path("workflow", "scripts")


def status(study: str | None = None, *, configfile: File | None = None) -> "StudyStatus":
    """Find out how far a study of the working directory is, what failed and why; nothing is started or written.

    Parameters
    ----------
    study
        Name of a study that a file of ``config/`` has.
    configfile
        The configuration of the study, elsewhere. None, as `study`: ``config/config.yaml``.

    Returns
    -------
    StudyStatus
        `sparsetopo.config.status.sentences.status_lines` puts it in sentences.

    Raises
    ------
    UsageError
        If there is no such study or file, both are given, or this is no copy of the workflow.
    ConfigurationError
        If the configuration is invalid.
    """
    if study is not None and configfile is not None:
        raise UsageError("give either the name of a study or its configuration file, not both.")
    scripts = _scripts()
    if configfile is None and study is None and not DEFAULT.is_file():
        raise UsageError(
            f"there is no {DEFAULT} here; name the study's configuration: --configfile my.yaml."
        )
    path = Path(configfile) if configfile is not None else DEFAULT
    if study is not None:
        path = study_file(study)
    configuration = read_study(path)
    # They take longer to import than a name is refused.
    from sparsetopo.config.stages import stage_code
    from sparsetopo.config.status import study_status

    return study_status(configuration, stage_code(scripts), Path("results"))


def _scripts() -> Path:
    """The scripts of the stages: those of the working directory, or beside the library."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[3]):
        if (folder / _SCRIPTS / "topometrics.py").is_file():
            return folder / _SCRIPTS
    raise UsageError(
        f"there is no {_SCRIPTS} here: run it in the folder of the workflow, in which the study was run."
    )
