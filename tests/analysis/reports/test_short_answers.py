"""The sentence that opens a report, and the words that depend on the numbers."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.questions.regression.answer import Answer, Naive
from analysis.questions.regression.verdict import DEPENDS, HOLDS, OPEN, TOO_FEW
from analysis.reports.describe import language_by_task
from analysis.reports.execute import Failure
from analysis.reports.numbers import Value
from analysis.reports.page import KEY, _table_html
from analysis.reports.pdf import require_pdf, write_pdf
from analysis.reports.short import MOST_WORDS, key_table, pooling_words, short_answer

ITEM = Answer("typology", "typology", 0.1, -12.34, 0.4, 12.0, 0.01, -12.75, -10.25, 14, "…", HOLDS)


@pytest.mark.parametrize("outcome", ["gain", "gap", "score"])
@pytest.mark.parametrize(
    ("item", "words"),
    [
        (ITEM, "under every model tried."),
        (replace(ITEM, verdict=DEPENDS), "but not under every model tried."),
        (replace(ITEM, verdict=OPEN, conf_high=10.25), "do not settle"),
        (replace(ITEM, verdict=TOO_FEW), "14 languages are too few for a verdict"),
        (replace(ITEM, verdict=""), "by 12.34 points"),
    ],
)
def test_one_short_sentence(outcome: str, item: Answer, words: str) -> None:
    rows = [SimpleNamespace(computed=True, direction=-1), SimpleNamespace(computed=False, direction=0)]
    sentence = short_answer(item, outcome, rows)  # type: ignore[arg-type]
    assert words in sentence
    assert len(sentence.split()) <= MOST_WORDS
    assert sentence.count(". ") == 0 and sentence.endswith(".")
    if item.verdict in (HOLDS, DEPENDS):
        assert ("narrows" if outcome == "gap" else "falls") in sentence


def test_every_model_is_said_to_agree_only_where_it_does() -> None:
    against = SimpleNamespace(computed=True, direction=0)
    assert short_answer(ITEM, "gain", [against]).endswith("(95% interval −12.75 to −10.25).")  # type: ignore[list-item]
    assert "every model" not in short_answer(ITEM, "gain")


def test_key_numbers() -> None:
    table = key_table(
        {"slope": Value(-1.234, -2.0, -0.5, 2, "points"), "share": Value(12.0, digits=0, unit="%"), "n": 1200}
    )
    assert table.rows == (("−1.23", "12%", "1,200"),)
    assert "<dt>slope</dt><dd>−1.23</dd>" in _table_html(table, KEY)
    assert _table_html(table, "other").startswith('<div class="table">')


def test_pooling_is_said_to_overstate_only_where_it_does() -> None:
    naive = Naive("typology", 1.0, 0.09, "Pooled.")
    assert pooling_words(naive, 0.08).startswith("Pooling the rows does not narrow")
    assert pooling_words(naive, 0.2).startswith("Pooling the rows would overstate")


def test_where_languages_differ_is_read_from_the_variances() -> None:
    def fit(**variances: float) -> SimpleNamespace:
        return SimpleNamespace(
            components=[
                SimpleNamespace(group=name.replace("__", ":"), term="Intercept", variance=value)
                for name, value in variances.items()
            ]
        )

    assert "25% of the variance is on single tasks" in language_by_task(fit(language=3.0, language__target_task=1.0))
    assert "not estimated apart" in language_by_task(fit(language=3.0))
    assert "not estimated apart" in language_by_task(fit(language=0.0, language__target_task=0.0))


def test_a_refusal_is_told_without_the_name_of_the_error() -> None:
    assert Failure(4, "x", "DesignError: no gain can be paired: give both.", "").reason.startswith("no gain can")
    assert Failure(4, "x", "KeyError: 'a'", "").reason == "KeyError: 'a'"


def test_pdf_without_its_package_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(CrossliftError, match="WeasyPrint"):
        require_pdf()
    assert main(["report", "typology", "--pdf", "--out", str(tmp_path / "out")]) == 2
    assert "crosslift[pdf]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_page_becomes_a_pdf(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", exc_type=ImportError)
    page = tmp_path / "a.html"
    page.write_text("<h1>Distance</h1><details class='code'><summary>Code</summary>x</details>", encoding="utf-8")
    assert write_pdf(page).read_bytes().startswith(b"%PDF")
