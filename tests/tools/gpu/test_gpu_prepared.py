"""The prepared folder: what is missing or damaged is named with how to get it; two commands find each other's parts."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from analysis.core.errors import CrossliftError
from runner.models.catalog import find_model
from tools.gpu import prepare
from tools.gpu.prepared import LIST, Kit, join, missing, read_kit, sha256, take_over, unpack_wheels
from tools.gpu.stand_in import LANGUAGES, random_weights


@pytest.fixture
def folder(stand_in: tuple[Path, Kit], tmp_path: Path) -> Path:
    return Path(shutil.copytree(stand_in[0], tmp_path / "kit"))


def test_the_list_is_what_was_made(folder: Path, stand_in: tuple[Path, Kit]) -> None:
    kit = read_kit(folder / "part1" / LIST)
    assert kit == stand_in[1]
    assert len(kit.parts) == 2 and missing(kit, folder, True) == []
    assert set(kit.unknown) == set(LANGUAGES)
    assert kit.unknown["swh_Latn"]["unknown"] == 1 and kit.unknown["eng_Latn"]["unknown"] == 0


def test_parts_of_two_commands_give_the_model(folder: Path, tmp_path: Path) -> None:
    """Each command brings one part; the second finds what the first has left in the state directory."""
    state, kit = tmp_path / "state", read_kit(folder / "part1" / LIST)
    second = tmp_path / "second"
    second.mkdir()
    (folder / "part2").rename(second / "part2")
    take_over(folder, state)
    lacking = missing(kit, state / "kit", True)
    assert lacking == ["part2/model.2 is missing: send the folder part2 of the kit"]
    assert missing(kit, state / "kit", False) == []
    take_over(second, state)
    path = join(kit, state / "kit", state)
    assert sha256(path) == kit.model["sha256"]
    assert find_model(f"{path}@3").revision == f"sha256:{kit.model['sha256']}"
    changed = path.stat().st_mtime_ns
    assert join(kit, state / "kit", state).stat().st_mtime_ns == changed  # joined once


def test_a_part_that_is_sent_again_replaces_the_one_before(folder: Path, tmp_path: Path) -> None:
    """Also if it has as many bytes: parts of two kits do."""
    kit, part = read_kit(folder / "part1" / LIST), folder / "part1" / "model.1"
    state, good = tmp_path / "state", part.read_bytes()
    part.write_bytes(bytes(len(good)))
    take_over(folder, state)
    assert len(missing(kit, state / "kit", True)) == 1
    part.write_bytes(good)
    take_over(folder, state)
    assert missing(kit, state / "kit", True) == []


def test_damage_is_named(folder: Path, tmp_path: Path) -> None:
    kit, part = read_kit(folder / "part1" / LIST), folder / "part2" / "model.2"
    content = bytearray(part.read_bytes())
    content[10] ^= 1
    part.write_bytes(content)
    assert missing(kit, folder, True) == [
        "part2/model.2 is damaged: send it again, or make it again by tools/gpu/prepare.sh"
    ]
    with pytest.raises(CrossliftError, match="do not give the file that was split"):
        join(kit, folder, tmp_path)
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("content", ["{", '{"format": 2}', '{"format": 1, "model": {}}', None])
def test_what_is_no_list_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / LIST
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CrossliftError, match=r"kit\.json'") as caught:
        read_kit(path)
    assert "tools/gpu/prepare.sh" in caught.value.hint


def test_wheels_are_unpacked_where_their_package_is_missing(tmp_path: Path) -> None:
    wheels = tmp_path / "part1" / "wheels"
    wheels.mkdir(parents=True)
    for name in ("one_thing-1.0-py3-none-any.whl", "other-2.0-py3-none-any.whl"):
        with zipfile.ZipFile(wheels / name, "w") as archive:
            archive.writestr(f"{name.split('-')[0]}/__init__.py", "")
    assert unpack_wheels(tmp_path, tmp_path / "site", lambda name: name == "other") == ["one-thing"]
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["one_thing"]


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match=r"does not contain 'sib200\.tsv\.xz'") as caught:
        prepare.prepare(random_weights(), tmp_path, tmp_path / "out", 10**6)
    assert "docs/tasks.md" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_only_a_prepared_folder_is_replaced(folder: Path, tmp_path: Path) -> None:
    weights, data, other = random_weights(), folder / "part1" / "data", tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    with pytest.raises(CrossliftError, match="is neither empty nor a prepared folder"):
        prepare.prepare(weights, data, other, 10**6)
    assert (other / "thesis.tex").read_text() == "years of work"
    once = prepare.prepare(weights, data, tmp_path / "new", 10**6)
    assert prepare.prepare(weights, data, tmp_path / "new", 10**6) == once  # and the same every time


def test_a_summary_says_whether_it_travels_at_once(
    folder: Path, stand_in: tuple[Path, Kit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "tracked_bytes", lambda: 15 * 2**20)
    assert "they travel together" in prepare.summary(stand_in[1], folder)
    assert "most in swh_Latn" in prepare.summary(stand_in[1], folder)
    size = sum(path.stat().st_size for path in (folder / "part1").rglob("*") if path.is_file())
    monkeypatch.setattr(prepare, "tracked_bytes", lambda: 64 * 2**20 - size - 1)
    assert "the first command of tools/gpu/commands.md is needed" in prepare.summary(stand_in[1], folder)
    monkeypatch.setattr(prepare, "tracked_bytes", lambda: 64 * 2**20)
    assert "too large even alone" in prepare.summary(stand_in[1], folder)
