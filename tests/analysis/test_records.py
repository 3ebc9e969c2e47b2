"""The record schema: what is converted, and what is refused with row, column and value."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.core.errors import RecordError
from analysis.records.check import check_records
from analysis.records.schema import NAMES


def table(**columns: list[object]) -> pd.DataFrame:
    base = {"language": ["de", "sw"], "score": ["70.5", "61"]}
    return pd.DataFrame({**base, **columns}, dtype=object)


def check(frame: pd.DataFrame, **options):
    return check_records(frame, "scores.csv", **options)


def test_minimal_table_becomes_records() -> None:
    checked = check(table())
    assert list(checked.frame.columns) == list(NAMES)
    assert checked.frame["language"].tolist() == ["deu", "swa"]
    assert checked.frame["score"].tolist() == [70.5, 61.0]
    assert checked.frame["note"].tolist() == ["printed language code: de", "printed language code: sw"]
    assert checked.frame["model"].isna().all()
    assert checked.notices == ()


def test_checking_twice_changes_nothing() -> None:
    once = check(table(method=["baseline", ""], seed=[1, 2])).frame
    twice = check(once).frame
    pd.testing.assert_frame_equal(once, twice)


def test_fractions_become_points_and_it_is_said() -> None:
    checked = check(table(score=["0.705", "0.61"]))
    assert checked.frame["score"].tolist() == pytest.approx([70.5, 61.0])
    assert checked.notices == ("scores are fractions (largest 0.705): multiplied by 100 to make points",)


def test_columns_are_mapped() -> None:
    frame = table().rename(columns={"language": "lang", "score": "accuracy"})
    checked = check(frame, mapping={"lang": "language", "accuracy": "score"})
    assert checked.frame["score"].tolist() == [70.5, 61.0]


def test_other_columns_are_kept() -> None:
    checked = check(
        table(epoch=["3", "4"], ratio=["1.5", ""], word=["a", "1"], name=["007", "008"], seen=["True", "false"])
    )
    assert checked.frame["epoch"].tolist() == [3, 4]  # numbers are numbers, as they are in Parquet
    assert checked.frame["ratio"].tolist()[0] == 1.5 and pd.isna(checked.frame["ratio"].iloc[1])
    assert checked.frame["word"].tolist() == ["a", "1"] and checked.frame["name"].tolist() == ["007", "008"]
    assert checked.frame["seen"].tolist() == [True, False]


def test_script_variants_are_told_apart_by_condition() -> None:
    checked = check(table(language=["zho_Hans", "zho_Hant"]))
    assert checked.frame["language"].tolist() == ["zho", "zho"]
    assert checked.frame["condition"].isna().tolist() == [True, False]
    assert checked.frame["condition"].iloc[1] == "script=Hant"


def test_averages_are_no_language_but_kept() -> None:
    checked = check(table(language=["de", "avg"]))
    assert checked.frame["language"].tolist() == ["deu", "mul"]


def test_misprinted_code_is_read_with_a_notice() -> None:
    checked = check(table(language=["jp", "sw"]))
    assert checked.frame["language"].tolist() == ["jpn", "swa"]
    assert "language code 'jp' (1 rows) read as 'jpn'" in checked.notices[0]


def test_whole_numbers_are_seeds_not_decimals() -> None:
    numbers = table().assign(seed=pd.Series([1.0, 2.0]))
    assert check(numbers).frame["seed"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"score": ["70.5", "7O"]}, r"scores.csv, line 3, column 'score': '7O' is not a number from 0 to 100"),
        ({"score": ["70.5", "71,2"]}, r"line 3, column 'score': '71,2' .*Use a decimal point"),
        ({"score": ["70.5", "71%"]}, r"'71%' .*Leave the percent sign out"),
        ({"score": ["70.5", "701"]}, r"line 3, column 'score': '701' is not a number from 0 to 100"),
        ({"score": ["x", "y"]}, r"line 2, .*1 more cells of this column are wrong as well"),
        ({"params_m": ["560", "-3"]}, r"line 3, column 'params_m': '-3' is not a number of at least 0"),
        ({"n_items": ["0", "3"]}, r"line 2, column 'n_items': '0' is not a number of at least 1"),
        ({"score": ["inf", "3"]}, r"line 2, column 'score': 'infinite' is not"),
        ({"method": ["baseline", "intermediat"]}, r"line 3, column 'method': .*Did you mean 'intermediate'"),
        ({"language": ["de", "grmn"]}, r"line 3, column 'language': 'grmn' is no language code .*German"),
        ({"language": ["de", ""]}, r"line 3, column 'language' is empty"),
    ],
)
def test_broken_cells_are_named(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        check(table(**columns))


def test_missing_column_names_the_nearest_and_the_way_out() -> None:
    with pytest.raises(RecordError, match=r"no column 'language'.*Did you mean 'Langage'.*--map COLUMN=language"):
        check(table().rename(columns={"language": "Langage"}))
    with pytest.raises(RecordError, match=r"no column 'score'"):
        check(table().drop(columns="score"))


def test_mapping_mistakes() -> None:
    with pytest.raises(RecordError, match="has no column 'lang' to map.*Did you mean 'language'"):
        check(table(), mapping={"lang": "language"})
    with pytest.raises(RecordError, match="'scor' is not a field of the record.*Did you mean 'score'"):
        check(table(acc=["1", "2"]), mapping={"acc": "scor"})
    with pytest.raises(RecordError, match="already has a column 'score'"):
        check(table(acc=["1", "2"]), mapping={"acc": "score"})


def test_empty_and_doubled() -> None:
    with pytest.raises(RecordError, match="has no rows"):
        check(table().head(0))
    doubled = pd.concat([table(), table()[["score"]]], axis=1)
    with pytest.raises(RecordError, match="more than one column 'score'"):
        check(doubled)
