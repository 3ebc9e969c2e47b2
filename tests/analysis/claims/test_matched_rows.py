"""Rows of documents against the registry by what they say: any file name, any order, another figure."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from analysis.claims.documents.match import DIFFERS, STATES, UNKNOWN, figures, match_rows, restated
from analysis.claims.documents.parse import parse, read_documents
from analysis.claims.registry import registry

ROWS = {
    "SQuAD as intermediate task gives a gain of 8.2 points on the development set.": ("dev-gain-squad", STATES),
    "SQuAD as intermediate task gives a gain of 9.2 points on the development set.": ("dev-gain-squad", DIFFERS),
    "SQuAD, MNLI, and HellaSwag improve the targets by 8.2, 7.5, and 7.0 poi": ("dev-gains-three", STATES),
    "SQuAD, MNLI, and HellaSwag improve the targets by 8.2, 7.9, and 7.0 poi": ("dev-gains-three", DIFFERS),
    "On average the best choice for each target task has an average gain of 5.4 on XTREME.": ("average-gain", STATES),
    "On average the best choice for each target task has an average gain of 25.4 on XTREME.": (
        "average-gain", DIFFERS),
    "The MNLI task contains 392,702 training examples (Williams et al., 2018).": ("mnli-size", STATES),
    "The MNLI task contains 492,702 training examples.": ("mnli-size", DIFFERS),
    "Training starts from the pretrained mBERT.": ("start-model", DIFFERS),
    "Training starts from the pretrained XLM-R Large.": ("start-model", STATES),
    "SQuAD v2.0 is made from Reddit.": ("squad-source", DIFFERS),
    "Seven different English intermediate tasks were tried.": ("nine-intermediate-tasks", DIFFERS),
    "Frogs jump 3.5 metres.": ("", UNKNOWN),
}  # fmt: skip


def document(rows: list[str], name: str = "any name") -> object:
    table = "".join(f"{row}\t✓\t0.5\n" for row in rows)
    return parse(f"T\n\n1 Claims\n\nClaim\tVerified\tConfidence\n{table}", name)


@pytest.mark.parametrize("text", ROWS)
def test_a_row_is_matched_by_its_words_and_judged_by_its_figures(text: str) -> None:
    (found,) = match_rows(document([text]), registry())  # type: ignore[arg-type]
    assert (found.claim, found.verdict) == ROWS[text]


def test_what_is_said_of_a_row() -> None:
    found = match_rows(document(list(ROWS)), registry())  # type: ignore[arg-type]
    words = [item.why for item in found if item.verdict != STATES]
    assert words == [
        "9.2 in place of 8.2", "7.9 in place of 7.5", "25.4 in place of 5.4", "492,702 in place of 392,702",
        "mBERT in place of XLM-R Large", "Reddit in place of Wikipedia", "7 in place of 9", "figures: 3.5",
    ]  # fmt: skip


def test_numbers_that_are_no_figures() -> None:
    text = "XLM-R (Conneau et al., 2020), SQuAD v1.1 and (i) nine tasks gain 1,234.5 [3] points ²."
    assert figures(text) == (Fraction(9), Fraction("1234.5"))


def test_the_registry_is_restated_by_the_documents_given() -> None:
    known = restated(registry(), [document(list(ROWS), "mine")])  # type: ignore[list-item]
    stated = {name: [item.row for item in claim.stated] for name, claim in known.claims.items() if claim.stated}
    assert stated == {"dev-gain-squad": [1], "dev-gains-three": [3], "average-gain": [5], "mnli-size": [7],
                      "start-model": [10]}  # fmt: skip
    assert known.documents == {"mine": len(ROWS)}


def test_every_row_of_the_five_documents_states_the_claim_that_the_registry_has_it_under(shared: Path) -> None:
    for item in read_documents(shared / "documents"):
        for found in match_rows(item, registry()):
            claim = registry().claim_of(item.name, found.row.number)
            assert claim is not None
            assert (found.claim, found.verdict) == (claim.id, STATES), found.row.text


def test_changed_copies_of_two_documents(shared: Path) -> None:
    folder = shared / "cases" / "verify" / "documents_changed"
    if not folder.is_dir():
        pytest.skip("../shared/cases/verify is not beside the checkout")
    wrong = {
        (item.name[:3], found.row.number)
        for item in read_documents(folder)
        for found in match_rows(item, registry())
        if found.verdict == DIFFERS
    }
    assert wrong == {("000", 1), ("000", 2), ("000", 5), *(("004", row) for row in (1, 2, 3, 13, 17, 18))}
