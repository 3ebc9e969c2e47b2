"""Columns of formulas are those of R's ``model.matrix``, on the rows of the fit and on others."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.formulas.algebra import expand
from analysis.formulas.evaluate import Evaluation, full_column
from analysis.formulas.matrix import model_matrix
from analysis.formulas.parser import parse_expression
from analysis.mixed.model.columns import evaluate_columns
from tests.conftest import ROOT

PLACE = ROOT / "validation" / "formulas"
REFERENCE: dict[str, Any] = json.loads((PLACE / "reference.json").read_text(encoding="utf-8"))
DATA = pd.read_csv(PLACE / "data.csv")
FITTED = DATA[DATA["set"] == "fitted"].reset_index(drop=True)
NEW = DATA[DATA["set"] == "new"].reset_index(drop=True)
#: R prints twelve digits.
CLOSE = 1e-10


def columns() -> dict[str, Any]:
    return {str(name): FITTED[name] for name in FITTED.columns}


def ours(name: str) -> str:
    """R's name of a column as a sorted set of parts, without its own marks."""
    return re.sub(r"TRUE|True|[\s\[\]()]", "", name)


@pytest.mark.parametrize("entry", REFERENCE["columns"], ids=lambda entry: entry["formula"])
def test_columns_are_those_of_r(entry: dict[str, Any]) -> None:
    matrix, found = model_matrix(expand(entry["formula"], entry["formula"]), columns(), len(FITTED), entry["formula"])
    expected = np.array(entry["fitted"], dtype=float)
    assert matrix.shape == expected.shape
    np.testing.assert_allclose(matrix, expected, atol=CLOSE)
    if "new" in entry:
        np.testing.assert_allclose(found.evaluate(NEW), np.array(entry["new"], dtype=float), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "entry",
    [entry for entry in REFERENCE["columns"] if not re.search(r"cut|ifelse|[a-z] =", entry["formula"])],
    ids=lambda entry: entry["formula"],
)
def test_names_follow_those_of_r(entry: dict[str, Any]) -> None:
    """But for options, whose names and ends of intervals are spelled in another way."""
    _, found = model_matrix(expand(entry["formula"], entry["formula"]), columns(), len(FITTED), entry["formula"])
    assert [ours(name) for name in found.names] == [ours(name) for name in entry["names"]]


@pytest.mark.parametrize("entry", REFERENCE["outcomes"], ids=lambda entry: entry["formula"])
def test_outcomes_are_those_of_r(entry: dict[str, Any]) -> None:
    value = Evaluation(columns(), len(FITTED), entry["formula"]).value(parse_expression(entry["formula"]))
    np.testing.assert_allclose(full_column(value, len(FITTED)), entry["values"], rtol=CLOSE)


@pytest.mark.parametrize("expression", ["x + z", "x*z*k", "0 + x", "x:z", "(x + z + k)^2 - x:z"])
def test_the_short_way_gives_the_same(expression: str) -> None:
    """Products of numbers are taken without the general machinery."""
    short = evaluate_columns(expression, columns(), len(FITTED), expression)
    matrix, found = model_matrix(expand(expression, expression), columns(), len(FITTED), expression)
    assert short.names == found.names
    np.testing.assert_array_equal(short.matrix, matrix)
    np.testing.assert_array_equal(short.evaluator.evaluate(NEW), found.evaluate(NEW))
