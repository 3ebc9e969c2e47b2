"""Levels of new rows among those of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Integers
from ...core.errors import DesignError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def known_codes(levels: tuple[str, ...], factors: tuple[str, ...], frame: pd.DataFrame, new: str) -> Integers:
    """Code of each row's level, -1 for those not in the fit; ``new`` is ``"error"`` or ``"average"``."""
    for factor in factors:
        if factor not in frame.columns:
            hint = did_you_mean(factor, [str(c) for c in frame.columns])
            raise DesignError(f"the rows to predict have no column '{factor}'.", hint)
    labels = frame[factors[0]].astype(str)
    for factor in factors[1:]:
        labels = labels + ":" + frame[factor].astype(str)
    import pandas as pd

    codes = np.asarray(pd.Index(levels, dtype="str").get_indexer(pd.Index(labels, dtype="str")), dtype=np.intp)
    if new == "error" and (codes < 0).any():
        unseen = str(labels.iloc[int(np.argmax(codes < 0))])
        hint = did_you_mean(unseen, levels)
        raise DesignError(
            f"'{unseen}' is not a level of '{':'.join(factors)}' in the fit.",
            f"{hint} Use new_levels='average' for levels not seen.".strip(),
        )
    return codes
