"""Files that commands write: refused before anything is computed, and whole or untouched."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from analysis.core.errors import CrossliftError
from analysis.core.output import OutputFile, OutputFolder, whole


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A folder that nobody can write to, the superuser neither."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):  # as the superuser
        folder = Path("/proc")
    if not folder.is_dir():
        pytest.skip("no folder here that cannot be written to")
    return folder


def test_a_folder_that_cannot_be_written_to(read_only: Path) -> None:
    with pytest.raises(CrossliftError, match="cannot be written"):
        OutputFile(read_only / "a.json").check()
    with pytest.raises(CrossliftError, match="cannot be written"):
        OutputFolder(read_only / "reports" / "new").check()


def test_what_else_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, words in (
        (tmp_path / "nowhere" / "a.json", "there is no folder"),
        (tmp_path, "it is a folder"),
        (tmp_path / "file" / "a.json", "there is no folder"),
    ):
        with pytest.raises(CrossliftError, match=words):
            OutputFile(path).check()
    with pytest.raises(CrossliftError, match="is a file, not a folder"):
        OutputFolder(tmp_path / "file" / "reports").check()


def test_checking_leaves_nothing(tmp_path: Path) -> None:
    OutputFile(tmp_path / "a.json").check()
    OutputFolder(tmp_path / "a" / "b").check()
    OutputFile("-").check()
    OutputFile(os.devnull).check()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("before")

    def interrupted() -> None:
        with whole(target) as file:
            file.write_text("half")
            assert file.suffix == ".csv" and target.read_text() == "before"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]
    with whole(target) as file:
        file.write_text("after")
    assert target.read_text() == "after" and list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "a.csv", tmp_path / "link.csv"
    target.write_text("before")
    target.chmod(0o640)
    link.symlink_to(target)
    with whole(link) as file:
        file.write_text("after")
    assert link.is_symlink() and target.read_text() == "after" and target.stat().st_mode & 0o777 == 0o640
