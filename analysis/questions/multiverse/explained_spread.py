"""How much of the variance of the estimates each choice explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Spread:
    """A choice's share of the variance of the estimates.

    Attributes
    ----------
    alone
        Share that the choice explains by itself, between the means of its options.
    beside
        Share that it adds to all other choices (type II, main effects).
    low_option, high_option
        Options with the lowest and highest mean estimate.
    low, high
        The means of these options.
    """

    choice: str
    alone: float
    beside: float
    low_option: str
    low: float
    high_option: str
    high: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """All choices, and the share that their main effects explain together; the rest are interactions.

    ``balanced`` is true if every option occurs equally often with every other: ``alone`` and ``beside`` are then the
    same and add up to ``together``.
    """

    choices: tuple[Spread, ...]
    together: float
    balanced: bool


def decompose(frame: pd.DataFrame, choices: list[str], column: str = "effect") -> Decomposition:
    """Analysis of variance of ``column`` on the main effects of ``choices``.

    Parameters
    ----------
    frame
        One row per fit.
    choices
        Columns of the options.
    column
        Column of the estimates.
    """
    y = frame[column].to_numpy(dtype=float)
    y = y - y.mean()
    total = float(y @ y)
    blocks = {name: _dummies(frame[name]) for name in choices}
    whole = _explained(list(blocks.values()), y)
    found = []
    for name in choices:
        means = frame.groupby(name, sort=True)[column].mean()
        others = [block for other, block in blocks.items() if other != name]
        found.append(
            Spread(
                name,
                _share(_explained([blocks[name]], y), total),
                _share(whole - _explained(others, y), total),
                str(means.idxmin()),
                float(means.min()),
                str(means.idxmax()),
                float(means.max()),
            )
        )
    found.sort(key=lambda item: -item.beside)
    together = _share(whole, total)
    sums = sum(item.alone for item in found)
    balanced = all(abs(item.alone - item.beside) < 1e-9 for item in found) and abs(sums - together) < 1e-9
    return Decomposition(tuple(found), together, balanced)


def _dummies(column: pd.Series[str]) -> Floats:
    levels, codes = np.unique(column.to_numpy(dtype=str), return_inverse=True)
    columns = np.eye(len(levels))[codes][:, 1:]
    return np.asarray(columns - columns.mean(axis=0)) if len(levels) > 1 else np.zeros((len(codes), 0))


def _explained(blocks: list[Floats], y: Floats) -> float:
    X = np.hstack(blocks) if blocks else np.zeros((len(y), 0))
    if not X.shape[1]:
        return 0.0
    gram, right = X.T @ X, X.T @ y
    solution, *_ = np.linalg.lstsq(gram, right, rcond=1e-10)
    return float(solution @ right)


def _share(part: float, total: float) -> float:
    return max(part, 0.0) / total if total > 0 else 0.0
