"""Tables with planted faults that lie beside the checkout: which rows are wrong comes out, and no other row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.claims.audit.averages import check_averages
from analysis.claims.audit.printed_tables import printed_block
from analysis.core.errors import RecordError
from analysis.records.read import read_inputs
from tests.conftest import ROOT

FOLDER = ROOT.parent / "shared" / "cases" / "verify"
#: The fault is not in the averages: a file without one, and two cells exchanged within a row (see the profiles).
NOT_IN_AN_AVERAGE = ("04_digit_swap_tens", "25_two_cells_of_a_row_exchanged")
TRUTH = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8")) if FOLDER.is_dir() else {}


#: A row in fractions among points is refused on reading, with both scales named.
MIXED_SCALES = "18_one_model_fractions"


@pytest.mark.skipif(not TRUTH, reason="../shared/cases/verify is not beside the checkout")
def test_a_table_that_mixes_scales_is_named_as_such() -> None:
    with pytest.raises(RecordError, match="mixes scales: .* has fractions .* has points"):
        read_inputs([str(FOLDER / f"{MIXED_SCALES}.csv")])


@pytest.mark.skipif(not TRUTH, reason="../shared/cases/verify is not beside the checkout")
@pytest.mark.parametrize("name", sorted({*TRUTH} - {MIXED_SCALES}) or ["none"])
def test_rows_that_are_wrong(name: str) -> None:
    read = read_inputs([str(Path(FOLDER / f"{name}.csv"))])
    block = printed_block(name, "", read.records, notices=read.notices)
    wrong = {item.model for item in check_averages([block]) if item.verdict == "contradicted"}
    assert wrong == ({} if name in NOT_IN_AN_AVERAGE else TRUTH[name]["bad"]).keys()
