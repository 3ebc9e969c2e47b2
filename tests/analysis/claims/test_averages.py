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
    assert "read as" not in hindi  # one explanation, the best


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
        "not-checkable": 131, "reproduced": 112, "contradicted": 11, "possible-by-rounding": 13, "reproduced-under": 6,
        "consistent": 1,
    }  # fmt: skip
    overall = frame[frame["target_task"] == "AVG_task(9)"].iloc[0]
    assert overall["verdict"] == "consistent"
    assert "POS + TyDiQA must sum to 126.2 to 128.8" in overall["reason"]
    assert "POS, TyDiQA from chung2021_rembert: 68.25 (68.15 to 68.35), " in overall["reason"]
    r3f = frame[(frame["data"] == "aghajanyan2020_r3f") & (frame["printed"] == "81.2")].iloc[0]
    assert r3f["verdict"] == "possible-by-rounding"  # 81.26 by the cells as printed, 81.21 at least by their rounding
    assert r3f["reason"] == "mean over 15 languages: 81.26 (81.21 to 81.31), possible by rounding, 1 in 6"
    assert (r3f["low"], r3f["high"]) == pytest.approx((81.21, 81.31))


def test_cells_known_by_their_items(found: tuple[PrintedAverage, ...]) -> None:
    """XCOPA's averages have two decimals, its cells one; as shares of 500 items the cells are exact."""
    xcopa = {item.model: item for item in found if item.data == "ponti2020_xcopa_leaderboard"}
    assert xcopa["XLM-R Large"].verdict == "reproduced"
    assert xcopa["XLM-R Large"].readings[0].name == "mean over 11 languages, as shares of their items"
    assert xcopa["XLM-R Base + MAD-X"].readings[0].name == "mean over 11 languages"  # its cells are no shares of 500


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
    assert all(any("of the two rows, are exchanged" in text for text in found) for found in texts)
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


BASE = [85.0, 77.8, 78.7, 69.6, 68.4, 73.2, 72.5]  # their mean is 75.02857


def shifted(*steps: float) -> dict[str, list[float]]:
    """Rows of cells, each above the first by so much in every language."""
    return {f"M{i}": [round(score + step, 1) for score in BASE] for i, step in enumerate(steps)}


def with_averages(rows: dict[str, list[float]], averages: list[float]) -> dict[str, tuple[list[float], float]]:
    return {name: (cells, average) for (name, cells), average in zip(rows.items(), averages, strict=True)}


def by_model(block: Block) -> dict[str, PrintedAverage]:
    return {item.model: item for item in check_averages([block])}


def test_the_cells_as_printed_decide() -> None:
    """76.825 is 76.8; 76.9 needs three of four cells to have been rounded down by much."""
    cells = [79.2, 86.4, 76.6, 65.1]
    assert only(planted({"A": (cells, 76.8)})).verdict == "reproduced"
    found = only(planted({"A": (cells, 76.9)}))
    assert found.verdict == "possible-by-rounding"
    assert found.readings[0].needs == "possible by rounding, 1 in 12"
    assert found.readings[0].chance == pytest.approx(1 / 12, abs=0.002)


def test_an_average_off_by_a_tenth_is_contradicted_where_rounding_hardly_gives_it() -> None:
    """15 cells: the bound of rounding, 0.05, is reached by all errors pointing one way, which they do not."""
    languages = [f"x{i:02d}" for i in range(15)]
    rows = [{"model": "A", "language": code, "score": 77.3 + 0.1 * (i % 3)} for i, code in enumerate(languages)]
    rows.append({"model": "A", "language": "mul", "score": 77.5})  # 77.4 by the cells
    frame = pd.DataFrame(rows).assign(target_task="xnli", metric="acc", method="baseline", split="test")
    found = only(printed_block("t", "", complete(frame)))
    assert found.verdict == "contradicted" and "0.05 beyond rounding" in found.reason


@pytest.mark.parametrize("printed", [12, 13])
def test_half_up_and_half_to_even_are_rounding(printed: float) -> None:
    frame = pd.DataFrame(
        [("A", "eng", 12.0), ("A", "deu", 13.0), ("A", "mul", printed)], columns=["model", "language", "score"]
    ).assign(target_task="xnli", metric="acc", method="baseline", split="test")
    assert only(printed_block("t", "", complete(frame))).verdict == "reproduced"


def test_the_definition_is_the_tables() -> None:
    """Three rows without English and one with it: the one stands out. The other way round as well."""
    rows = shifted(0.0, 1.1, 2.3, -0.6)
    plain = [75.0, 76.1, 77.3, 74.4]
    without = [73.4, 74.5, 75.7, 72.8]
    found = by_model(planted(with_averages(rows, [*without[:3], plain[3]])))
    assert [item.verdict for item in found.values()] == ["reproduced-under"] * 3 + ["contradicted"]
    assert found["M3"].explanations == ("it would be the mean over all 7 languages",)
    found = by_model(planted(with_averages(rows, [*plain[:3], without[3]])))
    assert [item.verdict for item in found.values()] == ["reproduced"] * 3 + ["contradicted"]
    assert found["M3"].explanations == ("it would be the mean without eng",)


def test_a_table_of_averages_that_are_cut_off() -> None:
    """Each alone could be a matter of rounding; that all of them are is not."""
    rows = shifted(0.05, 0.15, 0.25, 1.05, 2.05, 3.05)
    exact = {name: sum(cells) / 7 for name, cells in rows.items()}
    cut = [int(value * 10) / 10 for value in exact.values()]
    rounded_ = [round(value, 1) for value in exact.values()]
    assert cut != rounded_
    found = by_model(planted(with_averages(rows, cut)))
    wrong = {name for name, item in found.items() if item.verdict == "contradicted"}
    assert wrong == {name for name, a, b in zip(rows, cut, rounded_, strict=True) if a != b}
    assert all("cut off, not rounded" in found[name].reason for name in wrong)
    assert {item.verdict for item in by_model(planted(with_averages(rows, rounded_))).values()} == {"reproduced"}


def test_a_blank_cell_is_missing_and_no_misprint() -> None:
    rows = with_averages(shifted(0.0, 1.1, 2.3), [75.0, 76.1, 77.3])
    block = planted(rows)
    records = pd.concat([block.frame, block.blank]).drop(columns=["line", "decimals"]).reset_index(drop=True)
    records.loc[(records["model"] == "M1") & (records["language"] == "tha"), "score"] = float("nan")
    found = by_model(printed_block("t", "", records))
    assert [item.verdict for item in found.values()] == ["reproduced", "consistent", "reproduced"]
    assert found["M1"].explanations == ()
    assert "tha, not printed, must be 73.4 to 74.8" in found["M1"].reason
    absent = records[records["score"].notna()].reset_index(drop=True)
    assert by_model(printed_block("t", "", absent))["M1"].verdict == "consistent"


def test_fractions_are_read_as_they_are_printed() -> None:
    """0.751 has three decimals; as points it is 75.10000000000001."""
    block = planted(with_averages(shifted(0.0, 1.1), [75.0, 76.1]))
    fractions = block.frame.drop(columns=["line", "decimals"]).assign(score=block.frame["score"] / 100 * 100)
    noisy = fractions.assign(score=[float(f"{score / 100:.3f}") * 100 for score in fractions["score"]])
    assert any(len(repr(score)) > 10 for score in noisy["score"])  # the noise is there
    found = check_averages([printed_block("t", "", noisy)])
    assert [(item.verdict, item.printed) for item in found] == [("reproduced", "75.0"), ("reproduced", "76.1")]


def test_a_table_that_mixes_fractions_and_points_is_named() -> None:
    rows = with_averages(shifted(0.0, 1.1, 2.3), [75.0, 76.1, 77.3])
    rows["M1"] = ([round(score / 100, 3) for score in rows["M1"][0]], 0.761)
    block = planted(rows)
    assert {item.verdict for item in check_averages([block])} == {"reproduced"}
    (notice,) = block.notices
    assert notice.startswith("the table mixes fractions and points: M1 baseline, lines 10–17")


def test_seeds_that_an_average_does_not_name_are_not_mixed_into_another() -> None:
    rows = [("A", code, seed, score + seed) for seed in (1, 2) for code, score in zip(LANGUAGES, BASE, strict=True)]
    rows += [("A", "mul", 1, 76.0), ("A", "mul", 2, 76.0)]  # 76.0 and 77.0
    frame = pd.DataFrame(rows, columns=["model", "language", "seed", "score"])
    block = printed_block(
        "t", "", complete(frame.assign(target_task="xnli", metric="acc", method="baseline", split="test"))
    )
    assert [item.verdict for item in check_averages([block])] == ["reproduced", "contradicted"]


def test_an_average_of_another_metric() -> None:
    rows = [("f1", code, score) for code, score in zip((*LANGUAGES, "mul"), (*BASE, 57.0), strict=True)]
    rows += [("em", code, score - 18) for code, score in zip(LANGUAGES, BASE, strict=True)]
    frame = pd.DataFrame(rows, columns=["metric", "language", "score"]).assign(
        model="A", target_task="mlqa", method="baseline", split="test"
    )
    found = only(printed_block("t", "", complete(frame)))
    assert found.verdict == "contradicted"
    assert found.explanations == ("it would be the mean of the row's em (metric), lines 10–16",)


@pytest.mark.parametrize(
    ("average", "words"),
    [(57.0, "the average read as 75 in place of 57 makes it hold"), (76.1, "it would be the mean without swa")],
)
def test_one_explanation(average: float, words: str) -> None:
    assert only(planted({"A": (BASE, average)})).explanations == (words,)
