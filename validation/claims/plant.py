"""Tables with planted errors: real published scores, printed anew from values that their rounding allows.

Each cell of a published table is known to half a unit. A value is drawn from that range, so that what is printed (cells
and averages alike) is rounded from unrounded values, as papers do it and as an audit has to expect it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.claims.papers.cells import PaperCell
from analysis.claims.papers.tables import PaperTable
from analysis.languages.codes import AVERAGE
from analysis.records import bundled

#: Rows and languages of a drawn table.
ROWS, LANGUAGES = (3, 10), (5, 15)
#: An error that changes no printed average by this much is none that a reader could see.
VISIBLE = 0.2


@dataclass(slots=True)
class Draft:
    """A table before it is printed, and the rows in which an error is planted."""

    values: NDArray[np.float64]
    languages: list[str]
    averages: NDArray[np.float64]
    shown: NDArray[np.float64]
    rng: np.random.Generator
    decimals: int = 1
    average_texts: list[str] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)

    def print(self) -> PaperTable:
        """The table as it is printed, cells with their own decimals."""
        header = ("Model", *self.languages, "Avg")
        texts = self.average_texts or [f"{value:.1f}" for value in self.averages]
        rows = tuple(
            (PaperCell(f"model {i}"), *(PaperCell("" if np.isnan(x) else f"{x:.{self.decimals}f}") for x in row),
             PaperCell(texts[i]))
            for i, row in enumerate(self.shown)
        )  # fmt: skip
        return PaperTable("table 1", header, rows)


@lru_cache(maxsize=1)
def published() -> tuple[tuple[pd.DataFrame, tuple[str, ...]], ...]:
    """Published tables with one decimal: models by languages, complete, English among the languages."""
    found = []
    for entry in bundled.published_sets():
        frame = bundled.load(entry.name)
        frame = frame[frame["score"].notna() & (frame["language"] != AVERAGE) & frame["score"].between(15, 99)]
        keys = ["study", "target_task", "metric", "split"]
        for _, part in frame.groupby(keys, dropna=False):
            part = part.assign(row=part.groupby(["model", "method", "condition", "language"], dropna=False).cumcount())
            names = ["model", "method", "condition", "row"]
            wide = part.assign(**{name: part[name].astype("str").fillna("") for name in names}).pivot_table(
                index=names, columns="language", values="score", aggfunc="first"
            )
            wide = wide.dropna(axis=1)
            if len(wide) >= ROWS[0] and wide.shape[1] >= LANGUAGES[0] and "eng" in wide.columns:
                found.append((wide, tuple(map(str, wide.columns))))
    return tuple(found)


def draw(rng: np.random.Generator, languages: int | None = None) -> Draft:
    """A table of real scores: some models and languages of a published one, English always among them."""
    tables = [item for item in published() if languages is None or len(item[1]) >= languages]
    wide, names = tables[int(rng.integers(len(tables)))]
    n = min(len(wide), int(rng.integers(ROWS[0], ROWS[1] + 1)))
    count = languages or min(len(names), int(rng.integers(LANGUAGES[0], LANGUAGES[1] + 1)))
    rest = [name for name in names if name != "eng"]
    chosen = ["eng", *rng.choice(rest, size=count - 1, replace=False)]
    rows = rng.choice(len(wide), size=n, replace=False)
    printed = np.round(wide.iloc[rows][chosen].to_numpy(dtype=float), 1)
    values = printed + rng.uniform(-0.05, 0.05, size=printed.shape)
    averages = values.mean(axis=1)
    return Draft(values, chosen, averages, np.round(values, 1), rng)


def _one(draft: Draft) -> int:
    row = int(draft.rng.integers(len(draft.values)))
    draft.wrong = {row}
    return row


def _shift(points: float) -> Callable[[Draft], bool]:
    def plant(draft: Draft) -> bool:
        row = _one(draft)
        draft.averages[row] = np.round(draft.averages[row], 1) + points * draft.rng.choice([-1, 1])
        return True

    return plant


def _two(draft: Draft) -> tuple[int, int] | None:
    """Two rows whose averages differ visibly."""
    a, b = (int(i) for i in draft.rng.choice(len(draft.values), size=2, replace=False))
    return (a, b) if abs(draft.averages[a] - draft.averages[b]) >= VISIBLE else None


def exchanged_averages(draft: Draft) -> bool:
    """The averages of two rows in each other's place."""
    pair = _two(draft)
    if pair is None or len(draft.values) < 5:
        return False
    draft.averages[list(pair)] = draft.averages[list(pair[::-1])]
    draft.wrong = set(pair)
    return True


def exchanged_rows(draft: Draft) -> bool:
    """The cells of two rows in each other's place."""
    pair = _two(draft)
    if pair is None or len(draft.values) < 5:
        return False
    draft.shown[list(pair)] = draft.shown[list(pair[::-1])]
    draft.wrong = set(pair)
    return True


def _without(number: int, english: bool = False) -> Callable[[Draft], bool]:
    def plant(draft: Draft) -> bool:
        if len(draft.values) < 3:
            return False
        row = _one(draft)
        left = [0] if english else list(draft.rng.choice(len(draft.languages), size=number, replace=False))
        kept = [at for at in range(len(draft.languages)) if at not in left]
        new = draft.values[row, kept].mean()
        if abs(new - draft.averages[row]) < VISIBLE:
            return False
        draft.averages[row] = new
        return True

    return plant


def truncated(draft: Draft) -> bool:
    """Every average cut off after its first decimal: wrong are those that rounding would print otherwise."""
    cut = np.floor(draft.averages * 10 + 1e-9) / 10
    draft.wrong = {int(i) for i in np.flatnonzero(np.abs(cut - np.round(draft.averages, 1)) > 0.05)}
    draft.averages = cut
    return len(draft.wrong) >= 2


def _digits(number: float, rng: np.random.Generator) -> float | None:
    text = f"{number:.1f}"
    places = [i for i, a in enumerate(text[:-1]) if a != "." and text[i + 1] != "." and a != text[i + 1]]
    if "." in text and text[-1] != text[-3]:
        places.append(len(text) - 3)
    if not places:
        return None
    at = int(rng.choice(places))
    other = at + 1 if text[at + 1] != "." else at + 2
    letters = list(text)
    letters[at], letters[other] = letters[other], letters[at]
    return float("".join(letters))


def swapped_digits_average(draft: Draft) -> bool:
    """Two neighbouring digits of an average exchanged."""
    row = _one(draft)
    new = _digits(float(np.round(draft.averages[row], 1)), draft.rng)
    if new is None or abs(new - draft.averages[row]) < VISIBLE:
        return False
    draft.averages[row] = new
    return True


def swapped_digits_cell(draft: Draft) -> bool:
    """Two neighbouring digits of a cell exchanged, such that the mean moves visibly."""
    row, column = _one(draft), int(draft.rng.integers(len(draft.languages)))
    new = _digits(float(draft.shown[row, column]), draft.rng)
    if new is None or abs(new - draft.shown[row, column]) / len(draft.languages) < VISIBLE:
        return False
    draft.shown[row, column] = new
    return True


def wrong_digit(draft: Draft) -> bool:
    """A tens digit of a cell that is another one."""
    row, column = _one(draft), int(draft.rng.integers(len(draft.languages)))
    draft.shown[row, column] += 10 * draft.rng.choice([-1, 1])
    return True


def other_metric_cell(draft: Draft) -> bool:
    """A cell of exact match in a row of F1."""
    row, column = _one(draft), int(draft.rng.integers(len(draft.languages)))
    draft.shown[row, column] -= float(np.round(draft.rng.uniform(12, 20), 1))
    return True


def other_metric_average(draft: Draft) -> bool:
    """The average of exact match in a row of F1."""
    draft.averages[_one(draft)] -= float(draft.rng.uniform(12, 20))
    return True


def copied_average(draft: Draft) -> bool:
    """The average of the row above once more."""
    row = int(draft.rng.integers(1, len(draft.values)))
    if abs(draft.averages[row] - draft.averages[row - 1]) < VISIBLE:
        return False
    draft.averages[row] = draft.averages[row - 1]
    draft.wrong = {row}
    return True


def weighted_row(draft: Draft) -> bool:
    """One row weighted by unequal numbers of items."""
    row = _one(draft)
    weights = draft.rng.uniform(0.2, 3, size=len(draft.languages))
    new = float(np.average(draft.values[row], weights=weights))
    if abs(new - draft.averages[row]) < VISIBLE:
        return False
    draft.averages[row] = new
    return True


def median_row(draft: Draft) -> bool:
    """One row with the median in place of the mean."""
    row = _one(draft)
    new = float(np.median(draft.values[row]))
    if abs(new - draft.averages[row]) < VISIBLE:
        return False
    draft.averages[row] = new
    return True


def doubled_language(draft: Draft) -> bool:
    """One language counted twice in one row."""
    row, column = _one(draft), int(draft.rng.integers(len(draft.languages)))
    new = (draft.values[row].sum() + draft.values[row, column]) / (len(draft.languages) + 1)
    if abs(new - draft.averages[row]) < VISIBLE:
        return False
    draft.averages[row] = new
    return True


def zero_for_blank(draft: Draft) -> bool:
    """A run that failed counted as zero in the average, its cell left as it was before."""
    row, column = _one(draft), int(draft.rng.integers(len(draft.languages)))
    draft.averages[row] -= draft.values[row, column] / len(draft.languages)
    return True


def stale_average(draft: Draft) -> bool:
    """Cells of a row were updated, all a point higher, the average was not."""
    row = _one(draft)
    draft.shown[row] += np.round(draft.rng.uniform(0.5, 1.5, size=len(draft.languages)), 1)
    return True


#: Kind of error → what plants it; False if the drawn table cannot show it.
ERRORS: Mapping[str, Callable[[Draft], bool]] = {
    "average off by 0.1": _shift(0.1),
    "average off by 0.1, 15 languages": _shift(0.1),
    "average off by 0.2": _shift(0.2),
    "average off by 0.3": _shift(0.3),
    "average off by 1.0": _shift(1.0),
    "averages of two rows exchanged": exchanged_averages,
    "cells of two rows exchanged": exchanged_rows,
    "one row without English": _without(1, english=True),
    "one row without one language": _without(1),
    "one row without two languages": _without(2),
    "averages cut off": truncated,
    "digits of an average exchanged": swapped_digits_average,
    "digits of a cell exchanged": swapped_digits_cell,
    "tens digit of a cell": wrong_digit,
    "cell of another metric": other_metric_cell,
    "average of another metric": other_metric_average,
    "average of the row above": copied_average,
    "one row weighted": weighted_row,
    "median for mean": median_row,
    "language counted twice": doubled_language,
    "failed run as zero": zero_for_blank,
    "average not updated": stale_average,
}


def plain(draft: Draft) -> bool:
    """Averages over all languages."""
    return True


def all_without_english(draft: Draft) -> bool:
    """Every average without English."""
    draft.averages = draft.values[:, 1:].mean(axis=1)
    return True


def half_even(draft: Draft) -> bool:
    """Exact halves, rounded to even."""
    draft.values = draft.shown.copy()
    draft.averages = draft.values.mean(axis=1)
    draft.average_texts = [str(np.round(round(float(value), 9), 1)) for value in draft.averages]
    return True


def fractions(draft: Draft) -> bool:
    """Scores between 0 and 1, three decimals."""
    draft.shown, draft.decimals = np.round(draft.shown / 100, 3), 3
    draft.average_texts = [f"{value / 100:.3f}" for value in draft.averages]
    return True


def blank_cell(draft: Draft) -> bool:
    """A cell not printed, the average over all."""
    draft.shown[int(draft.rng.integers(len(draft.shown))), int(draft.rng.integers(len(draft.languages)))] = np.nan
    return True


def whole_cells(draft: Draft) -> bool:
    """Cells printed as whole numbers, averages of unrounded ones."""
    draft.shown, draft.decimals = np.round(draft.values), 0
    return True


CLEAN: Mapping[str, Callable[[Draft], bool]] = {
    "plain": plain,
    "all without English": all_without_english,
    "half to even": half_even,
    "fractions": fractions,
    "a blank cell": blank_cell,
    "whole numbers": whole_cells,
}
