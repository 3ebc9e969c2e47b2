"""The effect at a standard error of zero, by regression on the standard error (PET) or on the variance (PEESE).

PET is biased towards zero where there is an effect, PEESE away from zero where there is none: PEESE is taken where
PET's limit differs from zero at 10%, two-sided (Stanley & Doucouliagos 2014, Res. Synth. Methods 5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import unknown_name
from ..core.jsonable import records
from .effects import Effects
from .egger import KINDS, regression_on, with_std_error

if TYPE_CHECKING:
    import pandas as pd

    from .estimate import Estimate

#: Two-sided p-value of PET's limit below which PEESE is taken.
DIFFERS = 0.10


@dataclass(frozen=True, slots=True)
class PetPeese:
    """Both regressions and the one that the rule takes.

    Attributes
    ----------
    table
        Four rows: ``method`` (``PET``, ``PEESE``), ``term`` (``slope``, ``limit``), ``estimate``, ``std_error``,
        ``df``, ``statistic``, ``p_value``, ``conf_low``, ``conf_high``.
    chosen
        ``PET`` or ``PEESE``.
    """

    table: pd.DataFrame
    chosen: str

    @property
    def limit(self) -> pd.Series[Any]:
        """The row of the corrected effect."""
        return self.table[(self.table["method"] == self.chosen) & (self.table["term"] == "limit")].iloc[0]

    def to_json(self) -> dict[str, Any]:
        """The table and the choice."""
        return {"chosen": self.chosen, "table": records(self.table)}


def pet_peese(result: Estimate, kind: str = "lm") -> PetPeese:
    """Fit both regressions.

    Parameters
    ----------
    result
        A fit without moderators.
    kind
        ``"lm"``: weighted least squares with the dispersion estimated; ``"rma"``: the random-effects model and test of
        the fit.

    Raises
    ------
    CrossliftError
        If the kind is unknown or the fit has moderators.
    DesignError
        If there are fewer than three effects, or all have the same standard error.
    """
    import pandas as pd

    if kind not in KINDS:
        raise unknown_name("kind of regression", kind, KINDS)
    pet = regression_on(result, with_std_error(result.effects), kind)
    peese = regression_on(result, _with_variance(result.effects), kind)
    limit = pet[pet["term"] == "limit"].iloc[0]
    table = pd.concat([pet.assign(method="PET"), peese.assign(method="PEESE")], ignore_index=True)
    table.insert(0, "method", table.pop("method"))
    return PetPeese(table, "PEESE" if limit["p_value"] < DIFFERS else "PET")


def _with_variance(effects: Effects) -> Effects:
    X = np.column_stack([np.ones(effects.k), effects.v])
    return replace(effects, X=X, names=("Intercept", "variance"), evaluator=None, moderators="variance")
