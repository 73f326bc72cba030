"""Lay a commit into a folder of its own, so that a long run does not see what is edited meanwhile.

A job reads its script, and the library beside it, when it starts. Run from ``.frozen/<commit>``, it reads those of that
commit, while results stay in ``results/`` of the working copy.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
FROZEN = Path(".frozen")


def git(*arguments: str, refusal: str = "") -> bytes:
    """Output of a git command in the clone; exits with a sentence (or git's own) where git cannot do it."""
    try:
        done = subprocess.run(["git", *arguments], cwd=CLONE, capture_output=True, check=False)
    except FileNotFoundError:
        sys.exit("freeze: git is not installed; it is what knows the commits.")
    if done.returncode:
        sys.exit(f"freeze: {refusal or done.stderr.decode().strip()}")
    return done.stdout


def uncommitted() -> list[str]:
    """Tracked files that differ from the last commit, and new files of the workflow that no commit has."""
    changed = git("diff", "--name-only", "HEAD").decode().splitlines()
    new = git("ls-files", "--others", "--exclude-standard", "workflow", "config").decode()
    return sorted([*changed, *new.splitlines()])


def freeze(commit: str) -> Path:
    """Lay a commit into its folder, unless it lies there; the folder, relative to the clone."""
    git(
        "rev-parse",
        "--git-dir",
        refusal=f"{CLONE} is no git clone, so there is no commit to copy; copy the folder.",
    )
    refusal = f"'{commit}' is no commit of {CLONE}."
    full = git("rev-parse", "--verify", f"{commit}^{{commit}}", refusal=refusal).decode().strip()
    folder = FROZEN / full[:12]
    if (CLONE / folder).exists():
        return folder
    archive = git("archive", "--format=zip", full)
    (CLONE / FROZEN).mkdir(exist_ok=True)
    # Renamed when complete: an interrupted call leaves nothing that looks like a copy.
    with tempfile.TemporaryDirectory(dir=CLONE / FROZEN, prefix=".unfinished-") as temporary:
        unpacked = Path(temporary) / "copy"
        with zipfile.ZipFile(BytesIO(archive)) as files:
            files.extractall(unpacked)
        try:
            unpacked.rename(CLONE / folder)
        except OSError:
            if not (CLONE / folder).exists():  # else another call was faster
                raise
    return folder


def main() -> None:
    """Freeze a commit and print how to run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", nargs="?", default="HEAD", help="default: the last commit")
    commit = parser.parse_args().commit
    folder = freeze(commit)
    left_out = uncommitted() if commit == "HEAD" else []
    if left_out:
        named = ", ".join(left_out[:5]) + (", ..." if len(left_out) > 5 else "")
        print(f"Not in the copy, since not committed: {named}", file=sys.stderr)
    print(f"{folder} is a copy of {commit}. In {CLONE}, run:")
    own = Path(".venv/bin/snakemake")
    print(
        f"  {own if (CLONE / own).exists() else 'snakemake'} --snakefile {folder}/Snakefile",
        end=" ",
    )
    print(f"--workflow-profile {folder}/profiles/default", end=" ")
    print(f"--configfile {folder}/config/config.yaml --cores all")


if __name__ == "__main__":
    main()
