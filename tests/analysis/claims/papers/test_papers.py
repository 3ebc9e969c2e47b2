"""Papers as they are: one table in six forms reads alike, and each planted fault is found and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.claims.papers.accepted import read_accepted, with_accepted
from analysis.claims.papers.audit import Finding, audit_table
from analysis.claims.papers.cells import PaperCell, parse_figures
from analysis.claims.papers.prose import prose_figures
from analysis.claims.papers.read import Paper, read_paper
from analysis.claims.papers.tables import scale_notes
from analysis.cli.main import main
from analysis.core.errors import CrossliftError

HEADER = ["Model", "en", "fr", "de", "sw", "ur", "Avg."]
ROWS = [
    ["XLM-R", "89.1", "84.1", "83.9", "73.9", "73.8", "81.0"],
    ["mT5", "90.0", "85.0", "84.0", "75.0", "72.0", "81.2"],
    ["ours", "90.4", "85.7", "84.6", "76.2", "75.4", "82.5"],
]
BEST = {(2, column) for column in range(1, 7)}


def latex(rows: list[list[str]], bold: set[tuple[int, int]], prose: str = "") -> str:
    lines = [
        " & ".join(rf"\textbf{{{cell}}}" if (r, c) in bold else cell for c, cell in enumerate(row)) + r" \\"
        for r, row in enumerate(rows)
    ]
    table = "\n".join([r"\toprule", " & ".join(HEADER) + r" \\", r"\midrule", *lines, r"\bottomrule"])
    tabular = f"\\begin{{tabular}}{{l*{{5}}{{c}}|r}}\n{table}\n\\end{{tabular}}"
    return f"\\begin{{document}}\n{prose}\n{tabular}\n\\end{{document}}\n"


def markdown(rows: list[list[str]], bold: set[tuple[int, int]], prose: str = "") -> str:
    lines = ["| " + " | ".join(f"**{x}**" if (r, c) in bold else x for c, x in enumerate(row)) + " |"
             for r, row in enumerate(rows)]  # fmt: skip
    return "\n".join([prose, "", "| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|", *lines]) + "\n"


def html(rows: list[list[str]], bold: set[tuple[int, int]], prose: str = "") -> str:
    head = "<tr>" + "".join(f"<th>{x}</th>" for x in HEADER) + "</tr>"
    lines = "\n".join(
        "<tr>"
        + "".join(f"<td><b>{x}</b></td>" if (r, c) in bold else f"<td>{x}</td>" for c, x in enumerate(row))
        + "</tr>"
        for r, row in enumerate(rows)
    )
    return f"<p>{prose}</p><table>{head}\n{lines}</table>"


FORMS = {"tex": latex, "md": markdown, "html": html}


def paper(tmp_path: Path, form: str, rows: list[list[str]], bold: set[tuple[int, int]], prose: str = "") -> Paper:
    path = tmp_path / f"paper.{form}"
    if form == "csv":
        path.write_text("\n".join(",".join(row) for row in [HEADER, *rows]) + "\n", encoding="utf-8")
    elif form == "xlsx":
        from openpyxl import Workbook
        from openpyxl.styles import Font

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for r, row in enumerate([HEADER, *rows]):
            for c, text in enumerate(row):
                cell = sheet.cell(r + 1, c + 1, float(text) if r and c else text)
                cell.number_format = "0.0" if r and c else "General"
                cell.font = Font(bold=(r - 1, c) in bold)
        book.save(path)
    elif form == "pdf":
        draw_pdf(path, rows)
    else:
        path.write_text(FORMS[form](rows, bold, prose), encoding="utf-8")
    return read_paper(path)


def draw_pdf(path: Path, rows: list[list[str]]) -> None:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    made = Figure(figsize=(8, 3))
    FigureCanvasPdf(made)
    ax = made.add_subplot()
    ax.axis("off")
    ax.table([HEADER, *rows], loc="center", cellLoc="center")
    made.savefig(path)


def findings(found: Paper) -> list[Finding]:
    return [item for table in found.tables for item in audit_table(table)]


def wrong(found: Paper) -> list[tuple[str, str]]:
    return [(item.kind, item.what) for item in findings(found) if item.verdict == "contradicted"]


@pytest.mark.parametrize("form", [*FORMS, "csv", "xlsx", "pdf"])
def test_one_table_in_every_form(form: str, tmp_path: Path) -> None:
    found = paper(tmp_path, form, ROWS, BEST)
    (table,) = found.tables
    assert (table.header, table.labels) == (tuple(HEADER), 1)
    assert [[cell.text for cell in row] for row in table.rows] == ROWS
    averages = [item for item in findings(found) if item.kind == "average"]
    assert [(item.what, item.verdict) for item in averages] == [
        (f"{name}, Avg.", "reproduced") for name in ("XLM-R", "mT5", "ours")
    ]
    assert wrong(found) == []


@pytest.mark.parametrize("form", [*FORMS, "csv", "xlsx", "pdf"])
def test_an_average_that_is_wrong_stands_out(form: str, tmp_path: Path) -> None:
    rows = [row[:] for row in ROWS]
    rows[1][6] = "81.6"
    assert wrong(paper(tmp_path, form, rows, set())) == [("average", "mT5, Avg.")]


@pytest.mark.parametrize("form", [*FORMS, "xlsx"])
def test_bold_that_is_not_the_best(form: str, tmp_path: Path) -> None:
    bold = BEST - {(2, 4)} | {(1, 4)}
    assert wrong(paper(tmp_path, form, ROWS, bold)) == [("bold", "mT5, sw")]


def test_places_are_lines_of_the_file(tmp_path: Path) -> None:
    rows = [row[:] for row in ROWS]
    rows[1][6] = "81.6"
    (finding,) = [item for item in findings(paper(tmp_path, "tex", rows, set())) if item.verdict == "contradicted"]
    lines = (tmp_path / "paper.tex").read_text(encoding="utf-8").splitlines()
    assert lines[finding.line - 1].startswith("mT5 &")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("89.1%", ["89.1"]), ("84.1 %", ["84.1"]), ("83,9", ["83.9"]), ("73.8±0.4", ["73.8"]),
        ("73.8 +/- 0.4", ["73.8"]),
        ("76.9 (0.3)", ["76.9"]), ("80.2*", ["80.2"]), ("80.2†‡", ["80.2"]), ("80.1/75.2", ["80.1", "75.2"]),
        ("+1.3", ["1.3"]), ("−0.4", ["-0.4"]), ("1,234", ["1234"]), ("–", []), ("n/a", []), ("XLM-R", []), ("v1.1", []),
    ],
)  # fmt: skip
def test_what_is_printed_around_a_number(text: str, expected: list[str]) -> None:
    assert [f"{float(item.value):g}" for item in parse_figures(text)] == expected
    assert PaperCell(text).blank == (text in ("–", "n/a"))


LATEX_MARKUP = r"""
\begin{document}
\begin{tabular}{l cc c}
 & \multicolumn{2}{c}{Languages} & \\
Model & en & fr & Avg. \\ \midrule
XLM-R~\cite{a} & 80.0 & 70.0 & 75.0 \\
\quad +ours$^\dagger$ & $\mathbf{81.0}_{\pm 0.4}$ & \textbf{72.0}$^{*}$ & 76.5 \\ % a comment & 1
mT5 & 79.0 & \underline{71.0} & 75.0 \\ \midrule
$\Delta$ & +1.0 & +2.0 & +1.5 \\
\end{tabular}
\end{document}
"""


def test_markup_of_latex(tmp_path: Path) -> None:
    path = tmp_path / "a.tex"
    path.write_text(LATEX_MARKUP, encoding="utf-8")
    (table,) = read_paper(path).tables
    assert table.header == ("Model", "Languages en", "Languages fr", "Avg.")
    assert [table.label(row) for row in range(4)] == ["XLM-R", "+ours", "mT5", "Δ"]
    assert [cell.bold for cell in table.rows[1]] == [False, True, True, False]
    assert table.rows[2][2].underline
    kinds = {(item.kind, item.verdict) for item in audit_table(table)}
    assert kinds == {("average", "reproduced"), ("difference", "reproduced")}
    path.write_text(LATEX_MARKUP.replace("+2.0", "+2.5"), encoding="utf-8")
    assert ("difference", "Δ, Languages fr") in wrong(read_paper(path))


def table_of(tmp_path: Path, text: str) -> Paper:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_paper(path)


def test_a_row_of_averages(tmp_path: Path) -> None:
    text = "lang,a,b,c\nen,80.0,81.0,82.0\nfr,70.0,72.0,71.0\nsw,60.0,61.0,63.0\naverage,70.0,71.3,{}\n"
    assert wrong(table_of(tmp_path, text.format("72.0"))) == []
    assert wrong(table_of(tmp_path, text.format("73.0"))) == [("average", "average, c")]


def test_a_column_of_differences(tmp_path: Path) -> None:
    text = "lang,base,ours,gain\nen,80.0,81.0,1.0\nfr,70.0,72.0,2.0\nsw,60.0,61.0,{}\n"
    assert wrong(table_of(tmp_path, text.format("1.0"))) == []
    assert wrong(table_of(tmp_path, text.format("3.0"))) == [("difference", "sw, gain")]


def test_pairs_of_f1_and_em(tmp_path: Path) -> None:
    text = "Model,en,fr,Avg\na,80.0/70.0,70.0/60.0,75.0/65.0\nb,82.0/72.0,72.0/62.0,77.0/67.0\n"
    text += "c,84.0/74.0,74.0/64.0,79.0/{}\n"
    assert wrong(table_of(tmp_path, text.format("69.0"))) == []
    assert wrong(table_of(tmp_path, text.format("70.0"))) == [("average", "c, Avg")]


def test_a_row_that_stands_twice(tmp_path: Path) -> None:
    text = "Model,en,fr,de,sw\na,80.1,70.2,71.3,60.4\nb,82.1,72.0,73.5,61.9\nc,80.1,70.2,71.3,60.4\n"
    (finding,) = findings(table_of(tmp_path, text))
    assert (finding.kind, finding.what, finding.verdict) == ("doubled row", "c", "not-checkable")
    assert finding.why == "all 4 figures are those of a: one may be a copy"


def test_less_is_better_where_the_head_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("| m | WER ↓ a | WER ↓ b | WER ↓ c |\n|--|--|--|--|\n| a | **5.1** | **6.0** | **3.0** |\n"
                    "| b | 7.0 | 8.0 | 9.0 |\n| c | 7.5 | 8.5 | 9.5 |\n", encoding="utf-8")  # fmt: skip
    assert wrong(read_paper(path)) == []


def test_where_nothing_is_established_nothing_is_contradicted(tmp_path: Path) -> None:
    """An 'average' over what the table does not print."""
    found = table_of(tmp_path, "Model,en,fr,Avg\na,80.0,70.0,61.2\nb,82.0,72.0,59.9\n")
    assert [(item.kind, item.verdict) for item in findings(found)] == [("average", "not-checkable")] * 2


def test_the_scale_is_named(tmp_path: Path) -> None:
    (fractions,) = table_of(tmp_path, "lang,score\nen,0.891\nfr,0.841\nde,0.839\n").tables
    assert scale_notes(fractions) == ["t: its figures are fractions, none above 0.891."]
    (mixed,) = table_of(tmp_path, "m,en,fr\na,0.891,0.84\nb,85.0,84.1\n").tables
    assert scale_notes(mixed) == ["t mixes fractions and points: a in fractions."]
    (points,) = table_of(tmp_path, "m,en,fr\na,89.1,84.0\nb,85.0,84.1\n").tables
    assert scale_notes(points) == []


def test_numbers_of_the_prose(tmp_path: Path) -> None:
    prose = (
        "It reaches 82.5, improves by 1.3 points on average over mT5, by 1.2 in Swahili, and by 9.9 elsewhere (v1.1)."
    )
    found = {item.printed: item for item in prose_figures(paper(tmp_path, "tex", ROWS, BEST, prose))}
    assert list(found) == ["82.5", "1.3", "1.2", "9.9"]
    assert found["82.5"].given_by == ("table 1: ours, Avg.",) and found["82.5"].certainty == "found"
    assert "table 1: mean of ours − mT5" in found["1.3"].given_by
    assert "table 1: ours − mT5, sw" in found["1.2"].given_by
    assert found["9.9"].certainty == "not found"


def test_annotations_sarif_and_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row[:] for row in ROWS]
    rows[1][6] = "81.6"
    path, marks = tmp_path / "p.md", tmp_path / "p.sarif"
    path.write_text(markdown(rows, set()), encoding="utf-8")
    status = main(
        ["verify", str(path), "--annotate", "--sarif", str(marks), "--strict", "--json", str(tmp_path / "p.json")]
    )
    out = capsys.readouterr().out
    assert status == 1
    assert f"::error file={path},line=6,title=crosslift average::mT5, Avg.: 81.6 (mean over 5 cells: 81.20" in out
    (result,) = json.loads(marks.read_text(encoding="utf-8"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 6}
    content = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert content["command"] == "verify" and len(content["findings"]) == 3
    accepted = tmp_path / "verify.toml"
    accepted.write_text(
        '[[accept]]\ntable = "table 1"\nwhat = "mT5, Avg."\nprinted = "81.6"\nbecause = "over 20 languages"\n'
    )
    assert main(["verify", str(path), "--accept", str(accepted), "--strict"]) == 0
    assert "over 20 languages" in capsys.readouterr().out


def test_accepted_readings_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "verify.toml"
    path.write_text('[[accept]]\ntable = "t"\nwhat = "w"\nprinted = "1.0"\n')
    with pytest.raises(CrossliftError, match="entry 1 does not say why"):
        read_accepted(path)
    path.write_text('[[accept]]\ntabel = "t"\nbecause = "x"\n')
    with pytest.raises(CrossliftError, match="unknown field 'tabel'. Did you mean 'table'"):
        read_accepted(path)
    path.write_text('[[accept]]\ntable = "t"\nwhat = "w"\nprinted = "1.0"\nbecause = "x"\n')
    changed = Finding("average", "contradicted", "t", "w", 1, "2.0", "")
    assert with_accepted([changed], read_accepted(path)) == (changed,)  # another figure than the one accepted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "none.tex"], "no claim is made about 'none.tex', and it is not a file"),
        (["verify", "FILE", "--items", "5"], "--items is about a table"),
        (["verify", "--accept", "x"], "--accept is about a paper"),
        (["verify", "--annotate"], "--annotate and --sarif are about a paper"),
    ],
)
def test_what_is_refused_of_papers(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.md"
    path.write_text(markdown(ROWS, set()), encoding="utf-8")
    assert main([item.replace("FILE", str(path)) for item in arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_an_unknown_ending(tmp_path: Path) -> None:
    path = tmp_path / "p.doc"
    path.write_text("x")
    with pytest.raises(CrossliftError, match="is not a kind of paper that is read here"):
        read_paper(path)
