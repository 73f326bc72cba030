"""A user's own function that builds a network: found, read and digested without importing it.

Modules are looked for in the folder that the study is run in, then where Python finds any other.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from sparsetopo.architectures.own_files import digest_of_files, files_behind
from sparsetopo.errors import SparsetopoError

# What every function is called with, by keyword, besides its own options.
GIVEN = ("input_shape", "classes")

# Beside the library; a job imports them under these names.
_SCRIPTS = Path(__file__).parents[2] / "scripts"


def module_file(module: str) -> Path | None:
    """The file of a module that is found without importing its packages; None if there is none."""
    top, *rest = module.split(".")
    here = PathFinder.find_spec(top, [str(Path.cwd())])
    # A folder without __init__.py comes last, as in Python itself.
    spec = here if here is not None and here.origin else _installed(top) or here
    for depth, _ in enumerate(rest, start=2):
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = ".".join(module.split(".")[:depth])
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    return None if spec is None or not spec.has_location or not spec.origin else Path(spec.origin)


def function_problems(
    module: str, function: str, options: Mapping[str, Any], *, in_study: bool = True
) -> list[tuple[str, str]]:
    """What can be seen to be wrong in the source: (option or "", one sentence).

    In a study the function must take all of `GIVEN`, and its module may not be called like a script of the workflow.
    """
    top = module.partition(".")[0]
    if in_study and (_SCRIPTS / f"{top}.py").exists():
        return [("", f"the name of module '{top}' is taken in this workflow; rename the file")]
    if top in sys.stdlib_module_names:
        return [("", f"the name of module '{top}' is taken by Python itself; rename the file")]
    file = module_file(module)
    if file is None:
        return [("", _not_found(module))]
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        return [("", f"{file.name} cannot be read as Python: {error}")]
    names, all_known = _top_level_names(tree)
    if function not in names:
        if not all_known:
            return []  # it may come by an import of everything
        close = [f"'{name}'" for name in get_close_matches(function, names, n=3)]
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        return [("", f"{file.name} defines no '{function}'{hint}")]
    arguments = _arguments(names[function])
    if arguments is None:
        return []
    return _argument_problems(function, arguments, options, in_study)


def code_digest(module: str) -> str:
    """Digest of the module's file and of the user's files that it imports; comments do not count.

    Of an installed package, every file. "unknown" if there is no such module.
    """
    file = module_file(module)
    return "unknown" if file is None else digest_of_files(*files_behind(module, file))


def load(module: str, function: str) -> Any:
    """Import a module and return its function, or a class.

    A `SparsetopoError` says if another module of that name was imported before.
    """
    file = module_file(module)
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # and stays: the function may import more when it is called
    loaded: ModuleType = importlib.import_module(module)
    found = getattr(loaded, "__file__", None)
    if file is not None and (found is None or not file.samefile(found)):
        raise SparsetopoError(
            f"module '{module}' is {file}, but Python imported {found} under that name; rename the file."
        )
    if not hasattr(loaded, function):
        raise SparsetopoError(f"module '{module}' ({found}) has no '{function}'.")
    return getattr(loaded, function)


def _installed(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except ValueError:  # a module that was made by hand, such as __main__
        return None


def _not_found(module: str) -> str:
    here = sorted(path.stem for path in Path.cwd().glob("*.py"))
    close = [f"'{name}'" for name in get_close_matches(module, here, n=3)]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"there is no module '{module}', neither in the folder that the study is run in nor installed{hint}"


def _top_level_names(tree: ast.Module) -> tuple[dict[str, ast.stmt], bool]:
    """What a file defines or imports outside functions and classes, and whether that is certainly all."""
    names: dict[str, ast.stmt] = {}
    all_known = True
    for node in _statements(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = node
            all_known &= node.name != "__getattr__"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
            all_known &= "*" not in imported
            names |= dict.fromkeys(imported, node)
        else:
            stored = (
                child.id
                for child in ast.walk(node)
                if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
            )
            names |= dict.fromkeys(stored, node)
    return names, all_known


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in order, instead of an `if`, `try` or `with` those inside it."""
    for node in body:
        is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_definition or not hasattr(node, "body"):
            yield node
            continue
        yield from _statements(node.body)
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)
        yield from _statements([*getattr(node, "orelse", []), *getattr(node, "finalbody", [])])


def _arguments(node: ast.stmt) -> ast.arguments | None:
    """Parameters of a function or of a class's `__init__`; None where the source does not tell."""
    if isinstance(node, ast.ClassDef) and not node.decorator_list:
        inits = [inner for inner in node.body if getattr(inner, "name", "") == "__init__"]
        return _without_first(_arguments(inits[0])) if inits else None
    if isinstance(node, ast.FunctionDef) and not node.decorator_list:
        return node.args
    return None


def _without_first(arguments: ast.arguments | None) -> ast.arguments | None:
    """Parameters of a method without the instance, whatever that is called."""
    if arguments is None:
        return None
    named = arguments.args if arguments.posonlyargs else arguments.args[1:]
    rest = arguments.vararg, arguments.kwonlyargs, arguments.kw_defaults, arguments.kwarg
    return ast.arguments(arguments.posonlyargs[1:], named, *rest, arguments.defaults)


def _argument_problems(
    function: str, arguments: ast.arguments, options: Mapping[str, Any], in_study: bool
) -> list[tuple[str, str]]:
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    taken = ", ".join(names) or "nothing"
    takes_any = arguments.kwarg is not None
    if in_study and not takes_any and not set(GIVEN) <= set(names):
        called = f"'{function}' is called with {' and '.join(GIVEN)} by keyword"
        return [("", f"{called}, but takes {taken}")]
    problems = []
    for name in options:
        if name in GIVEN:
            problems.append((name, "cannot be given: it follows from the data set"))
        elif name not in names and not takes_any:
            problems.append((name, f"'{function}' has no such parameter; it takes {taken}"))
    missing = set(names) - {*GIVEN, *options} - _with_default(arguments)
    problems += [
        (name, f"is required and missing: '{function}' has no default for it")
        for name in sorted(missing)
    ]
    return problems


def _with_default(arguments: ast.arguments) -> set[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    by_keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    last = positional[len(positional) - len(arguments.defaults) :]
    return {argument.arg for argument in last} | {
        argument.arg for argument, default in by_keyword if default is not None
    }
