"""Tests of the terms of a fixed part, of three types.

- Type I: each term after those before it, in the order of the formula.
- Type II: each term after all that do not contain it. As in SAS a term contains another if it has all its variables and
  further *factors*: ``recipe:temp`` with a number ``temp`` contains ``temp`` but not ``recipe``.
- Type III: each term after all others, with factors coded so that effects sum to zero: main effects are averages over
  equal cells, whatever the numbers of rows.

The hypotheses are those of lmerTest (Kuznetsova, Brockhoff & Christensen 2017, J. Stat. Softw. 82(13)): types I and II
from the design alone, as rows of the triangle of its QR decomposition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from .fixed_part import FixedPart

if TYPE_CHECKING:
    import pandas as pd

TYPES = {1: 1, 2: 2, 3: 3, "1": 1, "2": 2, "3": 3, "I": 1, "II": 2, "III": 3}


def anova(part: FixedPart, test: Callable[[Floats], pd.DataFrame], kind: int | str = 3) -> pd.DataFrame:
    """Test each term.

    Parameters
    ----------
    part
        The fixed part.
    test
        Joint test of linear combinations of the coefficients, given as rows: a frame of one row.
    kind
        1, 2 or 3, or ``"I"``, ``"II"``, ``"III"``.

    Returns
    -------
    DataFrame
        ``term``, ``statistic`` (F), ``num_df``, ``den_df``, ``p_value``.

    Raises
    ------
    CrossliftError
        If the type is unknown or the model has no term.
    """
    import pandas as pd

    if kind not in TYPES:
        raise CrossliftError(f"the type of an analysis of variance is 1, 2 or 3, not {kind!r}.")
    terms = part.terms
    if not terms:
        raise CrossliftError(f"'{part.text}' has no term to test.", "Add a predictor.")
    rows: list[dict[Any, Any]] = []
    for (_, name), hypothesis in zip(terms, hypotheses(part, TYPES[kind]), strict=True):
        rows.append({"term": name, **test(hypothesis).iloc[0].to_dict()})
    return pd.DataFrame(rows)


def hypotheses(part: FixedPart, kind: int) -> list[Floats]:
    """Combinations of the coefficients that are zero where a term has no effect, shapes ``(r, p)``."""
    places = part.places
    if kind == 3:
        recoded = np.linalg.lstsq(part.summed(), part.matrix, rcond=None)[0]
        recoded[np.abs(recoded) < 1e-9 * np.abs(recoded).max()] = 0.0
        return [recoded[place] for place in places]
    if kind == 1:
        triangle = np.linalg.qr(part.matrix, mode="r")
        return [triangle[place] for place in places]
    return [_type_two(part, i) for i in range(len(places))]


def _type_two(part: FixedPart, tested: int) -> Floats:
    """Type I in an order of columns in which the terms that contain the one tested come last, and it before them."""
    own, factors = part.terms[tested][0], part.factor_texts
    after = [i for i, (variables, _) in enumerate(part.terms) if own < variables and variables - own <= factors]
    places, p = part.places, part.matrix.shape[1]
    mine = list(range(p))[places[tested]]
    last = [j for i in after for j in range(p)[places[i]]]
    first = [j for j in range(p) if j not in mine and j not in last]
    order = [*first, *mine, *last]
    triangle = np.linalg.qr(part.matrix[:, order], mode="r")
    result = np.zeros((len(mine), p))
    result[:, order] = triangle[len(first) : len(first) + len(mine)]
    return result
