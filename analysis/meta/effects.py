"""Input of a meta-analysis: effects, sampling variances and moderators of the usable rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError, did_you_mean, unknown_name
from ..mixed.model.checks import RANK_TOLERANCE
from ..mixed.model.columns import Evaluator, evaluate_columns
from ..mixed.model.formula import variables

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects on the rows used.

    Attributes
    ----------
    y, v
        Effects and their sampling variances, shape ``(k,)``.
    X
        Moderators with the intercept, shape ``(k, p)``, under ``names``.
    labels
        Name of each effect in tables and figures.
    kept
        Which of the rows given are used, shape ``(n,)``.
    dropped
        Reasons and numbers of rows left out.
    evaluator
        Evaluates the moderators on new rows; ``None`` if they were given as numbers.
    moderators
        The formula they come from, ``1`` for the intercept alone.
    """

    y: Floats
    v: Floats
    X: Floats
    names: tuple[str, ...]
    labels: tuple[str, ...]
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]
    evaluator: Evaluator | None
    moderators: str

    @property
    def k(self) -> int:
        """Number of effects."""
        return len(self.y)

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.X.shape[1])

    @property
    def intercept_only(self) -> bool:
        """True if the one coefficient is the pooled effect."""
        return self.names == ("Intercept",)

    def only(self, rows: Booleans) -> Effects:
        """The same moderators on some of the rows used; ``rows`` has shape ``(k,)``."""
        kept = self.kept.copy()
        kept[self.kept] = rows
        labels = tuple(label for label, use in zip(self.labels, rows, strict=True) if use)
        return replace(self, y=self.y[rows], v=self.v[rows], X=self.X[rows], labels=labels, kept=kept)


def read_effects(
    effects: Any,
    variances: Any,
    moderators: Any = None,
    frame: pd.DataFrame | None = None,
    labels: Any = None,
) -> Effects:
    """Check and align the inputs.

    Parameters
    ----------
    effects, variances
        A column of ``frame``, or one number per row.
    moderators
        The right-hand side of a formula over ``frame``, such as ``"typology*log_params"``, or a table with one numeric
        column per moderator. An intercept is added unless the formula says ``0 +``.
    frame
        The data that names refer to.
    labels
        A column of ``frame``, or one name per row.

    Raises
    ------
    CrossliftError
        If a name is not a column, lengths differ, or a variance is not positive.
    DesignError
        If no row is complete, or moderators are collinear.
    """
    y = _numbers(effects, frame, "effects")
    v = _numbers(variances, frame, "variances")
    n = len(y)
    if len(v) != n:
        raise CrossliftError(
            f"{n} effects and {len(v)} sampling variances were given.", "Give one variance per effect."
        )
    kept = np.ones(n, dtype=bool)
    dropped: list[tuple[str, int]] = []
    _leave_out(np.isnan(y), "no effect", kept, dropped)
    _leave_out(np.isnan(v), "no sampling variance", kept, dropped)
    if not np.isfinite(y[kept]).all() or not np.isfinite(v[kept]).all():
        raise DesignError("an effect or a sampling variance is infinite.", "Was a logarithm of zero taken?")
    wrong = kept & ~(v > 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise CrossliftError(
            f"the sampling variance of row {row} is {v[row]:g}, not a positive number.",
            "Give variances, not standard errors, and leave out effects whose variance is not known.",
        )
    table, formula = _moderator_table(moderators, frame, n)
    for name in table.columns:
        _leave_out(table[name].isna().to_numpy(), f"no value for '{name}'", kept, dropped)
    if not kept.any():
        account = "; ".join(f"{reason} ({rows})" for reason, rows in dropped)
        raise DesignError(f"none of {n} effects can be used: {account}.")
    columns = {str(name): table.loc[kept, name].infer_objects() for name in table.columns}
    found = evaluate_columns(formula, columns, int(kept.sum()), f"effect ~ {formula}")
    if not np.isfinite(found.matrix).all():
        raise DesignError(f"a moderator of '{formula}' is infinite.", "Was a logarithm of zero taken?")
    _check_rank(found.matrix, found.names)
    return Effects(
        y[kept],
        v[kept],
        found.matrix,
        found.names,
        _labels(labels, frame, kept),
        kept,
        tuple(dropped),
        found.evaluator,
        formula,
    )


def _leave_out(where: Booleans, reason: str, kept: Booleans, dropped: list[tuple[str, int]]) -> None:
    """Drop rows; each is counted once, under its first reason."""
    hit = where & kept
    if hit.any():
        dropped.append((reason, int(hit.sum())))
        kept &= ~hit


def column(frame: pd.DataFrame | None, name: str, what: str) -> pd.Series[Any]:
    """A column by name, or an error that lists the columns."""
    if frame is None:
        raise CrossliftError(f"{what} '{name}' names a column, but no frame was given.", "Give frame=.")
    if name not in frame.columns:
        raise unknown_name("column", name, [str(c) for c in frame.columns])
    return frame[name]


def _numbers(given: Any, frame: pd.DataFrame | None, what: str) -> Floats:
    values = column(frame, given, what) if isinstance(given, str) else given
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise CrossliftError(f"{what} are not numbers: {error}.") from error
    if found.ndim != 1 or len(found) == 0:
        raise CrossliftError(f"{what} have shape {found.shape}; one number per row is needed.")
    return found


def _moderator_table(moderators: Any, frame: pd.DataFrame | None, n: int) -> tuple[pd.DataFrame, str]:
    """The columns that moderators need, and their formula."""
    import pandas as pd

    if moderators is None:
        return pd.DataFrame(index=range(n)), "1"
    if isinstance(moderators, str):
        if "|" in moderators:
            raise CrossliftError(f"moderators '{moderators}' have a random effect.", "Give random effects as random=.")
        names = variables(moderators, f"effect ~ {moderators}")
        table = pd.DataFrame({name: column(frame, name, "moderator").reset_index(drop=True) for name in names})
        table = table if len(names) else pd.DataFrame(index=range(n))
        formula = moderators
    else:
        table = pd.DataFrame(moderators).reset_index(drop=True)
        table.columns = [str(name) if str(name).isidentifier() else f"x{name}" for name in table.columns]
        formula = " + ".join(table.columns)
    if len(table) != n:
        raise CrossliftError(f"moderators have {len(table)} rows for {n} effects.")
    return table, formula


def _labels(labels: Any, frame: pd.DataFrame | None, kept: Booleans) -> tuple[str, ...]:
    if labels is None:
        return tuple(str(i + 1) for i in np.flatnonzero(kept))
    values = column(frame, labels, "labels") if isinstance(labels, str) else labels
    if len(values) != len(kept):
        raise CrossliftError(f"{len(values)} labels were given for {len(kept)} effects.")
    return tuple(str(value) for value, use in zip(values, kept, strict=True) if use)


def _check_rank(X: Floats, names: Sequence[str]) -> None:
    """Refuse collinear moderators, naming the first one."""
    if len(X) <= X.shape[1] and not (X.shape[1] == 1 and len(X) == 1):
        raise DesignError(
            f"{X.shape[1]} coefficients cannot be estimated from {len(X)} effects.", "Use fewer moderators."
        )
    for j in range(X.shape[1]):
        left = X[:, j]
        if j:
            left = left - X[:, :j] @ np.linalg.lstsq(X[:, :j], left, rcond=None)[0]
        if np.linalg.norm(left) <= RANK_TOLERANCE * max(float(np.linalg.norm(X[:, j])), 1e-300):
            raise DesignError(
                f"the moderator '{names[j]}' does not vary, or is a combination of the others.",
                did_you_mean(names[j], ()) or "Leave it out.",
            )
