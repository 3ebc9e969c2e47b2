"""Sizes that a curve can be fitted on: model size, intermediate examples, or a language's pretraining corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError, unknown_name
from ..core.text import magnitude, number

if TYPE_CHECKING:
    import pandas as pd

_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_SIZE = re.compile(r"^\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([kmbt]?)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Axis:
    """One size: its column of base-2 logarithms, and the factor that has a new level at an unseen size.

    Attributes
    ----------
    name
        As ``--factor`` names it.
    column
        Base-2 logarithm of the size in ``unit``; computed from ``raw`` where the rows do not have it.
    raw, divisor
        Column of the size itself, and how much of it one ``unit`` is.
    unit, words
        For axes and sentences.
    level
        Factor whose level a new size is: a new model, a new language; empty if none.
    counted
        True if sizes are counts, printed as 7B or 20K; otherwise they are plain numbers in ``unit``.
    """

    name: str
    column: str
    raw: str
    divisor: float
    unit: str
    words: str
    level: str
    counted: bool

    @property
    def count_unit(self) -> float:
        """How many parameters or examples one ``unit`` is."""
        return {"size": 1e9, "examples": 1e3}.get(self.name, 1.0)

    @property
    def printed_unit(self) -> str:
        """What printed sizes count: ``7B`` is in parameters, though the column is in billions of them."""
        return self.unit.split(" ")[-1] if self.counted else self.unit

    def parse(self, text: str) -> float:
        """A size as a user writes it (``7B``, ``560M``, ``20K``) as its base-2 logarithm in ``unit``.

        Raises
        ------
        CrossliftError
            If it is not a positive number with an optional suffix.
        """
        found = _SIZE.match(text)
        value = float(found[1]) if found else 0.0
        suffix = found[2].lower() if found else ""
        if value <= 0 or (suffix and not self.counted) or (not suffix and self.name == "size"):
            example = "7B or 560M" if self.name == "size" else "20K or 20000" if self.counted else "100"
            raise CrossliftError(f"'{text}' is not a valid {self.words}.", f"Write it like {example}.")
        return float(np.log2(value * _SUFFIX[suffix] / self.count_unit))

    def label(self, z: float) -> str:
        """A size for people: ``7.1B``, ``560M``, ``20K``, ``12.3``."""
        value = 2.0**z
        if not self.counted:
            return number(value, 1 if value < 100 else 0)
        return magnitude(value * self.count_unit)


AXES = {
    "size": Axis("size", "log_params", "params_m", 1000.0, "billion parameters", "model size", "model", True),
    "examples": Axis(
        "examples",
        "log_examples",
        "intermediate_examples",
        1000.0,
        "thousand examples",
        "number of intermediate examples",
        "",
        True,
    ),
    "corpus": Axis(
        "corpus",
        "log_corpus",
        "",
        1.0,
        "units of the corpus",
        "size of the language's pretraining corpus",
        "language",
        False,
    ),
}


def find_axis(name: str) -> Axis:
    """The axis of a ``--factor``.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if name not in AXES:
        raise unknown_name("factor", name, AXES)
    return AXES[name]


def with_axis(frame: pd.DataFrame, axis: Axis) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """Rows that have a size, with its column, and how many rows do not have one and why."""
    if axis.column not in frame.columns:
        size = frame[axis.raw].where(frame[axis.raw] > 0) / axis.divisor
        frame = frame.assign(**{axis.column: np.log2(size.astype(float))})
    missing = frame[axis.column].isna()
    lost = int(missing.sum())
    return frame[~missing].reset_index(drop=True), [(f"no {axis.words}", lost)] if lost else []
