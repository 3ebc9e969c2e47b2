"""Tables of values by language: any form of code, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.core.errors import RecordError
from analysis.records.language_values import read_language_values


def write(tmp_path: Path, text: str, name: str = "own.csv") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("codes", [("zh", "de", "sw"), ("zho", "deu", "swa"), ("zho_Hans", "deu_Latn", "swh_Latn"),
                                   ("Chinese", "German", "Swahili")])  # fmt: skip
def test_any_form_of_code(tmp_path: Path, codes: tuple[str, ...]) -> None:
    rows = "\n".join(f"{code},0.{i}" for i, code in enumerate(codes))
    found = read_language_values(write(tmp_path, f"language,mine\n{rows}\n"))
    assert found.names == ("mine",) and not found.paired
    assert found.values == {(iso, "", "", ""): (value,)
                            for iso, value in zip(("zho", "deu", "swa"), (0.0, 0.1, 0.2), strict=True)}  # fmt: skip


def test_pairs_and_several_columns(tmp_path: Path) -> None:
    text = "target,source,ldnd,overlap,remark\nde,en,0.6,0.5,x\nde,tr,0.9,,y\n"
    found = read_language_values(write(tmp_path, text))
    assert found.paired and found.names == ("ldnd", "overlap")
    assert found.values["deu", "", "eng", ""] == (0.6, 0.5)
    one, other = found.values["deu", "", "tur", ""]
    assert one == 0.9 and other != other  # an empty cell has no value


def test_where_a_value_was_read_is_no_language(tmp_path: Path) -> None:
    text = "language,source,x\nde,Glottolog 5,0.6\nfr,ASJP 20,0.9\n"
    found = read_language_values(write(tmp_path, text))
    assert not found.paired and found.values["deu", "", "", ""] == (0.6,)
    wrong = "language,source,x\nde,en,0.6\nfr,en,0.9\nes,frx,1\n"
    with pytest.raises(RecordError, match="line 4, column 'source': 'frx' is no language"):
        read_language_values(write(tmp_path, wrong))


def test_frames_and_files_give_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"lang": ["de", "fr"], "x": [1.5, 2.0]})
    path = tmp_path / "x.parquet"
    frame.to_parquet(path)
    assert read_language_values(frame).values == read_language_values(str(path)).values


def test_the_same_value_twice_counts_once(tmp_path: Path) -> None:
    found = read_language_values(write(tmp_path, "language,x\nzh,1\ncmn,1\nde,2\n"))
    assert found.values == {("zho", "", "", ""): (1.0,), ("deu", "", "", ""): (2.0,)}


def test_scripts_of_one_language_are_kept_apart(tmp_path: Path) -> None:
    """The usual script is the language's value; where none is usual, only the codes tell."""
    text = "language,x\nzho_Hans,1\nzho_Hant,2\nknc_Arab,3\nknc_Latn,4\n"
    found = read_language_values(write(tmp_path, text))
    assert found.values["zho", "", "", ""] == (1.0,) and found.values["zho", "Hant", "", ""] == (2.0,)
    assert found.values["knc", "knc_Arab", "", ""] == (3.0,) and found.values["knc", "knc_Latn", "", ""] == (4.0,)
    assert ("knc", "", "", "") not in found.values
    assert found.ambiguous == {"knc": ("knc_Arab", "knc_Latn")}


def test_one_writing_in_an_unusual_script_is_the_language(tmp_path: Path) -> None:
    found = read_language_values(write(tmp_path, "language,x\nkor_Hang,1\ndeu_Latn,2\n"))
    assert found.values == {("kor", "", "", ""): (1.0,), ("deu", "", "", ""): (2.0,)}


@pytest.mark.parametrize(
    ("table", "either_way"),
    [
        ("language,source,x\nde,en,1\nfr,en,2\n", False),  # one source: nothing is said of the other direction
        ("language,source,x\nde,en,1\nfr,de,2\n", True),
        ("language,source,x\nde,en,1\nen,de,3\nfr,de,2\n", False),
        ("language,x\nde,1\n", False),
    ],
)
def test_when_a_value_stands_for_both_directions(tmp_path: Path, table: str, either_way: bool) -> None:
    assert read_language_values(write(tmp_path, table)).either_way == either_way


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("language,x\nde,1\nqzz,2\n", "own.csv, line 3, column 'language': 'qzz' is no language code or name"),
        ("language,x\nde,1\n,2\n", "own.csv, line 3, column 'language': no language."),
        ("language,x\nde,1\nfr,2\nde,3\n", "own.csv, lines 2 and 4: 'de' has two values of 'x', 1 and 3."),
        ("language,x\nzh,1\ncmn,3\n", r"lines 2 and 3: 'zh' and 'cmn' \(both 'zho'\) have two values of 'x', 1 and 3."),
        ("language,source,x\nde,en,1\nde,en,2\n", "'de' from 'eng' has two values of 'x', 1 and 2."),
        ("language,x\nde,1\nfr,2\nsw,many\n", "own.csv, line 4, column 'x': 'many' is not a number."),
        ("who,x\nde,1\n", "own.csv has no column of languages; its columns are who, x."),
        ("language,name\nde,German\n", "own.csv has no column of numbers besides its languages."),
        ("language,score\nde,1\n", "column 'score': that is a field of the records"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_language_values(write(tmp_path, text))


def test_names_that_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no file"):
        read_language_values(str(tmp_path / "none.csv"))
    with pytest.raises(RecordError, match="is neither a file nor a bundled set"):
        read_language_values("subword_overlp")
    with pytest.raises(RecordError, match="holds scores, not values of languages"):
        read_language_values("xue2021_mt5")
