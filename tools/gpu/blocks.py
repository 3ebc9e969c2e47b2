"""The blocks, in the order in which they run: what each is, how long it may take, and what it needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.core.errors import unknown_name
from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.setting import Setting


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes
    ----------
    name
        Its name in commands and files.
    module
        Module of this package, with ``run(setting, findings)``.
    limit_s, tiny_limit_s
        Time limit in seconds, in a real run and in a rehearsal.
    needs_model
        Whether it needs me5-small and the data.
    memory_gib
        Free memory of the GPU that it needs.
    """

    name: str
    module: str
    limit_s: float
    tiny_limit_s: float
    needs_model: bool = True
    memory_gib: float = 8.0

    def load(self) -> Callable[[Setting, Findings], None]:
        """The function that fills its findings."""
        run: Callable[[Setting, Findings], None] = importlib.import_module(f"tools.gpu.{self.module}").run
        return run


#: A rehearsal's limits leave room for a machine on which other work runs.
BLOCKS = (
    Block("check", "check", 60, 120),
    Block("agreement", "agreement", 60, 120),
    Block("kinds", "kinds", 120, 120, needs_model=False, memory_gib=24),
    Block("large", "large", 120, 60, needs_model=False, memory_gib=60),
    Block("beside", "beside", 120, 240, memory_gib=40),
    Block("sweep", "sweep", 210, 240, memory_gib=40),
    Block("pack", "pack", 30, 60, needs_model=False, memory_gib=0),
)
NAMES = tuple(block.name for block in BLOCKS)


def find_blocks(names: list[str] | None) -> list[Block]:
    """Blocks by name, in the order in which they run; all of them without names.

    Raises
    ------
    UnknownNameError
        If there is no such block.
    """
    for name in names or ():
        if name not in NAMES:
            raise unknown_name("block", name, NAMES)
    return [block for block in BLOCKS if not names or block.name in names]


def about(setting: Setting, block: Block, stand_in: str) -> dict[str, Any]:
    """The conditions of every finding of a block."""
    found: dict[str, Any] = {"device": setting.device, "rehearsal": setting.tiny, "limit_s": setting.limit_s}
    if stand_in and block.needs_model:
        found["stand_in"] = stand_in
    if not setting.cuda:
        found["note"] = f"what only a GPU can show is {ON_A_CPU}"
    return found
