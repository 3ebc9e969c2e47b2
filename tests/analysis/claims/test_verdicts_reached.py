"""Every verdict is reached by a real case, from bundled data, and by a planted one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from analysis.claims.audit.averages import check_averages
from analysis.claims.audit.printed_tables import Block
from analysis.claims.language import Sheet, check_claim
from analysis.claims.language.evaluate import Settings
from analysis.claims.registry import registry
from analysis.claims.verdicts import VERDICTS, settle
from analysis.claims.verify import verify
from analysis.claims.xtreme.average_gain import check_average_gain
from analysis.claims.xtreme.printed_scores import QUESTIONS, RETRIEVAL, TASKS
from tests.analysis.claims.planted import CLAIM, cells, tables

EVEN: Mapping[str, float] = dict.fromkeys(TASKS, 5.4)
#: Invented XTREME rows by the verdict that they must bring a claimed gain of 5.4 to.
PLANTED = {
    "reproduced": cells(EVEN),
    "reproduced-under": cells(dict(EVEN) | dict.fromkeys(QUESTIONS, (0.0, 5.4))),  # only by EM
    "possible-by-rounding": cells(dict(EVEN) | {"pawsx": 6.0}),  # 5.47 by the cells
    "consistent": cells({task: gain for task, gain in EVEN.items() if task not in RETRIEVAL}),
    "contradicted": cells({task: -gain for task, gain in EVEN.items()}),  # rows swapped
    "not-checkable": cells({}),
}


def test_real(blocks: tuple[Block, ...]) -> None:
    """Claims of the registry and printed averages together come to every verdict."""
    claims = {outcome.verdict: outcome.claim.id for outcome in verify(registry())}
    printed = check_averages([block for block in blocks if block.name == "chung2021_rembert"], blocks)
    averages = {item.verdict: item.line for item in printed}
    assert set(claims) == {"reproduced", "consistent", "not-checkable"}
    assert set(averages) == set(VERDICTS) - {"consistent"}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_planted(verdict: str) -> None:
    assert settle(CLAIM, check_average_gain(CLAIM, tables(PLANTED[verdict]))).verdict == verdict


@pytest.mark.parametrize("verdict", [name for name in VERDICTS if name != "not-checkable"])
def test_planted_in_the_claim_language(verdict: str) -> None:
    """A claim over a table that has its columns can always be computed or waits for cells."""
    cells_by_verdict: dict[str, tuple[str | None, ...]] = {
        "reproduced": ("5.3", "5.5", "5.4", "5.4"),
        "reproduced-under": ("5.4", "5.4", "1.0", "2.0"),
        "possible-by-rounding": ("5.4", "5.5", "5.5", "5.5"),  # 5.475 over all
        "consistent": ("5.3", None, "5.4", None),
        "contradicted": ("53", "5.5", "5.4", "55"),  # points left out
    }
    table = Sheet("t.csv", "", {"metric": ("em", "em", "f1", "f1"), "gain": cells_by_verdict[verdict]})
    under = "" if verdict == "possible-by-rounding" else "metric"
    assert check_claim(table, "mean(gain) = 5.4", Settings(under=under)).verdict == verdict
