"""Claims about single target tasks."""

from __future__ import annotations

import pytest

from analysis.claims.registry import registry
from analysis.claims.verdicts import FAILS, OPEN, settle
from analysis.claims.xtreme.task_gains import check_retrieval_gain, check_tydiqa_gain, check_xnli_gain
from tests.analysis.claims.planted import CLAIM, cells, tables


def test_xnli_of_the_published_rows() -> None:
    claim = registry().claims["xnli-no-gain"]
    outcome = settle(claim, check_xnli_gain(claim))
    assert outcome.verdict == "consistent"
    assert "gains 0.7 to 1.3, within sampling error; what the others gain is not printed" in outcome.reason
    by_name = {reading.name: reading for reading in outcome.check.readings}
    assert by_name["RemBERT paper: not even the best one gains"].status == FAILS
    # 1.96 · 100 · sqrt((0.792·0.208 + 0.800·0.200) / 5010) = 1.58
    assert by_name["RemBERT paper: the best one gains within sampling error"].needs == "less than 1.6 points"


@pytest.mark.parametrize(("gain", "statuses"), [(-1.0, (OPEN, OPEN)), (1.0, (FAILS, OPEN)), (5.0, (FAILS, FAILS))])
def test_xnli_planted(gain: float, statuses: tuple[str, str]) -> None:
    check = check_xnli_gain(CLAIM, tables(cells({"xnli": gain})), items=5010)
    assert tuple(reading.status for reading in check.readings[:2]) == statuses


def test_tydiqa() -> None:
    claim = registry().claims["tydiqa-gains"]
    outcome = settle(claim, check_tydiqa_gain(claim))
    assert (outcome.verdict, outcome.check.recomputed) == ("consistent", "best: 10.8 to 14.6")
    lost = settle(CLAIM, check_tydiqa_gain(CLAIM, tables(cells({"tydiqa": -3.0}))))
    assert lost.verdict == "contradicted"
    assert settle(CLAIM, check_tydiqa_gain(CLAIM, tables(cells({})))).verdict == "not-checkable"


def test_retrieval() -> None:
    claim = registry().claims["retrieval-gain"]
    outcome = settle(claim, check_retrieval_gain(claim))
    assert outcome.verdict == "not-checkable"
    assert "averaged, 14.9 to 16.1 a task" in outcome.reason
    assert outcome.check.evidence[0].says.endswith("sum to 123.3")
    printed = settle(CLAIM, check_retrieval_gain(CLAIM, tables(cells({"bucc2018": -9.0, "tatoeba": -9.0}))))
    assert printed.verdict == "contradicted"
