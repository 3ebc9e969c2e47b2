"""A table as it is printed: text cells, and how finely the numbers of a column are rounded."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...core.errors import CrossliftError, did_you_mean
from ...records import bundled as datasets
from ...records.files import ENDINGS, HARNESS, read_table

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
#: Cells up to which the binomial is summed exactly, and the normal quantile of one in a thousand above it.
_EXACT, _THOUSANDTH = 500, 3.09
#: What tables print where there is nothing; where a number is asked for, words for it as well ('na' and 'nan' are also
#: codes of languages).
MARKS = frozenset({"-", "–", "—", "?", "n/a"})
EMPTY = MARKS | {"na", "nan", "none"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text.

    Attributes
    ----------
    name, sha256
        Name and hash of the file.
    cells
        Column name → its cells; ``None`` where nothing is printed.
    first_line
        Line of the file that the first row stands on.
    """

    name: str
    sha256: str
    cells: Mapping[str, Sequence[str | None]]
    first_line: int = 2

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.cells.values()), ()))

    def column(self, name: str) -> Sequence[str | None]:
        """The cells of a column.

        Raises
        ------
        CrossliftError
            With the nearest names.
        """
        if name not in self.cells:
            hint = did_you_mean(name, self.cells) or f"Columns: {', '.join(self.cells)}."
            raise CrossliftError(f"{self.name} has no column '{name}'.", hint)
        return self.cells[name]

    def number(self, column: str, row: int) -> Fraction | None:
        """A cell as a number; ``None`` if it is empty.

        Raises
        ------
        CrossliftError
            If it is neither.
        """
        printed = self.cells[column][row]
        if printed is None or printed.lower() in EMPTY:
            return None
        value = as_number(printed)
        if value is None:
            raise CrossliftError(
                f"{self.name}, line {self.first_line + row}, column '{column}': '{printed}' is not a number.",
                "Leave such rows out with where, or leave the cell empty.",
            )
        return value

    def decimals(self, column: str) -> Sequence[int | None]:
        """Decimals of each cell of a column; ``None`` for a column of whole numbers, which are exact.

        Where trailing zeros seem dropped (66 beside 57.3 is 66.0), all cells are as precise as the most precise one;
        :func:`zeros_dropped` says how that is told.
        """
        own = [None if cell is None or as_number(cell) is None else decimals_of(cell) for cell in self.column(column)]
        most = max((item for item in own if item is not None), default=0)
        if most == 0:
            return [None] * len(own)
        if any(cell is not None and re.search(r"\.\d*0%?$", cell) for cell in self.cells[column]):
            return own
        return [most] * len(own) if zeros_dropped([item for item in own if item is not None]) else own


def zeros_dropped(decimals: Sequence[int]) -> bool:
    """Whether cells with fewer decimals than others may have lost a zero, rather than being rounded otherwise.

    One figure in ten ends in zero. Where so many cells are shorter that chance gives it in less than one table of a
    thousand, the cells were printed with different decimals.
    """
    most, n = max(decimals), len(decimals)
    shorter = sum(item < most for item in decimals)
    chance = sum(math.comb(n, k) * 0.1**k * 0.9 ** (n - k) for k in range(shorter)) if n <= _EXACT else None
    if chance is None:  # normal approximation; math.comb of large tables leaves the range of floats
        return shorter <= 0.1 * n + _THOUSANDTH * math.sqrt(0.09 * n)
    return 1 - chance >= 0.001


@lru_cache(maxsize=1 << 16)
def as_number(printed: str) -> Fraction | None:
    """The number that a cell prints: with a minus sign of any kind, separators of thousands, a percent sign."""
    plain = printed.strip().replace("−", "-").removesuffix("%").strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    return Fraction(plain) if _NUMBER.fullmatch(plain) else None


@lru_cache(maxsize=1 << 16)
def decimals_of(printed: str) -> int:
    """Decimals that a cell is printed with."""
    mantissa, _, exponent = printed.strip().removesuffix("%").lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return max(0, digits - int(exponent)) if re.fullmatch(r"[+-]?\d+", exponent) else digits


def read_sheet(name: str) -> Sheet:
    """Read a table by its path, or a bundled set by its name.

    Raises
    ------
    CrossliftError
        If there is neither, or the file is broken.
    """
    path = Path(name)
    if not path.is_file() and path.suffix not in ENDINGS and "/" not in name:
        path = datasets.find(name).path
    read = read_table(path)
    frame, first_line = read.table, read.first_line
    if path.suffix.lower() == HARNESS:  # written in full: none is a rounded one, however few decimals it takes
        frame["score"] = [f"{score:.10f}" for score in frame["score"]]
    if frame.columns.duplicated().any():
        double = frame.columns[frame.columns.duplicated()][0]
        raise CrossliftError(f"{path.name} has more than one column '{double}'.", "Keep one, or rename the others.")
    cells = {str(column): tuple(_text(cell) for cell in frame[column]) for column in frame.columns}
    return Sheet(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), cells, first_line)


def _text(cell: Any) -> str | None:
    text = "" if cell is None or cell != cell else str(cell).strip()
    return text or None  # 'na' and 'nan' are codes of languages: empty only where a number is asked for
