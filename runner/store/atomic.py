"""Files that are there whole or not at all, whatever is killed when."""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from pathlib import Path

from analysis.core.errors import StoreError

#: Begins the name of everything that is being written; readers pass such names over.
PARTIAL = ".partial-"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, bring it to the disk, and rename it.

    Raises
    ------
    StoreError
        If the disk is full or the directory cannot be written; nothing is left behind then.
    """
    partial = partial_name(path)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise write_error(path, error) from error


def publish_directory(partial: Path, path: Path) -> None:
    """Bring a directory that was filled under a temporary name to the disk and rename it; ``path`` must not exist."""
    try:
        for item in sorted(partial.rglob("*")):
            if item.is_file():
                with item.open("rb") as file:
                    os.fsync(file.fileno())
            elif item.is_dir():
                sync_directory(item)
        sync_directory(partial)
        partial.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise write_error(path, error) from error


def partial_name(path: Path) -> Path:
    """A name beside ``path`` that no other writer uses and no reader takes for a result."""
    return path.with_name(f"{PARTIAL}{uuid.uuid4().hex}-{path.name}")


def sync_directory(path: Path) -> None:
    """Bring the names in a directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def system_error(error: Exception) -> OSError | None:
    """The error of the system behind another one, which may say no more than its number."""
    if isinstance(error, OSError):
        return error
    told = re.search(r"\(os error (\d+)\)", str(error))
    return None if told is None else OSError(int(told[1]), os.strerror(int(told[1])))


def write_error(path: Path, error: OSError) -> StoreError:
    """What to tell a user about a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "Free some space ('runner gc' drops checkpoints that nothing needs) and start again: what is done stays."
        return StoreError(f"'{path}' could not be written: the disk is full.", hint)
    return StoreError(f"'{path}' could not be written: {error.strerror}.")
