"""Printed scores of the XTREME test rows of XLM-R Large and X-STILTs, each as an interval with where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from ...records import bundled as datasets
from ..numbers.intervals import Interval, rounded

if TYPE_CHECKING:
    import pandas as pd

MODEL = "XLM-R Large"
#: XTREME's nine tasks by its four groups.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "sentence pairs": ("xnli", "pawsx"),
    "structured prediction": ("udpos", "panx"),
    "question answering": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
TASKS = tuple(task for tasks in GROUPS.values() for task in tasks)
QUESTIONS = GROUPS["question answering"]
RETRIEVAL = GROUPS["retrieval"]
PRINTED = {
    "xnli": "XNLI", "pawsx": "PAWS-X", "udpos": "POS", "panx": "NER", "xquad": "XQuAD", "mlqa": "MLQA",
    "tydiqa": "TyDiQA", "bucc2018": "BUCC", "tatoeba": "Tatoeba",
}  # fmt: skip
#: The three tables that print rows of XLM-R Large or X-STILTs on XTREME's test data.
REMBERT, MT5, VECO = "chung2021_rembert", "xue2021_mt5", "xtreme_baseline_via_veco_notes"

PUBLICATIONS = {REMBERT: "RemBERT paper", MT5: "mT5 README", VECO: "notes on VECO"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed score: its interval, and the line of the file that holds it (the header is line 1)."""

    interval: Interval
    line: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Scores of ``MODEL`` in one table, by method, target task and metric."""

    data: str
    scores: Mapping[tuple[str, str, str], Cell]

    @property
    def publication(self) -> str:
        """Who prints the table."""
        return PUBLICATIONS.get(self.data, self.data)

    def lines(self, task: str) -> tuple[int, ...]:
        """Lines that hold scores of ``task``."""
        return tuple(sorted(cell.line for (_, name, _), cell in self.scores.items() if name == task))

    def get(self, method: str, task: str, metric: str) -> Interval | None:
        """One score; the metric ``mean`` is that of F1 and EM, where a task has both."""
        if metric == "mean":
            f1, em = (self.scores.get((method, task, name)) for name in ("f1", "em"))
            return (f1.interval + em.interval).times(Fraction(1, 2)) if f1 and em else None
        cell = self.scores.get((method, task, metric))
        return cell.interval if cell else None

    def score(self, method: str, task: str, question_metric: str = "mean") -> Interval | None:
        """The score of a task: by ``question_metric`` for question answering, by its own metric otherwise."""
        if task in QUESTIONS:
            return self.get(method, task, question_metric)
        own = [cell.interval for (how, name, _), cell in self.scores.items() if (how, name) == (method, task)]
        return own[0] if own else None

    def gain(self, task: str, question_metric: str = "mean") -> Interval | None:
        """Score with intermediate task minus score without, where both are printed."""
        after, before = (self.score(method, task, question_metric) for method in ("intermediate", "baseline"))
        return after - before if after and before else None


@lru_cache(maxsize=8)
def read_cells(data: str) -> Cells:
    """The scores of ``MODEL`` in a bundled table."""
    return cells_of(datasets.load(data), data)


def cells_of(frame: pd.DataFrame, data: str) -> Cells:
    """The scores of ``MODEL`` in a table of records; a second row of one score is left to the first.

    All scores of a table are printed with the decimals of its most precise one: 66 beside 57.3 is 66.0.
    """
    decimals = max((_decimals(score) for score in frame["score"].dropna()), default=0)
    rows = frame[(frame["model"] == MODEL) & frame["score"].notna() & frame["method"].notna()]
    scores: dict[tuple[str, str, str], Cell] = {}
    for index, row in rows.iterrows():
        key = (str(row["method"]), str(row["target_task"]), str(row["metric"]))
        scores.setdefault(key, Cell(rounded(float(row["score"]), decimals), line_of(index)))
    return Cells(data, scores)


def line_of(index: object) -> int:
    """Line of the file that a row of a bundled table stands on; the header is line 1."""
    return int(str(index)) + 2


def names(tasks: Sequence[str]) -> str:
    """Tasks as they are printed, joined by *and*."""
    return " and ".join(PRINTED[task] for task in tasks)


def _decimals(score: float) -> int:
    text = repr(float(score))
    return 0 if text.endswith(".0") else len(text.partition(".")[2])
