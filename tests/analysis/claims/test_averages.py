"""Printed averages: the bundled ones, whose misprints are computed and not listed, and planted ones."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analysis.claims.audit.averages import PrintedAverage, averages_frame, check_averages
from analysis.claims.audit.language_order import check_profiles
from analysis.claims.audit.printed_tables import Block, printed_block
from analysis.records.schema import complete

LANGUAGES = ("eng", "deu", "fra", "hin", "swa", "tha", "tur")


@pytest.fixture(scope="module")
def found(blocks: tuple[Block, ...]) -> tuple[PrintedAverage, ...]:
    return check_averages(blocks)


def planted(rows: dict[str, tuple[list[float], float]], **columns: object) -> Block:
    """A table of scores by language with a printed average, one row a model."""
    records = [
        {"model": model, "language": language, "score": score}
        for model, (scores, average) in rows.items()
        for language, score in zip((*LANGUAGES[: len(scores)], "mul"), (*scores, average), strict=True)
    ]
    frame = pd.DataFrame(records).assign(target_task="xnli", metric="acc", method="baseline", split="test", **columns)
    return printed_block("planted", "", complete(frame))


def only(block: Block, *others: Block) -> PrintedAverage:
    (result,) = check_averages([block], others)
    return result


@pytest.mark.slow
def test_all_misprints_that_are_known_come_out(found: tuple[PrintedAverage, ...]) -> None:
    wrong = {(item.data, item.line): item for item in found if item.verdict == "contradicted"}
    where = {(item.data, item.model, item.target_task, item.printed) for item in wrong.values()}
    assert where == {
        ("chung2021_rembert", "FILTER", "AVG_task(7)", "74.9"),
        ("chung2021_rembert", "FILTER", "AVG_category(3)", "76.0"),
        ("chung2021_rembert", "FILTER", "CATEGORY sentence-pair", "87.5"),
        ("chung2021_rembert", "FILTER", "CATEGORY QA (EM/F1 mean)", "68.5"),
        ("chung2021_rembert", "XLM-R Large", "CATEGORY structured prediction", "69.0"),
        ("chung2021_rembert", "XLM-R Large", "CATEGORY QA (EM/F1 mean)", "62.3"),
        ("conneau2020_xlm_r_paper", "XLM-100 (model chosen per language)", "xnli", "71.3"),
        ("conneau2020_xlm_r_paper", "XLM-100", "xnli", "70.7"),
        ("ouyang2021_ernie_m_readme", "XLM-R Large", "mlqa", "70.7"),
        ("wang2020_minilm", "XLM-100", "xnli", "70.7"),
    }
    filter_row = next(item for item in wrong.values() if item.printed == "74.9")
    first = filter_row.readings[0]
    assert first.name == "mean of F1 and EM, mean of tasks" and first.recomputed is not None
    assert (float(first.recomputed.low), float(first.recomputed.high)) == pytest.approx((74.371, 74.471), abs=1e-3)


def test_explanations_of_the_known_misprints(found: tuple[PrintedAverage, ...]) -> None:
    by_place = {(item.data, item.line): " | ".join(item.explanations) for item in found}
    swapped = by_place["conneau2020_xlm_r_paper", 65]
    assert "fit the average of XLM-100 (model chosen per language) (line 49)" in swapped and "exchanged" in swapped
    hindi = by_place["ouyang2021_ernie_m_readme", 413]
    assert "hin is 62.9 here (line 407) and 69.2 in conneau2020_xlm_r_paper, line 186" in hindi
    assert "hin (line 407) read as 69.2 in place of 62.9 makes it hold" in hindi


def test_no_flag_is_consulted(blocks: tuple[Block, ...]) -> None:
    """Without the columns that name defects, verdicts, explanations and suspect rows are the same."""
    names = ("conneau2020_xlm_r_paper", "conneau2020_goyal2021_xlm_r", "ouyang2021_ernie_m_readme", "wang2020_minilm")
    flagged = [block for block in blocks if block.name in names]
    bare = [replace(block, frame=block.frame.assign(flags=None, note=None)) for block in flagged]
    assert check_averages(bare) == check_averages(flagged)
    assert check_profiles(bare) == check_profiles(flagged)
    assert len(check_profiles(bare)) == 6


def test_verdicts_on_the_bundled_averages(found: tuple[PrintedAverage, ...]) -> None:
    frame = averages_frame(found)
    assert len(frame) == 274
    assert frame["verdict"].value_counts().to_dict() == {
        "not-checkable": 131, "reproduced": 118, "reproduced-under": 12, "contradicted": 11, "consistent": 2,
    }  # fmt: skip
    overall = frame[frame["target_task"] == "AVG_task(9)"].iloc[0]
    assert overall["verdict"] == "consistent"
    assert "POS + TyDiQA must sum to 126.2 to 128.8" in overall["reason"]
    assert "POS, TyDiQA from chung2021_rembert: 68.15 to 68.35" in overall["reason"]
    r3f = frame[(frame["data"] == "aghajanyan2020_r3f") & (frame["printed"] == "81.2")].iloc[0]
    assert r3f["verdict"] == "reproduced"  # 81.26 by the cells as printed, 81.21 at least by what they may have been
    assert (r3f["low"], r3f["high"]) == pytest.approx((81.21, 81.31))


def test_cells_known_by_their_items(found: tuple[PrintedAverage, ...]) -> None:
    """XCOPA's averages have two decimals, its cells one; as shares of 500 items the cells are exact."""
    xcopa = {item.model: item for item in found if item.data == "ponti2020_xcopa_leaderboard"}
    assert xcopa["XLM-R Large"].verdict == "reproduced"
    assert xcopa["XLM-R Large"].readings[0].name == "mean over 11 languages, as shares of their items"
    assert xcopa["XLM-R Base + MAD-X"].verdict == "consistent"  # its cells are no shares of 500


def test_planted_averages() -> None:
    scores = [80.1, 70.3, 72.4, 60.2]
    assert only(planted({"A": (scores, 70.8)})).verdict == "reproduced"  # 70.75
    assert only(planted({"A": (scores, 70.6)})).verdict == "contradicted"
    assert only(planted({"A": (scores, 67.6)})).verdict == "reproduced-under"  # 67.63 without English
    assert only(planted({"A": ([], 67.6)})).verdict == "not-checkable"
    assert only(planted({"A": (scores, 70.752)})).verdict == "consistent"  # cells with one decimal cannot tell


def test_weighted_by_items() -> None:
    block = planted({"A": ([90.1, 50.1], 60.1)})
    assert only(block).verdict == "contradicted"
    block.frame["n_items"] = [100.0, 300.0, float("nan")]
    result = only(block)
    assert result.verdict == "reproduced-under"
    assert result.readings[-1].name == "weighted by test items" and result.readings[-1].status == "holds"


def test_planted_misprints_are_explained() -> None:
    exchanged = {"A": ([80.1, 70.3, 60.2], 60.2), "B": ([70.1, 60.3, 50.2], 70.2)}
    texts = [item.explanations for item in check_averages([planted(exchanged)])]
    assert all(any("the two averages are exchanged" in text for text in found) for found in texts)
    digits = only(planted({"A": ([80.1, 70.3, 62.9], 73.2)}))  # 69.2 was meant
    assert "fra (line 4) read as 69.2 in place of 62.9 makes it hold" in digits.explanations
    other = printed_block("other", "", planted({"A": ([80.1, 70.3, 69.2], 73.2)}).frame.drop(columns=["line"]))
    text = only(planted({"A": ([80.1, 70.3, 61.0], 73.2)}), other).explanations
    assert text == ("fra is 61 here (line 4) and 69.2 in other, line 4, with which the average holds",)


def test_rows_of_another_order(blocks: tuple[Block, ...]) -> None:
    """The six rows whose columns stand in another order, and four SumEval runs that are unlike the rest."""
    found = {(item.data, item.model, item.target_task, item.metric, min(item.lines)) for item in check_profiles(blocks)}
    assert {item for item in found if item[0] != "sumeval2022"} == {
        ("conneau2020_goyal2021_xlm_r", "XLM-R XL", "mlqa", "em", 103),
        ("conneau2020_goyal2021_xlm_r", "XLM-R XXL", "mlqa", "em", 119),
        ("conneau2020_goyal2021_xlm_r", "XLM-R XL", "mlqa", "f1", 102),
        ("conneau2020_goyal2021_xlm_r", "XLM-R XXL", "mlqa", "f1", 118),
        ("ouyang2021_ernie_m_readme", "VECO Large", "xnli", "acc", 114),
        ("ouyang2021_ernie_m_readme", "VECO Large", "xnli", "acc", 242),
    }
    assert len(found) == 10


def test_a_planted_row_of_another_order() -> None:
    hard = [80.0, 75.0, 74.0, 70.0, 60.0, 68.0, 71.0]
    rows = {f"M{i}": ([value + i + 0.1 * ((3 * i + j) % 5) for j, value in enumerate(hard)], 0.0) for i in range(8)}
    assert check_profiles([planted(rows)]) == ()
    rows["M3"] = (rows["M3"][0][::-1], 0.0)
    (profile,) = check_profiles([planted(rows)])
    assert (profile.model, profile.languages, profile.rows) == ("M3", 7, 7)
    assert profile.correlation < 0.5 < 0.99 < profile.others
    assert check_profiles([planted({name: rows[name] for name in ("M1", "M2", "M3")})]) == ()  # too few to tell
    others = {name: value for name, value in rows.items() if name != "M3"}
    alone = planted({"M3": rows["M3"]})
    assert [item.model for item in check_profiles([alone], [planted(others)])] == ["M3"]
    assert check_profiles([planted(others)], [alone]) == ()
