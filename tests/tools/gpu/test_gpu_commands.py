"""The commands that are typed in a hurry: short enough, within their limits, and understood by the kit."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass

from tests.conftest import ROOT
from tools.gpu.acceptance import START_S, parser
from tools.gpu.blocks import BLOCKS, NAMES, find_blocks

FOLDER = ROOT / "tools" / "gpu"
COMMANDS = (FOLDER / "commands.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Command:
    """One command, its limit in seconds, and what it sends."""

    text: str
    limit_s: float
    sends: str


def commands() -> list[Command]:
    found = re.findall(r"- sends: (.*?)\n- time limit: (\d+) s\n\n```bash\n(.*?)```", COMMANDS, re.DOTALL)
    return [Command(text.strip(), float(limit), sends) for sends, limit, text in found]


def blocks_of(command: Command) -> list[str]:
    """The blocks that a command asks for, as the kit understands it."""
    found = re.search(r"-m tools\.gpu\.acceptance (.*?) 2>&1", command.text)
    if found is None:
        return []
    options = parser().parse_args(shlex.split(found[1]))
    assert not options.tiny
    return [block.name for block in find_blocks(options.blocks)]


def test_commands_are_short_and_limited() -> None:
    assert len(commands()) == 3
    for command in commands():
        assert len(command.text) < 2000
        assert command.limit_s <= 600
        assert subprocess.run(["bash", "-n", "-c", command.text], check=False).returncode == 0


def test_every_block_is_asked_for_once_and_has_its_time() -> None:
    asked = [blocks_of(command) for command in commands()]
    assert [name for names in asked for name in names] == list(NAMES)
    limits = {block.name: block.limit_s for block in BLOCKS}
    for command, names in zip(commands(), asked, strict=True):
        assert not names or START_S + sum(limits[name] for name in names) <= command.limit_s
    assert sum(limits.values()) == 12 * 60


def test_all_of_it_fits_a_quarter_of_an_hour() -> None:
    """What counts is the limits of the blocks, two starts, and two minutes until the machine is there."""
    assert sum(block.limit_s for block in BLOCKS) + 2 * START_S + 120 <= 15 * 60


def test_logs_come_back() -> None:
    for command in commands()[1:]:
        assert re.search(r'tee "\$OUT/[A-Za-z0-9._-]+"', command.text) and "pipefail" in command.text


def test_what_is_sent_is_what_is_prepared() -> None:
    assert {name for command in commands() for name in re.findall(r"`([^`]+)`", command.sends)} == {
        ".gpu/part1", ".gpu/part2",
    }  # fmt: skip
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/.gpu/" in ignored


def test_the_readme_is_ten_lines() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 10
    for path in re.findall(r"(?:tools|data)/[\w/]+\.(?:sh|py|md)", text + COMMANDS):
        assert (ROOT / path).is_file(), path


def test_the_script_says_what_it_wants() -> None:
    done = subprocess.run([str(FOLDER / "prepare.sh")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "sib200.tsv.xz and banking77.tsv.xz" in done.stderr
