"""Tables as they are printed: numbers, decimals, and zeros that were dropped."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from analysis.claims.language.sheet import Sheet, as_number, decimals_of, read_sheet, zeros_dropped
from analysis.core.errors import CrossliftError


def sheet(*cells: str | None) -> Sheet:
    return Sheet("t.csv", "", {"x": cells})


@pytest.mark.parametrize(
    ("printed", "number", "decimals"),
    [("5.40", "5.4", 2), ("−1.5", "-1.5", 1), ("392,702", "392702", 0), ("1,234.5", "1234.5", 1), ("66", "66", 0),
     ("80.1%", "80.1", 1), ("1.50e1", "15", 1), ("2e-3", "0.002", 3), (".5", "0.5", 1)],
)  # fmt: skip
def test_numbers(printed: str, number: str, decimals: int) -> None:
    assert as_number(printed) == Fraction(number)
    assert decimals_of(printed) == decimals


@pytest.mark.parametrize("printed", ["1,23", "a", "1.2.3", "", "1 2"])
def test_no_numbers(printed: str) -> None:
    assert as_number(printed) is None


def test_decimals_of_a_column() -> None:
    assert sheet("66", "57.3", None).decimals("x") == [1, 1, 1]  # a zero was dropped
    assert sheet("66", "57.0", "1.25").decimals("x") == [0, 1, 2]  # zeros are printed
    assert sheet("66", "57").decimals("x") == [None, None]  # counts


def test_many_short_cells_are_no_dropped_zeros() -> None:
    """Half of the cells with one decimal, half with two: chance drops one zero in ten."""
    assert zeros_dropped([1] * 2 + [2] * 18)
    assert not zeros_dropped([1] * 10 + [2] * 10)
    assert zeros_dropped([1] * 100 + [2] * 900)
    assert not zeros_dropped([1] * 300 + [2] * 700)
    mixed = sheet(*[f"{i}.{i % 9 + 1}" for i in range(10)], *[f"{i}.1{i % 9 + 1}" for i in range(10)])
    assert mixed.decimals("x") == [1] * 10 + [2] * 10


def test_cells_that_are_no_numbers() -> None:
    table = sheet("1.5", "n/a", "nan", "high")
    assert [table.number("x", row) for row in range(3)] == [Fraction("1.5"), None, None]
    with pytest.raises(CrossliftError, match=r"t.csv, line 5, column 'x': 'high' is not a number. Leave such rows out"):
        table.number("x", 3)
    with pytest.raises(CrossliftError, match=r"has no column 'y'. Columns: x."):
        table.column("y")


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("language\tscore\nnan\t5.0\nna\t\n", encoding="utf-8")
    table = read_sheet(str(path))
    assert table.cells == {"language": ("nan", "na"), "score": ("5.0", None)}  # Min Nan and Nauru are languages
    assert read_sheet("phang2020_x_stilts").rows == 3
    with pytest.raises(CrossliftError, match="unknown data set 'phang'"):
        read_sheet("phang")
    with pytest.raises(CrossliftError, match="there is no file"):
        read_sheet(str(tmp_path / "u.csv"))
