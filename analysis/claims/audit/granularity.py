"""Granularity of the accuracies in tables of records whose numbers of test items are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...outcomes.pairing import SHARES
from ..numbers.grim import TOP, Grain, narrowed, nearest
from .printed_tables import Block, bundled_blocks, cell


@dataclass(frozen=True, slots=True)
class Granularity:
    """What the test found in one table.

    Attributes
    ----------
    data
        Name of the table.
    cells
        Accuracies with a known number of items.
    telling
        Those whose rounding is finer than one item, so that the test can fail.
    impossible
        Those that no count of items gives.
    """

    data: str
    cells: int
    telling: int
    impossible: tuple[Grain, ...]


def check_granularity(blocks: Iterable[Block] | None = None) -> tuple[Granularity, ...]:
    """Test every accuracy of some tables; of the bundled ones if none are given."""
    found = []
    for block in bundled_blocks() if blocks is None else blocks:
        frame = block.frame
        rows = frame[frame["metric"].isin(SHARES) & frame["n_items"].notna()]
        impossible, telling = [], 0
        for row in rows[["score", "decimals", "n_items", "line"]].to_dict("records"):
            items, printed = int(row["n_items"]), cell(row)
            if printed.width * items >= TOP:
                continue
            telling += 1
            if narrowed(printed, items) is None:
                text = f"{row['score']:.{int(row['decimals'])}f}"
                impossible.append(Grain(block.name, int(row["line"]), "score", text, items, *nearest(printed, items)))
        if len(rows):
            found.append(Granularity(block.name, len(rows), telling, tuple(impossible)))
    return tuple(found)
