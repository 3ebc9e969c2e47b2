"""Claims over a table: verdicts on planted tables, the documented examples, and errors."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.claims.fit import printed_as
from analysis.claims.language import Sheet, check_claim, read_sheet
from analysis.claims.language.evaluate import Settings
from analysis.claims.numbers.intervals import rounded
from analysis.claims.verdicts import VERDICTS
from analysis.core.errors import CrossliftError

ROWS = {"task": ("xnli", "ner", "qa"), "gain": ("0.8", "-1.4", "16.8"), "n": ("100", "300", "100")}


def sheet(**columns: tuple[str | None, ...]) -> Sheet:
    return Sheet("t.csv", "0" * 64, {**ROWS, **columns})


def verdict(claim: str, table: Sheet | None = None, **settings: object) -> str:
    return check_claim(table or sheet(), claim, Settings(**settings)).verdict  # type: ignore[arg-type]


def test_the_documented_examples(root: Path, tmp_path: Path) -> None:
    text = (root / "docs/claims.md").read_text(encoding="utf-8")
    table = re.search(r"```csv\n(.*?)```", text, re.DOTALL)
    assert table is not None
    (tmp_path / "scores.csv").write_text(table[1], encoding="utf-8")
    examples = re.findall(r"^\| `(.+?)` \| ([\w-]+) \|", text, re.MULTILINE)
    assert len(examples) == 16
    found = {claim: check_claim(read_sheet(str(tmp_path / "scores.csv")), claim).verdict for claim, _ in examples}
    assert found == dict(examples)


def test_a_claimed_figure_is_an_interval() -> None:
    """The mean is 5.4 as printed, and anything from 5.35 to 5.45 by its cells."""
    assert [verdict(f"mean(gain) = {figure}") for figure in ("5.3", "5.4", "5.6", "5.40", "5")] == [
        "contradicted", "reproduced", "contradicted", "reproduced", "reproduced",
    ]  # fmt: skip
    assert verdict("mean(gain) = 5.5", sheet(gain=("0.9", "-1.3", "16.9"))) == "reproduced"


def test_rounding_alone_is_its_own_verdict() -> None:
    """76.825 by the cells: 76.8 is printed; 76.9 needs an error of 0.025, one time in twelve."""
    table = Sheet("t", "", {"x": ("79.2", "86.4", "76.6", "65.1")})
    assert verdict("mean(x) = 76.8", table) == "reproduced"
    found = check_claim(table, "mean(x) = 76.9")
    assert found.verdict == "possible-by-rounding"
    assert found.reason == "possible, 76.83 (76.77 to 76.88), possible by rounding, 1 in 12"
    assert verdict("mean(x) != 76.9", table) == "reproduced"
    assert verdict("mean(x) != 76.8", table) == "contradicted"


def test_both_ways_to_round_a_half() -> None:
    table = Sheet("t", "", {"k": ("12", "13")})
    assert [verdict(f"mean(k) = {figure}", table) for figure in ("12", "13", "11")] == [
        "reproduced", "reproduced", "contradicted",
    ]  # fmt: skip


def test_a_half_is_not_rounded_towards_an_odd_digit() -> None:
    table = Sheet("t", "", {"k": ("9.0", "10.0")})  # 9.5
    found = [printed_as(Fraction(19, 2), rounded(figure, 0)) for figure in ("9", "10")]
    assert found == [False, True]
    assert [printed_as(Fraction(-19, 2), rounded(figure, 0)) for figure in ("-9", "-10")] == [False, True]
    assert printed_as(Fraction(25, 2), rounded("12", 0)) and printed_as(Fraction(-25, 2), rounded("-12", 0))
    assert verdict("mean(k) = 9", table) == "possible-by-rounding"


def test_counts_extremes_and_ratios_are_by_the_cells_as_printed() -> None:
    table = Sheet("t", "", {"x": ("54.9", "55.0", "55.1", "60.2"), "y": ("50.0", "50.0", "50.0", "50.0")})
    assert verdict("count(x >= 55.0) = 3", table) == "reproduced"
    assert verdict("count(x >= 55.0) = 2", table) == "possible-by-rounding"
    assert verdict("count(x >= 55.0) = 4", table) == "contradicted"
    assert verdict("max(x) = 60.3", table) == "possible-by-rounding"
    assert verdict("max(x) / max(y) = 1.20", table) == "reproduced"
    assert verdict("max(x) / max(y) = 1.21", table) == "possible-by-rounding"
    assert verdict("mean(x) / mean(y) - 1 = 0.126", table) == "reproduced"


def test_of_sixty_thousand_cells_one_figure_is_reproduced() -> None:
    """Intervals of 0.05 overlap two figures; the errors of so many cells are nil together."""
    table = Sheet("t", "", {"x": tuple(f"{54.5 + (i % 9) / 10:.1f}" for i in range(60_000))})  # 54.9
    assert [verdict(f"mean(x) = {figure}", table) for figure in ("54.8", "54.9", "55.0")] == [
        "contradicted", "reproduced", "contradicted",
    ]  # fmt: skip


def test_swapped_rows_and_shifted_cells_are_found() -> None:
    right = "gain where task = 'qa'"
    assert verdict(f"max({right}) = 16.8") == "reproduced"
    assert verdict(f"max({right}) = 16.8", sheet(gain=("0.8", "16.8", "-1.4"))) == "contradicted"
    assert verdict("argmax(gain by task) = 'qa'") == "reproduced"
    assert verdict("argmax(gain by task) = 'qa'", sheet(gain=("16.8", "0.8", "-1.4"))) == "contradicted"


def test_cut_off_digits_are_named() -> None:
    table = sheet(gain=("5.48", "5.48", "5.48"))
    found = check_claim(table, "mean(gain) = 5.4")
    assert found.verdict == "contradicted"
    assert "digits were cut off, not rounded" in found.reason
    assert "fails, 5.40 (5.35 to 5.45), +0.15 beyond rounding" in check_claim(sheet(), "mean(gain) = 5.2").reason


def test_under_a_column() -> None:
    """A table that satisfies the claim only under EM."""
    table = Sheet("t.csv", "", {"metric": ("f1", "em", "f1", "em"), "gain": ("1.0", "5.4", "2.0", "5.4")})
    found = check_claim(table, "mean(gain) = 5.4", Settings(under="metric"))
    assert found.verdict == "reproduced-under"
    assert {reading.name: reading.status for reading in found.readings} == {
        "metric = f1": "fails",
        "metric = em": "holds",
    }
    assert verdict("mean(gain) = 5.4", table) == "contradicted"


def test_missing_cells_and_the_scale() -> None:
    table = sheet(gain=("0.8", None, "16.8"))
    found = check_claim(table, "mean(gain) = 5.4")
    assert found.verdict == "consistent"
    assert "missing in line 3: must be −1.65 to −1.15" in found.reason  # 3 · [5.35, 5.45] − 17.6 ± 0.1
    assert verdict("mean(gain) = 5.4", table, scale=(Fraction(0), Fraction(100))) == "contradicted"
    assert verdict("mean(gain) = 5.4", table, scale=(Fraction(-100), Fraction(100))) == "consistent"
    assert verdict("max(gain) = 5.4", table) == "contradicted"  # a missing cell only adds to a maximum
    assert verdict("count(gain > 0) >= 2", table) == "reproduced"
    assert verdict("count(gain > 0) = 3", table) == "consistent"
    assert verdict("mean(gain) > 1", table) == "consistent"
    assert verdict("min(gain) <= 0.9", table) == "reproduced"
    two = check_claim(sheet(gain=("0.8", None, None)), "mean(gain) = 5.4")
    assert "missing in lines 3, 4: must average, over 2 cells, 7.60 to 7.80" in two.reason


def test_rounding_that_does_not_tell() -> None:
    coarse = sheet(gain=("1", "2", "4"))
    assert verdict("mean(gain) = 2.3", coarse) == "reproduced"  # whole numbers are exact: 7/3
    assert verdict("mean(gain) = 2.5", coarse) == "consistent"  # unless they are rounded scores
    assert verdict("mean(gain) = 2.5", coarse, decimals=0) == "consistent"
    assert verdict("mean(gain) = 9.9", coarse) == "contradicted"
    assert verdict("mean(a) > mean(b)", Sheet("t", "", {"a": ("5.4",), "b": ("5.4",)})) == "possible-by-rounding"
    assert verdict("mean(a) = mean(b)", Sheet("t", "", {"a": ("5.4",), "b": ("5.4",)})) == "reproduced"
    assert verdict("mean(a) < mean(b)", Sheet("t", "", {"a": ("5.4",), "b": ("5.3",)})) == "contradicted"


def test_what_two_averages_share_is_counted_once() -> None:
    """One cell in a hundred differs: the difference is known to a hundredth of its rounding."""
    table = Sheet("t", "", {"a": ("5.1",) * 99 + ("7.3",), "in": ("y",) * 99 + ("n",)})
    found = check_claim(table, "mean(a) - mean(a where `in` = 'y') = 0.022")
    assert found.verdict == "reproduced"
    assert found.readings[0].recomputed is not None
    assert float(found.readings[0].recomputed.width) == pytest.approx(0.002)


def test_a_difference_of_printed_averages() -> None:
    """5.44 and 3.35 differ by 2.09; printed as 5.4 and 3.4, or 3.3 if it is just below, by 2.0 or 2.1."""
    table = Sheet("t", "", {"a": ("5.440",), "b": ("3.350",)})
    found = check_claim(table, "mean(a) - mean(b) = 2.0")
    assert found.verdict == "reproduced-under"
    assert found.readings[1].name == "each function rounded to 1 decimals before it is used"
    assert verdict("mean(a) - mean(b) = 1.7", table) == "contradicted"


def test_weights_are_exact() -> None:
    found = check_claim(sheet(), "mean(gain weights n) = 2.68")
    assert found.readings[0].recomputed is not None
    assert found.readings[0].recomputed.middle == pytest.approx((0.8 * 100 - 1.4 * 300 + 16.8 * 100) / 500)
    assert verdict("sum(gain weights n) = 1340") == "reproduced"
    assert verdict("sum(gain weights n) = 1341") == "consistent"  # known to 25 either way


def test_items_make_cells_finer() -> None:
    """Over 10 items 66.7 is no share, and 70.0 is exactly 70; two such cells differ by steps of 5 on average."""
    table = Sheet("t.csv", "", {"acc": ("70.0", "80.0"), "n": ("10", "10")})
    assert verdict("mean(acc) = 75.04", table) == "consistent"
    assert verdict("mean(acc) = 75.04", table, items="n") == "contradicted"
    odd = check_claim(Sheet("t.csv", "", {"acc": ("66.7", "80.0")}), "mean(acc) = 73.35", Settings(items="10"))
    assert "line 2, column 'acc': no count of 10 items is printed as 66.7; the nearest give 60.000 and 70.000" in (
        odd.grains[0].text()
    )
    assert odd.verdict == "contradicted" and "no whole number of right items gives it" in odd.reason


def test_evidence_names_lines_and_hash() -> None:
    (evidence,) = check_claim(sheet(), "mean(gain where task != 'ner') = 8.8").evidence
    assert (evidence.data, evidence.lines) == ("t.csv", (2, 4))
    assert evidence.to_json()["sha256"] == "0" * 64


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=9), st.sampled_from([1, 2]))
def test_what_is_true_is_never_contradicted(thousandths: list[int], decimals: int) -> None:
    """Whatever the scores were, their printed mean is not contradicted by their printed cells.

    But where all rounding errors point one way, which the verdict then says it takes them not to do.
    """
    scores = [value / 1000 for value in thousandths]
    table = Sheet("t", "", {"x": tuple(f"{score:.1f}" for score in scores)})
    found = check_claim(table, f"mean(x) = {sum(scores) / len(scores):.{decimals}f}")
    assert found.verdict != "contradicted" or "if rounding errors are independent" in found.reason
    assert decimals == 2 or found.verdict != "consistent"


FRAGMENTS = (
    "mean(", "max(", "count(", "order(", "argmax(", "gain", "n", "task", "`task`", ")", "(", " = ", " > ", " != ",
    "5.4", "0", "-", " + ", " / ", " * ", " where ", " by ", " weights ", " and ", " not ", " in ", "'ner'", "'qa'",
    "''", ",",
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14), st.sampled_from(["", "n", "5"]))
def test_any_text_is_a_claim_or_a_clear_error(parts: list[str], items: str) -> None:
    try:
        found = check_claim(sheet(gain=("0.8", None, "16.8")), "".join(parts), Settings(items=items))
    except CrossliftError as error:
        assert error.message.startswith(("claim, character ", "t.csv, line "))
    else:
        assert found.verdict in VERDICTS


@given(st.lists(st.sampled_from(["gain", "n", "gain - n", "gain * gain", "gain / n"]), min_size=1, max_size=2),
       st.sampled_from(["mean", "median", "sum", "min", "max", "count"]),
       st.sampled_from(["", " by task", " where task != 'ner'", " where n > 100 or not gain < 0"]),
       st.sampled_from(["= 5.4", "> 0", "<= 2 * n", "!= 3 and mean(n) = 166.7", "= mean(gain)"]))  # fmt: skip
def test_every_composition_comes_to_a_verdict(columns: list[str], function: str, clause: str, relation: str) -> None:
    claim = f"{function}({' + '.join(columns)}{clause}) {relation}".replace("2 * n", "2 * mean(n)")
    assert check_claim(sheet(), claim).verdict in VERDICTS


@pytest.mark.parametrize(
    ("claim", "message", "hint"),
    [
        ("mean(gian) = 1", "character 6: t.csv has no column 'gian'", "Did you mean 'gain'?"),
        ("gain = 1", "'gain' is a column: say what of it, as in mean(gain)", ""),
        ("mean(gain where task = 'nerr') = 1", "no row has task 'nerr'", "Did you mean 'ner'?"),
        ("mean(gain where n > 500) = 1", "no row is left", ""),
        ("mean(task) = 1", "line 2, column 'task': 'xnli' is not a number", "Leave such rows out"),
        ("mean(mean(gain)) = 1", "a function cannot stand within another", ""),
        ("mean(gain) / (mean(gain) - mean(gain)) = 1", "what is divided by may be zero", ""),
        ("order(gain by task) = 'qa' > 'tydiqa'", "there is no group 'tydiqa'", "Groups: xnli"),
        ("count(gain > n by task) = 1", "with by, a count compares with a number", ""),
    ],
)
def test_errors(claim: str, message: str, hint: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        check_claim(sheet(), claim)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_settings_that_the_table_lacks() -> None:
    with pytest.raises(CrossliftError, match="has no column 'metrik'"):
        check_claim(sheet(), "mean(gain) = 1", Settings(under="metrik"))
    with pytest.raises(CrossliftError, match="has no column 'items'"):
        check_claim(sheet(), "mean(gain) = 1", Settings(items="items"))
    with pytest.raises(CrossliftError, match="t is empty: no row below the header"):
        check_claim(Sheet("t", "", {"gain": ()}), "mean(gain) = 1")
