"""Lines and tables folded to the width of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from textwrap import TextWrapper

#: Columns of a table stand this far apart, and a table this far from the margin.
GAP = 2
#: A cell of words may be folded down to this many characters.
NARROWEST = 10
#: A name (of a data set, of a claim) stays whole up to this many characters.
NAME = 36
#: Where a word that is longer than its cell may be cut, besides anywhere.
_JOINTS = "_/:,-=×"


def fold(text: str, width: int | None) -> str:
    """Each line of a text, broken at spaces where it is longer than ``width``, with the indent it begins with.

    What follows a bullet or a label such as ``Note:`` hangs under it. A word longer than the line stays whole.
    """
    if width is None:
        return text
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    hang = indent + (2 if body.startswith("- ") else 0)
    wrapper = TextWrapper(
        width, initial_indent=" " * indent, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapper.wrap(body))


def fold_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], width: int | None
) -> list[str]:
    """Lines of a table: its headings, a rule, its rows; ``right`` says which columns are flush right.

    Where it is wider than ``width``, columns of words and headings are folded; where that is not enough, the columns
    that do not fit stand in a second table under the first, with the leading columns of words repeated.
    """
    natural = [max([len(column), *(len(row[j]) for row in rows)]) for j, column in enumerate(columns)]
    if width is None or _total(natural) <= width:
        return _lines(columns, rows, right, natural)
    least = [_least(columns[j], [row[j] for row in rows], right[j]) for j in range(len(columns))]
    if _total(least) <= width or len(columns) < 3:
        return _lines(columns, rows, right, _shrunk(natural, least, width))
    lines: list[str] = []
    for block in _blocks(least, right, width):
        own = [[row[j] for j in block] for row in rows]
        part = fold_table([columns[j] for j in block], own, [right[j] for j in block], width)
        lines += ["", *part] if lines else part
    return lines


def _total(widths: Sequence[int]) -> int:
    return GAP * len(widths) + sum(widths)


def _least(column: str, cells: Sequence[str], right: bool) -> int:
    """The width below which a column is hard to read: its longest number, or a few words."""
    heading = max(map(len, column.split()), default=0)
    longest = max(map(len, cells), default=0)
    name = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(heading, longest if right else max(min(longest, NARROWEST), min(name, NAME)))


def _shrunk(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Widths that fit, taken from the widest column first, none below its least."""
    widths = list(natural)
    while _total(widths) > width:
        open_columns = [j for j in range(len(widths)) if widths[j] > least[j]]
        if not open_columns:
            break
        widths[max(open_columns, key=lambda j: widths[j])] -= 1
    return widths


def _blocks(least: Sequence[int], right: Sequence[bool], width: int) -> list[list[int]]:
    """The columns of each table: those of words that lead, then as many of the others as fit."""
    lead = next((j for j, flush in enumerate(right) if flush), 1) or 1
    while lead > 1 and _total(least[:lead]) > width // 2:
        lead -= 1
    key = list(range(lead))
    blocks: list[list[int]] = []
    current: list[int] = []
    for j in range(lead, len(least)):
        if current and _total([least[i] for i in (*key, *current, j)]) > width:
            blocks.append([*key, *current])
            current = []
        current.append(j)
    return [*blocks, [*key, *current]]


def _lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], widths: Sequence[int]
) -> list[str]:
    def line(cells: Sequence[str]) -> list[str]:
        parts = [_cell(cell, width) for cell, width in zip(cells, widths, strict=True)]
        found = []
        for level in zip_longest(*parts, fillvalue=""):
            padded = [
                part.rjust(width) if flush else part.ljust(width)
                for part, width, flush in zip(level, widths, right, strict=True)
            ]
            found.append((" " * GAP + (" " * GAP).join(padded)).rstrip())
        return found

    rule = " " * GAP + (" " * GAP).join("─" * width for width in widths)
    return [*line(columns), rule, *(text for row in rows for text in line(row))]


def _cell(text: str, width: int) -> list[str]:
    """A cell as lines of at most ``width`` characters; its leading spaces stay."""
    if len(text) <= width:
        return [text]
    body = text.lstrip(" ")
    indent = " " * min(len(text) - len(body), width // 2)
    room = width - len(indent)
    lines: list[str] = []
    for word in body.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
            continue
        while len(word) > room:
            cut = max((word.rfind(mark, 0, room) + 1 for mark in _JOINTS), default=0) or room
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return [indent + line for line in lines if line] or [""]
