"""200 random designs of 20 kinds: never worse than lme4, and the same where the minimum is the same."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from analysis.mixed.result import MixedResult
from tests.analysis.mixed.lme4_names import our_column
from tests.conftest import ROOT

PINNED = json.loads((ROOT / "validation/lme4/random_designs.json").read_text(encoding="utf-8"))["designs"]
KINDS = sorted({design["name"].rsplit("_", 1)[0] for design in PINNED})
# What lme4's searches leave of the criterion.
CRITERION = 1e-6
# Where the criteria are equal, estimates may differ by this share of a standard error: the minimum is flat.
ESTIMATE = 1e-2


@cache
def frames() -> dict[str, pd.DataFrame]:
    return dict(list(pd.read_csv(ROOT / "validation/lme4/data/random_designs.csv.xz").groupby("design")))


@cache
def fitted(name: str, formula: str) -> MixedResult:
    return fit_mixed(formula, frames()[name], weights="w")


def test_there_are_ten_of_each_kind() -> None:
    assert len(KINDS) == 20
    assert set(Counter(design["name"].rsplit("_", 1)[0] for design in PINNED).values()) == {10}


@pytest.mark.parametrize("kind", KINDS)
def test_never_worse_than_lme4(kind: str) -> None:
    for design in [design for design in PINNED if design["name"].rsplit("_", 1)[0] == kind]:
        agrees(design)


def agrees(design: dict[str, Any]) -> None:
    result = fitted(design["name"], design["formula"])
    assert result.criterion <= design["criterion"] + CRITERION, design["name"]
    if result.criterion < design["criterion"] - 1e-4:  # lme4 stopped short of the minimum
        return
    ours = [result.names.index(column(term)) for term in design["terms"]]
    errors = np.asarray(design["std_error"])
    distance = (result.coefficients[ours] - design["estimate"]) / errors
    np.testing.assert_allclose(distance, 0.0, atol=ESTIMATE, err_msg=design["name"])
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance))[ours], errors, rtol=ESTIMATE, err_msg=design["name"])


def column(term: str) -> str:
    named = ":".join(f"f[{part[1:]}]" if part in ("ff0", "ff1", "ff2") else part for part in term.split(":"))
    return our_column(named) if named == "(Intercept)" else named


def test_lme4_is_at_the_same_minimum_nearly_always() -> None:
    """Otherwise this file would compare with little."""
    worse = [
        design["name"]
        for design in PINNED
        if fitted(design["name"], design["formula"]).criterion < design["criterion"] - 1e-4
    ]
    assert len(worse) <= 10, worse
