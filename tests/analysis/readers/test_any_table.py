"""Tables as people have them become records without an edit; what is guessed is said."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from pathlib import Path

import narwhals
import pandas as pd
import polars
import pyarrow as pa
import pytest

from analysis.core.errors import PairingError, RecordError
from analysis.outcomes.build import Options, build_outcome
from analysis.records.read import Input, read_inputs
from analysis.records.roles import mapping_text, read_mapping

CODES = ("en", "de", "sw", "th", "zh")
BASE = {"m1": (70.0, 61.5, 44.25, 50.0, 52.5), "m2": (80.0, 71.5, 54.0, 60.0, 62.0)}
GAIN = (2.0, 1.5, -0.5, 0.75, 3.0)
#: What every table here says: gains of four languages in two models.
EXPECTED = {
    (model, iso): gain for model in BASE for iso, gain in zip(("deu", "swa", "tha", "zho"), GAIN[1:], strict=True)
}


def wide(arm: str = "{model} + MNLI", comma: bool = False) -> list[list[str]]:
    """Rows of a table with a column a language and a column of averages."""
    rows = [["Model", *CODES, "Avg."]]
    for model, scores in BASE.items():
        for name, extra in ((model, (0.0,) * 5), (arm.format(model=model), GAIN)):
            own = [score + more for score, more in zip(scores, extra, strict=True)]
            cells = [f"{score:g}" for score in [*own, sum(own) / 5]]
            rows.append([name, *[cell.replace(".", ",") if comma else cell for cell in cells]])
    return rows


def long() -> pd.DataFrame:
    rows = [
        {"model": model, "lang": code, "stage": stage, "Accuracy": score + (gain if stage == "mnli" else 0.0)}
        for model, scores in BASE.items()
        for stage in ("none", "mnli")
        for code, score, gain in zip(CODES, scores, GAIN, strict=True)
    ]
    return pd.DataFrame(rows)


def written(path: Path, rows: list[list[str]], sep: str = ",") -> str:
    path.write_text("\n".join(sep.join(row) for row in rows) + "\n", encoding="utf-8")
    return str(path)


def gains(read: Input) -> dict[tuple[str, str], float]:
    frame = build_outcome(read.records, Options(outcome="gain")).frame
    assert not frame.duplicated(["model", "language", "condition"]).any()
    return {(row.model, row.language): round(row.gain, 6) for row in frame.itertuples()}


def test_a_column_a_language_and_arms_in_names(tmp_path: Path) -> None:
    read = read_inputs([written(tmp_path / "wide.csv", wide())])
    assert gains(read) == EXPECTED
    assert (read.records["language"] == "mul").sum() == 4  # printed averages, kept apart
    said = " ".join(read.notices)
    assert "5 columns are languages" in said and "printed averages, kept apart: Avg." in said
    assert "'m1 + MNLI' is read as 'm1' after the intermediate task 'MNLI'" in said


def test_long_headings_by_their_words(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    long().to_csv(path, index=False)
    read = read_inputs([str(path)])
    assert gains(read) == EXPECTED
    assert set(read.records["metric"]) == {"acc"} and set(read.records["intermediate_task"].dropna()) == {"mnli"}
    assert any("lang → language; Accuracy → score, metric acc" in notice for notice in read.notices)
    assert any("'stage': 'none' is without the intermediate stage (10 rows)" in notice for notice in read.notices)


def latex(rows: list[list[str]]) -> str:
    body = [" & ".join(f"\\textbf{{{cell}}}" if i == 2 else cell for i, cell in enumerate(row)) for row in rows]
    body[0] = f"\\multirow{{1}}{{*}}{{{rows[0][0]}}} & " + " & ".join(rows[0][1:])
    return "\\begin{tabular}{l*{6}{c}}\n\\toprule\n" + " \\\\\n\\midrule % rule\n".join(body) + " \\\\\n\\end{tabular}"


def test_formats_that_are_printed(tmp_path: Path) -> None:
    rows = wide()
    bold = [[*row[:2], f"**{row[2]}**", *row[3:]] for row in rows]
    texts = {
        "t.md": "text\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in (bold[0], ["---"] * 7, *bold[1:])),
        "t.tex": latex(rows),
        "t.html": "<table>" + "".join("<tr>" + "".join(f"<td><b>{c}</b></td>" for c in row) + "</tr>" for row in rows),
        "t.tsv": "\n".join("\t".join(row) for row in rows),
        "semicolon.csv": "\n".join(";".join(row) for row in wide(comma=True)),
        "spread.csv": "\n".join(",".join(c + (" ± 0.4" if c[0].isdigit() else "") for c in row) for row in rows),
        "percent.csv": "\n".join(",".join(c + ("%" if c[0].isdigit() else "") for c in row) for row in rows),
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert gains(read_inputs([str(tmp_path / name)])) == EXPECTED, name
    text = texts["semicolon.csv"]
    for encoding in ("utf-16", "utf-8-sig", "utf-16-le"):
        (tmp_path / "encoded.csv").write_bytes(text.encode(encoding))
        assert gains(read_inputs([str(tmp_path / "encoded.csv")])) == EXPECTED, encoding
    packed = {"csv.gz": gzip.compress, "csv.bz2": bz2.compress}
    for ending, pack in packed.items():
        (tmp_path / f"t.{ending}").write_bytes(pack(text.encode()))
        assert gains(read_inputs([str(tmp_path / f"t.{ending}")])) == EXPECTED, ending
    with pa.CompressedOutputStream(str(tmp_path / "t.csv.zst"), "zstd") as stream:
        stream.write(text.encode())
    assert gains(read_inputs([str(tmp_path / "t.csv.zst")])) == EXPECTED


def workbook(rows: list[list[str]]) -> bytes:
    """The least that is a workbook."""
    cells = "".join(
        "<row>" + "".join(
            f"<c><v>{cell}</v></c>" if cell.replace(".", "").isdigit()
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row
        ) + "</row>" for row in rows
    )  # fmt: skip
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
        f'Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{kind}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
        f'Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0"?>' + text)
    return buffer.getvalue()


def test_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(workbook([*wide(), ["", "", "", "", "", "", ""]]))
    assert gains(read_inputs([str(tmp_path / "t.xlsx")])) == EXPECTED


def test_two_rows_of_headings_and_tasks_by_language(tmp_path: Path) -> None:
    rows = wide()
    top = ["", "XNLI", "", "", "PAWS-X", ""]
    body = [[row[0], *row[2:5], *row[4:6]] for row in rows]  # de sw th | th zh
    read = read_inputs([written(tmp_path / "two.csv", [top, *body])])
    frame = build_outcome(read.records, Options(outcome="gain")).frame
    assert frame.groupby("target_task")["language"].agg(set).to_dict() == {
        "XNLI": {"deu", "swa", "tha"}, "PAWS-X": {"tha", "zho"},
    }  # fmt: skip
    one = [["Model", "XNLI/de", "XNLI/sw", "XNLI avg", "PAWS-X/de", "PAWS-X/zh"], *[row[:6] for row in rows[1:]]]
    read = read_inputs([written(tmp_path / "one.csv", one)])
    assert set(zip(read.records["target_task"], read.records["language"], strict=True)) == {
        ("XNLI", "deu"), ("XNLI", "swa"), ("XNLI", "mul"), ("PAWS-X", "deu"), ("PAWS-X", "zho"),
    }  # fmt: skip


def test_a_column_a_model(tmp_path: Path) -> None:
    turned = [list(column) for column in zip(*[row[:-1] for row in wide()], strict=True)]
    turned[0][0] = "language"
    assert gains(read_inputs([written(tmp_path / "turned.csv", turned)])) == EXPECTED


def test_two_columns_of_scores_are_two_arms(tmp_path: Path) -> None:
    frame = long().pivot_table(index=["model", "lang"], columns="stage", values="Accuracy").reset_index()
    frame = frame.rename(columns={"none": "acc_base", "mnli": "acc_mnli"})
    frame.to_csv(tmp_path / "arms.csv", index=False)
    read = read_inputs([str(tmp_path / "arms.csv")])
    assert gains(read) == EXPECTED
    assert set(read.records["intermediate_task"].dropna()) == {"mnli"}


def test_sizes_of_models_are_no_arms(tmp_path: Path) -> None:
    rows = [["variant", "language", "acc"], ["base", "de", "60"], ["large", "de", "65"], ["base", "sw", "50"]]
    assert read_inputs([written(tmp_path / "t.csv", rows)]).records["method"].isna().all()
    rows = [["language", "acc_base", "acc_large"], ["de", "60", "65"], ["sw", "50", "55"]]
    read = read_inputs([written(tmp_path / "t.csv", rows)])
    assert read.records["method"].isna().all() and set(read.records["model"]) == {"acc_base", "acc_large"}


def test_two_numbers_in_a_cell(tmp_path: Path) -> None:
    rows = [["model", "task", "language", "F1/EM"], ["m", "mlqa", "de", "80.1/75.2"], ["m", "mlqa", "sw", "70.5/60"]]
    read = read_inputs([written(tmp_path / "pairs.csv", rows)])
    assert read.records[["language", "metric", "score"]].values.tolist() == [
        ["deu", "f1", 80.1], ["deu", "em", 75.2], ["swa", "f1", 70.5], ["swa", "em", 60.0],
    ]  # fmt: skip
    rows[0][3] = "score"
    with pytest.raises(RecordError, match=r"line 2, column 'score': '80.1/75.2' is two numbers"):
        read_inputs([written(tmp_path / "pairs.csv", rows)])


def test_empty_rows_and_columns_of_spreadsheets(tmp_path: Path) -> None:
    rows = [[*row, "", ""] for row in wide()]
    assert gains(read_inputs([written(tmp_path / "t.csv", [*rows, [""] * 9, [""] * 9])])) == EXPECTED


def test_scales_that_differ_are_refused_with_both_named(tmp_path: Path) -> None:
    frame = long().assign(task="xnli")
    other = frame.assign(task="pawsx", Accuracy=frame["Accuracy"] / 100)
    pd.concat([frame, other]).to_csv(tmp_path / "mixed.csv", index=False)
    with pytest.raises(RecordError, match=r"'pawsx, m1, acc' has fractions .* 'xnli, m1, acc' has points"):
        read_inputs([str(tmp_path / "mixed.csv")])


def test_points_near_zero_of_one_model_are_no_fractions(tmp_path: Path) -> None:
    rows = [["model", "task", "language", "score"], ["random", "t", "de", "0.158"], ["m", "t", "de", "14.946"]]
    assert read_inputs([written(tmp_path / "m.csv", rows)]).records["score"].tolist() == [0.158, 14.946]
    rows[1][3] = "0.158123"
    with pytest.raises(RecordError, match="mixes scales: 't, random' has fractions"):
        read_inputs([written(tmp_path / "m.csv", rows)])


def test_fractions_keep_their_digits_and_take_their_errors_along(tmp_path: Path) -> None:
    rows = [["language", "score", "std_error"], ["de", "0.548", "0.012"], ["sw", "0.07", "0.02"]]
    read = read_inputs([written(tmp_path / "f.csv", rows)])
    assert read.records["score"].tolist() == [54.8, 7.0]  # not 54.800000000000004
    assert read.records["std_error"].tolist() == [1.2, 2.0]


def test_a_missing_language_is_named_by_row_and_no_country(tmp_path: Path) -> None:
    rows = [["language", "score"], ["de", "1"], ["NA", "2"], ["fr", "3"], ["NA", "4"]]
    with pytest.raises(RecordError, match=r"line 3, column 'language' is missing: 'NA' .*2 rows; lines 3, 5"):
        read_inputs([written(tmp_path / "na.csv", rows)])


def test_bytes_that_are_zero_are_named(tmp_path: Path) -> None:
    (tmp_path / "nul.csv").write_bytes(b"language,score\nde,1\n\x00,2\n")
    with pytest.raises(RecordError, match=r"line 3, column 'language' has a NUL byte"):
        read_inputs([str(tmp_path / "nul.csv")])


def test_scripts_and_varieties_of_one_language_stay_apart(tmp_path: Path) -> None:
    rows = [["language", "score"], ["knc_Arab", "1.5"], ["knc_Latn", "2.5"], ["zh-CN", "3"], ["zh-TW", "4"],
            ["pt", "5"], ["pt-BR", "6"]]  # fmt: skip
    read = read_inputs([written(tmp_path / "scripts.csv", rows)])
    assert not read.records.duplicated(["language", "condition"]).any()
    said = " ".join(read.notices)
    for codes in ("'knc_Arab' and 'knc_Latn'", "'zh-CN' and 'zh-TW'", "'pt' and 'pt-BR'"):
        assert codes in said


def test_sizes_come_from_names_and_that_is_said(tmp_path: Path) -> None:
    rows = [["model", "language", "score"], ["FacebookAI/xlm-roberta-base", "de", "60"], ["acme/own-1.3B", "de", "61"]]
    read = read_inputs([written(tmp_path / "m.csv", rows)])
    assert read.records["params_m"].tolist() == [270.0, 1300.0]
    assert any("from the bundled table and its name" in notice for notice in read.notices)
    rows = [["model", "params", "language", "score"], ["m", "560M", "de", "60"], ["n", "1.3B", "de", "61"]]
    assert read_inputs([written(tmp_path / "m.csv", rows)]).records["params_m"].tolist() == [560.0, 1300.0]


def test_a_unit_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    rows = [["model", "size", "n", "language", "score"], ["m", "560", "3", "de", "60"], ["n", "1300", "3", "de", "61"]]
    read = read_inputs([written(tmp_path / "m.csv", rows)])
    assert read.records["params_m"].isna().all() and read.records["size"].tolist() == [560, 1300]
    said = " ".join(read.notices)
    assert "'size' is kept as it is: its unit is not known" in said and "'n' is kept as it is" in said
    rows = [["model", "parameters", "language", "score"], ["m", "560000000", "de", "60"]]
    assert read_inputs([written(tmp_path / "m.csv", rows)]).records["params_m"].tolist() == [560.0]


def test_one_language_said_in_two_ways_is_a_conflict_and_no_variety(tmp_path: Path) -> None:
    rows = [["language", "score"], ["de", "60"], ["German", "61"], ["fr", "50"]]
    read = read_inputs([written(tmp_path / "m.csv", rows)])
    with pytest.raises(PairingError, match="one evaluation has two scores"):
        build_outcome(read.records, Options(outcome="gap", source="fra"))


def test_a_column_of_differences_is_no_average(tmp_path: Path) -> None:
    rows = [["Model", "de", "sw", "Avg", "Δ"], ["m", "60", "50", "55", "-3"]]
    read = read_inputs([written(tmp_path / "m.csv", rows)])
    assert read.records["language"].tolist() == ["deu", "swa", "mul"]
    assert any("'Δ' is left out" in notice for notice in read.notices)


def test_frames_of_every_library_are_read() -> None:
    frame = long()
    arrow = pa.table({str(name): frame[name].tolist() for name in frame.columns})
    frames = (frame, polars.from_arrow(arrow), arrow, narwhals.from_native(arrow), polars.from_arrow(arrow).lazy())
    for given in frames:
        assert gains(read_inputs([given])) == EXPECTED, type(given)


def test_what_was_understood_can_be_kept_and_used(tmp_path: Path) -> None:
    path = written(tmp_path / "wide.csv", wide())
    read = read_inputs([path])
    kept = tmp_path / "map.toml"
    kept.write_text(mapping_text(read.mappings[0], "wide.csv"), encoding="utf-8")
    again = read_inputs([path], read_mapping(str(kept)))
    pd.testing.assert_frame_equal(again.records, read.records)
    for text, words in (("[columns", "is no mapping"), ("[other]\na = 1\n", "has 'other'")):
        kept.write_text(text, encoding="utf-8")
        with pytest.raises(RecordError, match=words):
            read_mapping(str(kept))


def test_which_value_is_the_baseline_can_be_said(tmp_path: Path) -> None:
    frame = long().replace({"none": "plain-run", "mnli": "other-run"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert read_inputs([str(tmp_path / "t.csv")]).records["method"].isna().all()
    assert gains(read_inputs([str(tmp_path / "t.csv")], {"stage": "arm:plain-run"})) == EXPECTED
    with pytest.raises(RecordError, match=r"no row has 'plain-rum' in column 'stage'.*Did you mean 'plain-run'"):
        read_inputs([str(tmp_path / "t.csv")], {"stage": "arm:plain-rum"})


@pytest.mark.parametrize(
    ("name", "count"),
    [("wide.csv", 42), ("wide2.csv", 84), ("long.csv", 84), ("names.csv", 84), ("avgx.csv", 84), ("bcp47.csv", 84),
     ("table.md", 42), ("table.tex", 42), ("semidec.csv", 84), ("utf16.csv", 84), ("trailing.csv", 84),
     ("spacehead.csv", 84), ("nonecol.csv", 84), ("hfnames.csv", 84), ("percent.csv", 74), ("gains.csv", 84),
     ("gain_zero_in_baseline.csv", 210), ("onemodelonetask.csv", 14), ("r1_flores_kanuri.csv", 7), ("xlsum.csv", 10),
     ("cc100.csv", 13)],
)  # fmt: skip
def test_committed_tables(shared: Path, name: str, count: int) -> None:
    read = read_inputs([str(shared / "cases/tables" / name)])
    assert len(build_outcome(read.records, Options(outcome="gain")).frame) == count
