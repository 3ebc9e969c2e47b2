"""Files in four formats, and files that are not what their names say."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from analysis.core.errors import RecordError
from analysis.records.files import read_table
from analysis.records.read import read_inputs

ROWS = pd.DataFrame({"language": ["de", "nan", "sw"], "score": [70.5, 60.0, 61.25], "model": ["m", "m", None]})


def write(path: Path) -> Path:
    if path.name.endswith(".csv"):
        ROWS.to_csv(path, index=False)
    elif path.name.endswith(".tsv"):
        ROWS.to_csv(path, index=False, sep="\t")
    elif path.name.endswith(".parquet"):
        ROWS.to_parquet(path)
    elif path.name.endswith(".jsonl"):
        ROWS.to_json(path, orient="records", lines=True)
    elif path.name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress(ROWS.to_json(orient="records", lines=True).encode()))
    else:
        path.write_bytes(gzip.compress(ROWS.to_csv(index=False).encode()))
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl", "csv.gz", "jsonl.gz"])
def test_every_format_gives_the_same_records(ending: str, tmp_path: Path) -> None:
    read = read_inputs([str(write(tmp_path / f"scores.{ending}"))])
    assert read.records["language"].tolist() == ["deu", "nan", "swa"]
    assert read.records["score"].tolist() == [70.5, 60.0, 61.25]
    assert read.records["model"].isna().tolist() == [False, False, True]
    assert read.sources[0].rows == 3
    assert len(read.sources[0].sha256) == 64


def test_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_text("language,score\nde,70\n", encoding="utf-8-sig")
    assert read_table(path)[0].columns.tolist() == ["language", "score"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.csv", b"", "'scores.csv' is empty"),
        ("scores.docx", b"x", "'scores.docx' is not a kind of table that is read here.*Endings: .csv"),
        ("scores.xlsx", b"x", "'scores.xlsx' cannot be read as XLSX"),
        ("scores.md", b"no table", "no Markdown table"),
        ("scores.tex", b"no table", "no LaTeX table"),
        ("scores.html", b"<p>no table", "no HTML table"),
        ("scores.csv", b"language,score\nde,70,80,90\nde\n", "line 2: the row has more cells than the header"),
        ("scores.csv", b"language,score\nde,70\nsw,70,80,90\n", "cannot be read as CSV: .*line 3"),
        ("scores.csv", b"language,score\n\xff\xfe,70\n", "line 2 is not UTF-8"),
        ("scores.parquet", b"not parquet", "cannot be read as PARQUET"),
        ("scores.jsonl", b'{"language": "de"\n', "'scores.jsonl', line 1: not JSON"),
        ("scores.jsonl", b"[1, 2]\n", "'scores.jsonl', line 1: expected an object, found list"),
    ],
)
def test_broken_files_are_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message):
        read_inputs([str(path)])


def test_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path / "scores.csv")
    with pytest.raises(RecordError, match=r"there is no file .*Did you mean 'scores.csv'"):
        read_inputs([str(tmp_path / "score.csv")])


def test_neither_file_nor_set() -> None:
    with pytest.raises(RecordError, match="neither a file nor a bundled data set.*Did you mean 'sumeval2022'"):
        read_inputs(["sumeval2021"])
    with pytest.raises(RecordError, match="holds covariates, not scores"):
        read_inputs(["model_params"])


def test_bundled_sets_and_files_together(tmp_path: Path) -> None:
    read = read_inputs(["lewis2020_mlqa", str(write(tmp_path / "mine.csv"))])
    assert [source.name for source in read.sources] == ["lewis2020_mlqa", "mine.csv"]
    assert len(read.records) == 36
    assert read.records.index.is_unique
