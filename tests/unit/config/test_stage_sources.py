"""What a stage's code consists of is found by its imports; the digests must cover it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stage_digests import LIBRARY, ROOT, stage_paths

from sparsetopo.config.stages import STAGE_VERSIONS, stage_code, stage_sources

SCRIPTS = ROOT / "workflow/scripts"
CHEAP = sorted(stage_code(SCRIPTS))

# Imported, but no result depends on them: words of errors, where tables lie, reading and writing files, look-ups of names, free GPUs.
# What a job takes from `config/` is in its parameter.
WITHOUT_RESULTS = (
    *(
        "errors.py",
        "extras.py",
        "version.py",
        "registry.py",
        "resources.py",
        "sources.py",
        "files.py",
        "processes.py",
        "runtime/",
        "config/",
    ),
    *("checksums.py", "datasets/facts.py"),
    *("training/result.py", "networks/arrays.py"),
)


def place(path: Path) -> str:
    """Path below the library or the scripts."""
    return path.relative_to(LIBRARY if path.is_relative_to(LIBRARY) else SCRIPTS).as_posix()


def imported(path: Path) -> set[Path]:
    """Files that a script imports, directly or through others, and the script itself."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in found and not place(file).startswith(WITHOUT_RESULTS):
            found.add(file)
            waiting += direct_imports(file)
    return found


def direct_imports(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if (SCRIPTS / f"{node.module}.py").is_file():
            yield SCRIPTS / f"{node.module}.py"
        for name in node.names:
            for module in (f"{node.module}.{name.name}", node.module):
                file = LIBRARY.parent / module.replace(".", "/")
                # Packages' own files only pass names on.
                if file.with_suffix(".py").is_file():
                    yield file.with_suffix(".py")
                    break
                if (file / "__init__.py").is_file():
                    yield file / "__init__.py"
                    break


def not_covered(script: str, covered: set[Path]) -> set[str]:
    return {place(path) for path in imported(SCRIPTS / f"{script}.py") - covered}


@pytest.mark.parametrize("stage", CHEAP)
def test_the_digest_of_a_cheap_stage_covers_what_it_imports(stage):
    covered: set[Path] = set()
    for part in stage_sources(stage, SCRIPTS):
        path = LIBRARY / part
        covered |= set(path.rglob("*.py")) if path.is_dir() else {path}
    assert not not_covered(stage, covered)


@pytest.mark.parametrize("stage", STAGE_VERSIONS)
def test_the_digest_of_an_expensive_stage_covers_what_it_imports(stage):
    # But for what every script does around its work: threads, log, words of errors.
    missing = not_covered(stage, set(stage_paths(stage)))
    assert missing == {"job.py"}


def test_imports_are_followed():
    found = {place(path) for path in imported(SCRIPTS / "score.py")}
    assert {"network.py", "pruning/run.py", "networks/precision.py", "seeding.py"} <= found
