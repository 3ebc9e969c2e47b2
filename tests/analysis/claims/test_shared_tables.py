"""Tables with planted faults that lie beside the checkout: which rows are wrong comes out, and no other row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.claims.audit.averages import check_averages
from analysis.claims.audit.printed_tables import printed_block
from analysis.records.read import read_inputs
from tests.conftest import ROOT

FOLDER = ROOT.parent / "shared" / "cases" / "verify"
#: The fault is not in the averages: a file without one, and two cells exchanged within a row (see the profiles).
NOT_IN_AN_AVERAGE = ("04_digit_swap_tens", "25_two_cells_of_a_row_exchanged")
TRUTH = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8")) if FOLDER.is_dir() else {}


@pytest.mark.skipif(not TRUTH, reason="../shared/cases/verify is not beside the checkout")
@pytest.mark.parametrize("name", TRUTH or ["none"])
def test_rows_that_are_wrong(name: str) -> None:
    read = read_inputs([str(Path(FOLDER / f"{name}.csv"))])
    block = printed_block(name, "", read.records, notices=read.notices)
    wrong = {item.model for item in check_averages([block]) if item.verdict == "contradicted"}
    assert wrong == ({} if name in NOT_IN_AN_AVERAGE else TRUTH[name]["bad"]).keys()
