"""The lock holds what pyproject.toml asks for, on each Python that kfhub runs on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$", re.M)


def group(name: str) -> Iterator[str]:
    for item in PROJECT["dependency-groups"][name]:
        if isinstance(item, dict):
            yield from group(item["include-group"])
        else:
            yield item


def asked(lock: str) -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"]
    product = [*PROJECT["project"]["dependencies"], *(item for extra in extras.values() for item in extra)]
    return [*product, *group("dev" if lock == "dev" else "build")]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("lock", ["start", "dev"])
def test_the_lock_satisfies_what_is_asked_for(lock: str, python: str) -> None:
    here = {
        "python_version": python,
        "python_full_version": f"{python}.4",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    pinned: dict[str, str] = {}
    for found in PINNED.finditer((ROOT / f"requirements/{lock}.txt").read_text()):
        marker = f" ; {found['marker']}" if found["marker"] else ""
        requirement = Requirement(f"{found['name']}=={found['version']}{marker}")
        if requirement.marker is None or requirement.marker.evaluate(here):
            pinned[canonicalize_name(requirement.name)] = found["version"]
    assert len(pinned) > 100
    for text in asked(lock):
        requirement = Requirement(text)
        if requirement.name == "kfhub":
            continue  # another of its own extras
        if requirement.marker is None or requirement.marker.evaluate(here):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version, f"{requirement.name} is not in requirements/{lock}.txt"
            assert requirement.specifier.contains(version, prereleases=True), f"{text}, locked {version}"


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda lock: lock.stem)
def test_no_lock_has_what_makes_each_start_a_second_longer(lock: Path) -> None:
    for text in PROJECT["tool"]["uv"]["constraint-dependencies"]:
        requirement = Requirement(text)
        pinned = {found["name"]: found["version"] for found in PINNED.finditer(lock.read_text())}
        assert requirement.specifier.contains(pinned[requirement.name]), f"{text}, locked {pinned}"
    assert "rfc3987-syntax" not in lock.read_text()


def test_the_lock_of_this_environment_lacks_nothing() -> None:
    """It is installed without a look at what its packages ask for."""
    said = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
