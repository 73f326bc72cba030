"""The files that make environments agree: the lock with the pins, the Dockerfile and pixi.toml with both.

Neither a container nor a pixi environment could be made where they were written, so they are read here.
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"
LOCKED = re.findall(
    r"^(\S+?)==(\S+)( ; .*?)? \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    (ENVS / "lock.txt").read_text(encoding="utf-8"),
    re.M,
)
# Of torch: on Linux alone, in the versions that it asks for itself (constraints.txt).
OF_TORCH = ("cuda-", "nvidia-", "triton")
PLATFORMS = {"darwin": ("arm64",), "linux": ("x86_64", "aarch64")}


def pins(name):
    lines = (ENVS / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(package): version for package, version in pairs}


def test_the_lock_has_every_pin_with_hashes():
    text = (ENVS / "lock.txt").read_text(encoding="utf-8")
    locked = {name: version for name, version, _, _ in LOCKED}
    assert len(LOCKED) == len(re.findall(r"^[^ #\n]", text, re.M))  # or the pattern misses one
    pinned = pins("constraints.txt") | pins("requirements.txt") | pins("requirements-dev.txt")
    on_linux = {name: version for name, version in pinned.items() if name in locked}
    assert on_linux == pinned, "run: make lock"
    for name, version, marker, _ in LOCKED:
        if name.startswith(OF_TORCH):
            assert "sys_platform == 'linux'" in marker
        elif pinned.get(name) != version:
            requirement = Requirement(f"{name}{marker}")
            assert requirement.marker is not None, f"constraints.txt does not pin {name}"
            for system, machines in PLATFORMS.items():
                for machine in machines:
                    here = {"sys_platform": system, "platform_machine": machine}
                    assert not requirement.marker.evaluate(here), f"{name} on {system}"


@pytest.mark.parametrize("path", sorted(ENVS.iterdir()), ids=lambda path: path.name)
def test_no_file_names_an_index(path):
    assert not re.search(r"://|--(?:extra-)?index|--find-links", path.read_text(encoding="utf-8"))


def test_pixi_has_the_pins_of_the_requirements():
    pixi = tomllib.loads((ROOT / "pixi.toml").read_text(encoding="utf-8"))
    packages = pixi["pypi-dependencies"]
    assert packages.pop("sparsetopo") == {"path": ".", "editable": True}
    assert {
        canonicalize_name(name): version.removeprefix("==") for name, version in packages.items()
    } == pins("requirements.txt")
    python = SpecifierSet(pixi["dependencies"]["python"])
    assert [minor for minor in range(9, 20) if f"3.{minor}.0" in python] == [11, 12, 13, 14]
    for command in pixi["tasks"].values():
        assert all((ROOT / word).is_file() for word in command.split()[1:])


def test_the_dockerfile_copies_what_exists_and_installs_the_lock():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line]
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in steps} <= known
    assert steps[0][0] == "FROM"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (version,) = re.findall(r"^python:([\d.]+)", steps[0][1])
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
    for word, rest in steps:
        if word == "COPY":
            assert all((ROOT / source).exists() for source in rest.split()[:-1])
    assert any("--require-hashes --requirement envs/lock.txt" in rest for _, rest in steps)
    # What the tests and the command copy into an image is the repository alone.
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", ".snakemake", "data", "results/*"} <= set(ignored)
