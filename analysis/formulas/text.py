"""Conditions on the text of a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.arrays import Booleans
from ..core.errors import FormulaError
from .values import Labels


def starts_with(column: Any, text: str) -> Booleans:
    """Rows whose label starts with ``text``; a missing label does not."""
    return _each(column, lambda label: label.startswith(text))


def ends_with(column: Any, text: str) -> Booleans:
    """Rows whose label ends with ``text``."""
    return _each(column, lambda label: label.endswith(text))


def contains(column: Any, text: str) -> Booleans:
    """Rows whose label contains ``text`` literally."""
    return _each(column, lambda label: text in label)


def _each(column: Any, holds: Callable[[str], bool]) -> Booleans:
    if not isinstance(column, Labels):
        raise FormulaError("startswith, endswith and contains take a column of text.")
    return np.array([isinstance(label, str) and holds(label) for label in column.values.tolist()], dtype=bool)
