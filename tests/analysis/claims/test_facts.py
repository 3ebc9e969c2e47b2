"""Design facts, sizes, and the verdict on each claim of the registry."""

from __future__ import annotations

import pytest

from analysis.claims.computations import COMPUTATIONS
from analysis.claims.registry import Claim, registry
from analysis.claims.verdicts import NOT_COMPUTED, Check, Outcome, Reading, join, settle
from analysis.claims.verify import check_of, verify
from analysis.claims.xtreme.design_facts import (
    check_anli_size,
    check_languages_of_a_task,
    check_mnli_size,
    check_no_training_data,
)
from analysis.records.bundled import load

EXPECTED = {
    "average-gain": "consistent",
    "dev-gains-three": "not-checkable",
    "dev-gain-squad": "not-checkable",
    "dev-gain-mnli": "not-checkable",
    "dev-gain-hellaswag": "not-checkable",
    "multitask-best": "not-checkable",
    "multitask-gain": "not-checkable",
    "retrieval-tasks": "not-checkable",
    "retrieval-gain": "not-checkable",
    "retrieval-no-training-data": "reproduced",
    "tydiqa-and-xnli": "consistent",
    "tydiqa-gains": "consistent",
    "xnli-no-gain": "consistent",
    "english-beats-alternatives": "not-checkable",
    "english-beats-mlm": "not-checkable",
    "english-beats-translated": "not-checkable",
    "start-model": "reproduced",
    "three-phases": "not-checkable",
    "nine-intermediate-tasks": "reproduced-under",
    "task-variety": "not-checkable",
    "nine-target-tasks": "reproduced",
    "forty-languages": "reproduced",
    "state-of-the-art": "not-checkable",
    "anli-size": "consistent",
    "mnli-size": "reproduced",
    "qqp-source": "not-checkable",
    "squad-source": "not-checkable",
    "hellaswag-source": "not-checkable",
}


def test_verdicts_on_the_registry() -> None:
    assert {outcome.claim.id: outcome.verdict for outcome in verify(registry())} == EXPECTED


def test_what_is_not_checkable_names_what_would_settle_it() -> None:
    for outcome in verify(registry()):
        if outcome.verdict == "not-checkable" and not outcome.claim.parts:
            assert outcome.claim.settled_by in outcome.reason


def test_evidence_names_lines_that_exist() -> None:
    for outcome in verify(registry()):
        for item in outcome.check.evidence:
            assert item.lines
            assert 2 <= min(item.lines) <= max(item.lines) <= len(load(item.data)) + 1


def with_value(name: str, value: float) -> Claim:
    claim = registry().claims[name]
    return Claim(claim.id, claim.statement, claim.kind, value, claim.unit, claim.decimals, settled_by=claim.settled_by)


def test_sizes() -> None:
    assert (
        settle(with_value("mnli-size", 392_702), check_mnli_size(with_value("mnli-size", 392_702))).verdict
        == "reproduced"
    )
    wrong = with_value("mnli-size", 392_720)
    assert settle(wrong, check_mnli_size(wrong)).verdict == "contradicted"
    sizes = load("intermediate_task_sizes")
    assert settle(wrong, check_mnli_size(wrong, sizes[sizes["task"] != "mnli"])).verdict == "not-checkable"


@pytest.mark.parametrize(
    ("value", "verdict"), [(1_105_719, "reproduced"), (1_104_934, "consistent"), (1_105_720, "contradicted")]
)
def test_anli(value: int, verdict: str) -> None:
    claim = with_value("anli-size", value)
    outcome = settle(claim, check_anli_size(claim))
    assert outcome.verdict == verdict
    if verdict == "consistent":
        assert "785 more" in outcome.reason


def test_languages_and_training_data() -> None:
    claim = with_value("forty-languages", 41)
    assert settle(claim, check_languages_of_a_task(claim)).verdict == "contradicted"
    sizes = load("test_set_sizes")
    planted = sizes.copy()
    planted.loc[(planted["task"] == "tatoeba") & (planted["language"] == "deu"), "split"] = "train"
    claim = registry().claims["retrieval-no-training-data"]
    assert settle(claim, check_no_training_data(claim, planted)).verdict == "contradicted"
    assert "XQuAD 11" in check_languages_of_a_task(with_value("forty-languages", 40)).evidence[0].says


def test_development_gains_are_held_against_the_average() -> None:
    found = {outcome.claim.id: outcome.check for outcome in verify(registry())}
    assert "8.2 for one intermediate task is above the 5.4" in found["dev-gain-squad"].findings[0]
    assert "prints another figure (8.4)" in found["dev-gain-squad"].findings[1]
    assert found["multitask-gain"].findings == ()
    assert "above the 3 single tasks" in found["multitask-best"].findings[0]


def test_a_claim_without_a_computation_gets_no_verdict() -> None:
    from analysis.claims.registry import Registry

    claim = Claim("later", "Frogs are green.", "source fact")
    (outcome,) = verify(Registry({"later": claim}, {}))
    assert (outcome.verdict, outcome.reason) == (NOT_COMPUTED, "not computed by this version")


def test_a_joined_claim_is_as_good_as_its_worst_part() -> None:
    def part(verdict: str) -> Outcome:
        return Outcome(Claim(verdict, "", ""), verdict, Check((Reading("", "holds"),), ""))

    whole = Claim("whole", "", "", parts=("a", "b"))
    for verdicts, expected in (
        (("reproduced", "reproduced"), "reproduced"),
        (("reproduced", "reproduced-under"), "reproduced-under"),
        (("reproduced-under", "consistent"), "consistent"),
        (("consistent", "not-checkable"), "not-checkable"),
        (("not-checkable", "contradicted"), "contradicted"),
    ):
        assert join(whole, [part(verdict) for verdict in verdicts]).verdict == expected


def test_checks_of_the_registry_are_all_in_use() -> None:
    assert {claim.computation for claim in registry().claims.values()} - {""} == set(COMPUTATIONS)


def test_every_computation_is_a_function_that_is_there() -> None:
    for name in COMPUTATIONS:
        assert callable(check_of(name)), name
