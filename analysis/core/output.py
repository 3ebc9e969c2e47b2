"""Files that a command writes: checked before anything is computed, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import CrossliftError

#: Standard output, in place of a file.
STDOUT = "-"


class OutputFile(str):
    """A path that a command will write to; as an argument's type it has the path checked before the command runs."""

    __slots__ = ()

    def check(self) -> None:
        """Refuse what cannot be written.

        Raises
        ------
        CrossliftError
            If the folder is missing or cannot be written to, or the path is a folder.
        """
        check_file(self)


class OutputFolder(str):
    """A folder that a command will write to, and may have to make."""

    __slots__ = ()

    def check(self) -> None:
        """Refuse a folder that cannot be made or written to.

        Raises
        ------
        CrossliftError
            If it is a file, or the nearest folder above it cannot be written to.
        """
        folder = Path(self)
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise CrossliftError(f"'{self}' cannot be written: '{folder}' is a file, not a folder.")
        _probe(folder / "probe", str(self))


def check_file(path: str) -> None:
    """Refuse a file that could not be written, by writing an empty one beside it.

    Raises
    ------
    CrossliftError
        If the folder is missing or cannot be written to, or the path is a folder.
    """
    if path == STDOUT:
        return
    target = Path(path)
    if target.is_dir():
        raise CrossliftError(f"'{path}' cannot be written: it is a folder.", f"Name a file in it: {target / 'NAME'}.")
    if target.exists() and not target.is_file():  # /dev/null, a pipe
        return
    if not target.parent.is_dir():
        raise CrossliftError(
            f"'{path}' cannot be written: there is no folder '{target.parent}'.", "Make the folder first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise CrossliftError(f"'{path}' cannot be written: it is read-only.", "Name another file.")
    _probe(target, path)


def _probe(target: Path, shown: str) -> None:
    beside = _beside(target)
    try:
        with beside.open("x"):
            pass
    except OSError as error:
        raise unwritable(shown, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Where to write a file so that it is there whole or as it was: a name beside it, which then takes its place.

    Raises
    ------
    CrossliftError
        If it cannot be written.
    """
    target = Path(path)
    if target.exists() and not target.is_file():  # a device or a pipe has nothing that could be lost
        beside = target
    else:
        target = target.resolve()  # what a link leads to is replaced, not the link
        beside = _beside(target)
    try:
        yield beside
        if beside != target:
            if target.exists():
                beside.chmod(target.stat().st_mode)
            beside.replace(target)
    except OSError as error:
        raise unwritable(str(path), error) from error
    finally:
        if beside != target:
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """A hidden name with the same ending, which figures are told by."""
    return target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")


def unwritable(path: str, error: OSError) -> CrossliftError:
    """The refusal of a path."""
    return CrossliftError(f"'{path}' cannot be written: {error.strerror or error}.", "Name a file in another folder.")
