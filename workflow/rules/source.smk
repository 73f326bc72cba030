# Where the rules are: beside this file, or, if Snakemake fetched it, in a copy of the commit that it was fetched from.
#
# Snakemake fetches single files, but a script needs the library and the modules beside it. So the whole commit is laid
# into the working directory, from the clone that Snakemake keeps of a repository.

import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from snakemake.sourcecache import HostingProviderFile, LocalGitFile


def rules_of_the_study():
    """Path of the rules, for `include`."""
    place = workflow.current_basedir
    if isinstance(place, HostingProviderFile):
        place.fetch_if_required()
        return str(laid_out(place.hosted_repo.repo, place.ref) / "workflow/rules/study.smk")
    if isinstance(place, LocalGitFile):
        from git import Repo

        return str(laid_out(Repo(place.repo_path), place.ref) / "workflow/rules/study.smk")
    return "rules/study.smk"


def laid_out(repository, reference):
    """Lay a commit into a folder named after it, unless it lies there; the folder."""
    commit = repository.commit(reference).hexsha
    folder = Path(".snakemake/sparsetopo/source").absolute() / commit[:12]
    library = folder / "workflow/sparsetopo/__init__.py"
    if library.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = io.BytesIO()
    repository.archive(archive, commit, format="zip")
    # Renamed when complete: an interrupted run leaves nothing that looks like a copy.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as temporary:
        unpacked = Path(temporary) / "copy"
        with zipfile.ZipFile(archive) as files:
            files.extractall(unpacked)
        try:
            os.rename(unpacked, folder)
        except OSError:
            if not folder.exists():
                raise
            # Another process was faster; or Snakemake brought the rules and scripts to a machine that shares no files.
            if not library.exists():
                shutil.copytree(unpacked, folder, dirs_exist_ok=True)
    return folder
