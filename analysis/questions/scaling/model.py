"""The mixed model around a curve: which effects are crossed, and for which levels the curve has its own slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.errors import CrossliftError, DesignError
from ...mixed import MixedResult, fit_mixed
from ...mixed.inference.refit import Refitter
from ...mixed.model.design import build_design
from ...mixed.model.formula import parse_formula, variables
from ...mixed.numerics.criterion import Criterion
from ...mixed.numerics.crossproducts import sum_rows
from ...mixed.numerics.optimize import DECREASE
from ...mixed.numerics.threads import blas_threads
from ...mixed.numerics.whitening import whiten
from ...outcomes.axes import Axis
from ...outcomes.default_model import FEWEST_LEVELS, Slope, default_model
from .forms import Form

if TYPE_CHECKING:
    import pandas as pd

#: The curve's column in formulas.
TERM = "scale"
#: Factors whose levels may have their own slopes.
SLOPES = ("language", "target_task", "intermediate_task")


@dataclass(frozen=True, slots=True)
class CurveModel:
    """Formula with the column ``scale`` for the curve, the columns it needs, and notices about the model."""

    formula: str
    outcome: str
    columns: tuple[str, ...]
    slopes: tuple[str, ...]
    notices: tuple[str, ...]

    def fit(
        self, frame: pd.DataFrame, form: Form, parameter: float, axis: Axis, reml: bool = False, df: str = "normal"
    ) -> MixedResult:
        """Fit at a given nonlinear parameter; the curve's origin is the smallest size in ``frame``."""
        return fit_mixed(self.formula, self.rows(frame, form, parameter, axis), reml=reml, df=df)

    def rows(self, frame: pd.DataFrame, form: Form, parameter: float, axis: Axis) -> pd.DataFrame:
        """The columns that the formula needs, with the curve at ``parameter``."""
        rows = frame[list(self.columns)].copy()
        z = frame[axis.column].to_numpy(dtype=float)
        rows[TERM] = form.basis(z, parameter, float(z.min()))
        return rows

    def follow(self, first: MixedResult) -> Callable[[pd.DataFrame], float]:
        """Minus twice the log-likelihood for other curves (ML), with searches starting at the minimum of ``first``."""
        state = first.engine_state()
        refitter = Refitter(state.criterion, state.point, DECREASE)
        parsed = parse_formula(self.formula)

        def criterion(rows: pd.DataFrame) -> float:
            design = build_design(parsed, rows)
            with blas_threads(design.q):
                found = refitter.borrow(Criterion(sum_rows(whiten(design, None, True), parsed), False))
            if found.converged:
                return float(found.point.value)
            return fit_mixed(self.formula, rows, reml=False, df="normal").criterion

        return criterion


def curve_model(frame: pd.DataFrame, outcome: str, axis: Axis) -> CurveModel:
    """The default model with the curve, random slopes by language and task if possible, and families as fixed effects.

    A factor's levels get slopes if at least ``FEWEST_LEVELS`` of them are observed at three sizes or more. Model
    families are fixed effects, so that the curve is within families, which differ in more than size.

    Raises
    ------
    DesignError
        If there are fewer than three sizes.
    """
    z = frame[axis.column]
    sizes = int(z.nunique())
    if sizes < 3:
        raise DesignError(
            f"the {len(frame)} rows have {sizes} value{'s' if sizes != 1 else ''} of {axis.words}: a curve needs at "
            "least three.",
            "Add sizes, or ask for another --factor (size, examples, corpus).",
        )
    check_families(frame, axis)
    predictors, notices = [TERM], []
    families = frame["family"]
    if axis.name == "size" and families.nunique() >= 2:
        if families.isna().any():
            notices.append(
                f"'family' is missing in {int(families.isna().sum())} of {len(frame)} rows: families are not "
                "distinguished, and the curve mixes differences between them with size."
            )
        else:
            predictors.append("family")
    rows = frame.assign(**{TERM: z})
    model = default_model(rows, outcome, predictors)
    slopes = []
    for group in SLOPES:
        seen = frame.groupby(group, observed=True)[axis.column].nunique()
        if group in model.groups and int((seen >= 3).sum()) >= FEWEST_LEVELS:
            slopes.append(group)
    formula = model.with_slopes(Slope(TERM), slopes).formula
    parsed = parse_formula(formula)
    needed = [outcome, *variables(parsed.fixed, formula), *(name for bar in parsed.bars for name in bar.factors)]
    columns = tuple(name for name in dict.fromkeys(needed) if name != TERM)
    return CurveModel(formula, outcome, columns, tuple(slopes), (*notices, *model.notices))


def check_families(frame: pd.DataFrame, axis: Axis) -> None:
    """Refuse truncations of one checkpoint together with separately pretrained sizes.

    Raises
    ------
    CrossliftError
        If both are among the rows of a curve over model size.
    """
    if axis.name != "size":
        return
    names = frame["family"].fillna("")
    cut = truncated(frame)
    if cut.any() and not cut.all():
        family = str(names[cut].iloc[0])
        raise CrossliftError(
            f"'{family}' contains truncations of one checkpoint ({int(cut.sum())} rows); the other {int((~cut).sum())} "
            "rows come from models pretrained at their size. Their sizes are not on one curve.",
            f"Keep one kind: --where \"family == '{family}'\" or --where \"family != '{family}'\", or --by family.",
        )


def truncated(frame: pd.DataFrame) -> pd.Series[bool]:
    """Rows of a family of truncations."""
    return frame["family"].fillna("").str.contains("truncat", case=False)
