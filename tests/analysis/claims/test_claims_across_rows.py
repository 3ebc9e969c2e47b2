"""Claims about pairs of rows, quantifiers, spread and correlation, and files of claims with a broken line."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from analysis.claims.language import Sheet, check_claim
from analysis.claims.language.tokens import ClaimError
from analysis.cli.main import main

LANGUAGES = ("de", "fr", "sw", "th")
TABLE = Sheet("t.csv", "", {
    "model": ("A",) * 4 + ("B",) * 4,
    "language": LANGUAGES * 2,
    "score": ("70.1", "72.0", "55.0", "61.0", "69.9", "70.5", "57.1", "60.0"),
    "distance": ("0.2", "0.3", "0.7", "0.6", "0.2", "0.3", "0.7", "0.6"),
})  # fmt: skip


def verdict(claim: str, table: Sheet = TABLE) -> str:
    return check_claim(table, claim).verdict


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("wins(score, 'A' over 'B' by language) = 3", "reproduced"),
        ("wins(score, 'A' over 'B' by language) = 4", "contradicted"),
        ("wins(score, 'B' over 'A' by language) >= 1", "reproduced"),
        ("mean(score, 'A' - 'B' by language) = 0.15", "reproduced"),  # 0.2, 1.5, −2.1, 1.0
        ("max(score, 'A' - 'B' by language) = 1.5", "reproduced"),
        ("mean(score, 'A' - 'B' by language where distance < 0.5) = 0.85", "reproduced"),
        ("all(score > 50)", "reproduced"),
        ("all(score > 60)", "contradicted"),
        ("any(score > 72.5)", "contradicted"),
        ("any(score > 71.9 where model = 'A')", "reproduced"),
        ("all(score > 63 by model)", "reproduced"),
        ("abs(mean(score where model = 'B') - mean(score where model = 'A')) = 0.15", "reproduced"),
        ("mean(abs(distance - 0.45)) = 0.20", "reproduced"),
        ("range(score) = 17.0", "reproduced"),
        ("range(score) = 16.0", "contradicted"),
        ("corr(score, distance) < -0.9", "reproduced"),
        ("corr(score, distance) > 0", "contradicted"),
    ],
)  # fmt: skip
def test_what_can_be_said(claim: str, expected: str) -> None:
    assert verdict(claim) == expected


def test_the_standard_deviation_is_the_sample_one() -> None:
    scores = [float(score) for score in TABLE.cells["score"] if score]
    assert verdict(f"std(score) = {statistics.stdev(scores):.1f}") == "reproduced"
    assert verdict(f"std(score) = {statistics.pstdev(scores):.1f}") == "contradicted"


def test_the_correlation_is_pearsons() -> None:
    x, y = ([float(cell) for cell in TABLE.cells[name] if cell] for name in ("score", "distance"))
    assert verdict(f"corr(score, distance) = {statistics.correlation(x, y):.2f}") == "reproduced"


def test_a_row_without_its_pair_is_missing() -> None:
    cells = {name: column[:-1] for name, column in TABLE.cells.items()}
    found = check_claim(Sheet("t.csv", "", cells), "wins(score, 'A' over 'B' by language) = 3")
    assert found.verdict == "consistent"


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("wins(score by language) = 1", "'wins' compares two names"),
        ("wins(score, 'A' over 'C' by language) = 1", "no column has both 'A' and 'C'"),
        ("wins(score, 'A' over 'B') = 1", "rows are paired by something"),
        ("mean(score, 'A' - 'B' by distance) = 1 and mean(score, 'A' - 'B' by model) = 1", "no column has both"),
        ("all(score)", "'all' needs a comparison"),
        ("corr(score) = 1", "'corr' takes two columns"),
        ("corr(score, distance where language = 'de') = 1", "a correlation takes three rows"),
        ("std(score where language = 'de' and model = 'A') = 1", "takes two values at least"),
        ("mean(score, 'A' by language) = 1", "two names are expected"),
    ],
)
def test_what_cannot(claim: str, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        check_claim(TABLE, claim)


def test_two_rows_for_one_pair_are_refused() -> None:
    cells = {name: (*column, column[0]) for name, column in TABLE.cells.items()}
    with pytest.raises(ClaimError, match="'A' has more than one row for de"):
        check_claim(Sheet("t.csv", "", cells), "wins(score, 'A' over 'B' by language) = 3")


def test_a_bad_line_of_a_file_is_named_and_the_others_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, claims = tmp_path / "t.csv", tmp_path / "claims.txt"
    table.write_text("model,score\nA,1.0\nB,3.0\n", encoding="utf-8")
    claims.write_text("mean(score) = 2.0\n# a comment\nmean(scores) = 2.0\nmax(score) = 3.0\n", encoding="utf-8-sig")
    assert main(["verify", str(table), "--claims", str(claims)]) == 2
    out = capsys.readouterr().out
    assert "2 claims: 2 reproduced." in out
    assert "claims.txt, line 3: claim, character 6: t.csv has no column 'scores'." in out
