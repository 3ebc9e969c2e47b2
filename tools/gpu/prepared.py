"""The prepared folder: a model in parts, the data, wheels, and a list of them with hashes.

Layout::

    part1/kit.json       what belongs to the kit (:class:`Kit`), with the hash of each file
    part1/model.1        the model's file in consecutive parts, each in a folder that can travel alone
    part2/model.2
    part1/data/          the data files, under the names that the runner's tasks expect
    part1/wheels/        packages that may be missing on the machine

Transferred folders are copied to the state directory, so that a second command finds what the first one brought.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError

LIST = "kit.json"
FORMAT = 1


@dataclass(frozen=True)
class Kit:
    """What was prepared.

    Attributes
    ----------
    model
        Name, bytes and SHA-256 of the whole file, and ``pieces`` of its vocabulary.
    parts
        Path in the folder, bytes and SHA-256 of each part, in order.
    data
        Path, bytes and SHA-256 of each data file.
    wheels
        Names of the wheels.
    unknown
        Pieces and unknown pieces of the texts, by language.
    git
        Commit of the checkout, ``+`` after it with changes.
    stand_in
        What replaces the real model and data; empty if they are real.
    """

    model: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]]
    data: Sequence[Mapping[str, Any]]
    wheels: Sequence[str]
    unknown: Mapping[str, Any]
    git: str
    stand_in: str = ""

    def write(self, path: Path) -> None:
        """Write the list."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def read_kit(path: Path) -> Kit:
    """Read a list.

    Raises
    ------
    CrossliftError
        If it is missing or has another format.
    """
    hint = "tools/gpu/prepare.sh makes it; send its folder part1."
    if not path.is_file():
        raise CrossliftError(f"'{path}' is missing.", hint)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("another format")
        return Kit(**content)
    except (ValueError, KeyError, TypeError) as error:
        raise CrossliftError(f"'{path}' is not the list of a prepared folder ({error}).", hint) from error


def described(path: Path, root: Path) -> dict[str, Any]:
    """Path below ``root``, bytes and SHA-256 of a file."""
    return {"file": path.relative_to(root).as_posix(), "bytes": path.stat().st_size, "sha256": sha256(path)}


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_over(folder: Path, state: Path) -> None:
    """Copy the transferred parts of the prepared folder into the state directory."""
    for part in sorted(folder.glob("part*")) if folder.is_dir() else []:
        for item in sorted(part.rglob("*")):
            goal = state / "kit" / item.relative_to(folder)
            if item.is_file():
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(item, goal)


def missing(kit: Kit, root: Path, needs_model: bool) -> list[str]:
    """Missing or damaged parts of the kit, each with how to get it."""
    wanted = [*kit.data, *(kit.parts if needs_model else ())]
    lacking = []
    for item in wanted:
        path = root / item["file"]
        if not path.is_file():
            lacking.append(f"{item['file']} is missing: send the folder {Path(item['file']).parts[0]} of the kit")
        elif path.stat().st_size != item["bytes"] or sha256(path) != item["sha256"]:
            lacking.append(f"{item['file']} is damaged: send it again, or make it again by tools/gpu/prepare.sh")
    return lacking


def join(kit: Kit, root: Path, goal: Path) -> Path:
    """The model's file, joined from its parts if it is not there yet.

    Raises
    ------
    CrossliftError
        If the joined parts differ from the file that was split.
    """
    path = goal / str(kit.model["file"])
    if path.is_file() and sha256(path) == kit.model["sha256"]:
        return path
    partial = path.with_name(f".partial-{path.name}")
    with partial.open("wb") as file:
        for item in kit.parts:
            file.write((root / item["file"]).read_bytes())
    if sha256(partial) != kit.model["sha256"]:
        partial.unlink()
        raise CrossliftError(f"the parts of '{path.name}' do not give the file that was split.", "Prepare them again.")
    partial.replace(path)
    return path


def unpack_wheels(root: Path, site: Path, there: Callable[[str], bool]) -> list[str]:
    """Unpack the kit's wheels into a directory for ``sys.path``, except packages already installed; returns which."""
    done = []
    for path in sorted((root / "part1" / "wheels").glob("*.whl")):
        name = path.name.split("-")[0].replace("_", "-")
        if not there(name):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(site)
            done.append(name)
    return done
