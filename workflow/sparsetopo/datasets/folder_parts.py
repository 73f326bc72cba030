"""Which folders of a data set of images are its training and its test part, told by their names.

Understood are ``train``, ``test``, ``val`` and their usual spellings in any case, alone (``Training``, ``test_set``) or
beside words that the parts share (``seg_train`` and ``seg_test``, ``train2017`` and ``val2017``). What looks like a
part and has no counterpart is refused: read as a class it would put test images into training.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sparsetopo.datasets.folders import holds_images, visible_folders
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)

_SPELLINGS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "val": ("val", "valid", "validation", "validating", "dev", "eval", "evaluation"),
}
# Say nothing about which part a folder is: `training_set`, `Test Images`, `trainset`.
_FILLERS = frozenset({"set", "sets", "data", "dataset", "split", "images", "image", "imgs", "img"})
# These may well be names of classes, so alone they make no part.
_CLASS_WORDS = frozenset({"valid", "dev", "eval", "evaluation"})


@dataclass(frozen=True)
class _Role:
    """What the name of a folder says about it."""

    folder: Path
    kind: str  # "train", "test" or "val"
    rest: tuple[str, ...]  # its other words, which the counterpart must have too
    is_certain: bool  # or the word may well be that of a class


@dataclass(frozen=True)
class Parts:
    """Folders that hold the classes of the two parts of a data set."""

    root: Path  # where both were found
    train: Path
    test: Path


def find_parts(root: Path) -> Parts | None:
    """Folders of the training and the test part; None if `root` holds the classes itself.

    ``test`` is preferred to ``val``. A folder that is all that `root` holds is looked into (``imagenet/train``), and so
    is one of the same kind that is all that a part holds (``seg_train/seg_train``). A DataError says if only one of the
    parts is there, or if it is not clear which they are.
    """
    entered: set[Path] = set()
    while root.resolve() not in entered:  # else a link leads back
        entered.add(root.resolve())
        parts = _parts_in(root)
        inner = visible_folders(root)
        if parts or len(inner) != 1:
            return parts
        root = inner[0]
    return None


def _parts_in(root: Path) -> Parts | None:
    folders = visible_folders(root)
    roles = list(_roles(folders))
    groups = _complete(roles)
    if () in groups:  # plain names need no more words
        groups = {(): groups[()]}
    if len(groups) == 1:
        (group,) = groups.values()
        train = _only(root, [role for role in group if role.kind == "train"])
        tests = [role for role in group if role.kind == "test"]
        test = _only(root, tests or [role for role in group if role.kind == "val"])
        for folder in folders:
            if folder not in (train, test):
                logger.warning(
                    "%s: is neither '%s' nor '%s' and is not read", folder, train.name, test.name
                )
        return Parts(root, _unwrapped(train), _unwrapped(test))
    _refuse_half(root, roles)
    return None


def holds_parts(folder: Path) -> bool:
    """Whether a folder holds both a training and a test part."""
    return bool(_complete(list(_roles(visible_folders(folder)))))


def _unwrapped(part: Path) -> Path:
    """Step into folders of the part's own kind that are all it holds."""
    kind = next((role.kind for role in _roles([part])), None)
    entered: set[Path] = set()
    while part.resolve() not in entered:
        entered.add(part.resolve())
        inner = visible_folders(part)
        if len(inner) == 1 and [role.kind for role in _roles(inner)] == [kind]:
            part = inner[0]
    return part


def _roles(folders: list[Path]) -> Iterator[_Role]:
    """Roles of the folders whose name has exactly one word for a part, or ends in one as its counterpart does."""
    endings = []
    for folder in folders:
        words = [(word, _kind(word)) for word in _words(folder.name)]
        kinds = [(word, kind) for word, kind in words if kind]
        rest = tuple(word for word, kind in words if not kind and word not in _FILLERS)
        if len(kinds) == 1:
            yield _Role(folder, kinds[0][1], rest, kinds[0][0] not in _CLASS_WORDS)
        elif not kinds and rest:
            ending = re.fullmatch(r"(.+?)(train|test|val)(ing|id|idation)?", rest[-1])
            if ending:
                endings.append(_Role(folder, ending[2], (*rest[:-1], ending[1]), False))
    # "segtrain" and "segtest"; "contest" alone is a word.
    for group in _complete(endings).values():
        yield from group


def _words(name: str) -> list[str]:
    """Words and numbers of a name: "trainSet_2017" has "train", "set", "2017"."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"\d+|[^\W\d_]+", name.casefold())


def _kind(word: str) -> str | None:
    """The part that a word means, if any."""
    for kind, spellings in _SPELLINGS.items():
        for spelling in spellings:
            if word == spelling or (
                word.startswith(spelling) and word.removeprefix(spelling) in _FILLERS
            ):
                return kind
    return None


def _complete(roles: list[_Role]) -> dict[tuple[str, ...], list[_Role]]:
    """Folders whose names differ in the part alone, by the words they share; only groups that have both parts."""
    groups: dict[tuple[str, ...], list[_Role]] = {}
    for role in roles:
        groups.setdefault(role.rest, []).append(role)
    return {
        rest: group
        for rest, group in groups.items()
        if len({role.kind == "train" for role in group}) == 2
    }


def _only(root: Path, roles: list[_Role]) -> Path:
    if len(roles) > 1:
        names = " and ".join(f"'{role.folder.name}'" for role in roles)
        part = "training" if roles[0].kind == "train" else "test"
        raise DataError(
            f"{root}: the folders {names} may both be the {part} part; keep one, or give it the name "
            f"'{roles[0].kind}' and move the other away."
        )
    return roles[0].folder


def _refuse_half(root: Path, roles: list[_Role]) -> None:
    """Raise a DataError if folders look like parts, but not like the two parts of one data set."""
    telling = {role.kind == "train" for role in roles if role.is_certain}
    if len(_complete(roles)) > 1 or len(telling) == 2:
        names = ", ".join(f"'{role.folder.name}'" for role in roles)
        raise DataError(
            f"{root}: the folders {names} look like parts of data sets, but which two belong together is not clear; "
            f"give one of the data sets a folder of its own, with its parts called 'train' and 'test'."
        )
    for role in roles:
        is_plain = not role.rest and role.is_certain
        if not is_plain and (holds_images(role.folder) or len(visible_folders(role.folder)) < 2):
            continue  # a class, as `train_station`
        name = role.folder.name
        if role.kind != "train":
            raise DataError(
                f"{root}: has a folder '{name}' but no 'train'; add it, or put the folders of the classes there."
            )
        raise DataError(
            f"{root}: has a folder '{name}' but neither 'test' nor 'val'; add one of them, or give {role.folder} as "
            f"the folder to set a share of its images aside."
        )
