"""Predictions of rows that are left out, from the others: the whole fit's sums without them, and a short search.

What leaving out a language, or a family, changes in the other rows (an imputed median) is exchanged in the same sums.
Nothing is summed over all rows again, and the search goes on from the whole fit's minimum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Booleans, Floats
from ..fitted import EngineState, conditional_modes
from ..numerics.criterion import Criterion
from ..numerics.curvature import coefficients, hessian
from ..numerics.downdate import downdated
from ..numerics.optimize import DECREASE
from ..numerics.random_columns import OneHot
from ..numerics.threads import blas_threads
from ..reference import satterthwaite
from .predictions import predictions
from .refit import Refitter

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel
    from ..numerics.whitening import Rows


class LeftOut:
    """Fits of one model without some of its rows.

    Parameters
    ----------
    result
        The fit of all rows, by this engine, with Satterthwaite's degrees of freedom.
    """

    def __init__(self, result: FittedModel) -> None:
        self._result, self._state = result, result.engine_state()
        self._refitter = Refitter(self._state.criterion, self._state.point, DECREASE)

    def predictions(
        self, out: Booleans, frame: pd.DataFrame, changed: tuple[pd.DataFrame, Booleans] | None = None
    ) -> pd.DataFrame | None:
        """Predict new outcomes of rows, as :func:`predictions` with the average of new levels, from the rows not out.

        Parameters
        ----------
        out
            The rows left out, of those of the fit.
        frame
            Rows to predict.
        changed
            Rows of the fit whose numbers differ without the rows left out, in the levels they had, and where these are
            among the rows of the fit.

        Returns
        -------
        DataFrame
            As by :func:`analysis.mixed.inference.predictions.predictions`; ``None`` where the rows that remain do not
            tell all fixed effects apart, or the search did not end.
        """
        entering = None if changed is None else (changed[1], self._entering(*changed))
        criterion = self._state.criterion
        try:
            with blas_threads(criterion.dense):
                data, used = downdated(criterion.data, self._state.rows, out, entering)
                if not used.all():
                    return None
                own = Criterion(data, criterion.reml)
                search = self._refitter.borrow(own)
                if not search.converged:
                    return None
                reference = satterthwaite(own, search.point, hessian(own, search.point))
        except np.linalg.LinAlgError:  # the whole fit's variances need not suit these rows
            return None
        design, point = self._result.design, search.point
        fit = replace(
            self._result,
            reference=reference,
            coefficients=coefficients(own, point)[0],
            covariance=reference.covariance,
            modes=tuple(conditional_modes(design, own, point)),
            fitted=EngineState(own, point, self._state.rows, {}),
        )
        present = [np.bincount(term.codes[~out], minlength=len(term.levels)) > 0 for term in design.terms]
        return predictions(fit, frame, new_levels="average", outcome=True, present=present)

    def _entering(self, values: pd.DataFrame, changed: Booleans) -> Rows:
        """Whitened rows with other numbers in the columns of the same levels."""
        rows, design = self._state.rows, self._result.design
        weight = None if rows.root is None else rows.root[changed][:, None]
        operands = []
        for t, term in enumerate(design.terms):
            codes, columns = term.codes[changed], None
            if term.evaluator is not None:
                given = np.linalg.solve(rows.bases[t].T, term.evaluator.evaluate(values).T).T
                columns = _times(given, weight)
            elif weight is not None:
                columns = weight
            operands.append(OneHot(replace(term, codes=codes), columns))
        X = _times(design.evaluator.evaluate(values), weight)
        return replace(rows, X=X, y=rows.y[changed], operands=tuple(operands))


def _times(columns: Floats, weight: Floats | None) -> Floats:
    return columns if weight is None else columns * weight
