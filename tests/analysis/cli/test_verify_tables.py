"""``analyze verify`` beyond the registry: tables, templates, averages, results, HTML, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from analysis.cli.main import main

TABLE = "model,metric,gain,n\nA,f1,1.0,500\nA,em,5.4,500\nB,f1,2.0,500\nB,em,5.4,500\n"


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "scores.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["verify", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_claims_over_a_table(capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path) -> None:
    out_file = tmp_path / "v.json"
    status, out, _ = run(
        capsys, table, "--claim", "mean(gain) = 5.4", "--claim", "argmax(gain by model) = 'B'", "--json", str(out_file)
    )
    assert status == 0
    assert re.search(r"contradicted +mean\(gain\) = 5\.4 +5\.4 +3\.45 \(3\.40 to 3\.50\)", out)
    assert "scores.csv, lines 2–5" in out
    content = json.loads(out_file.read_text(encoding="utf-8"))
    assert content["command"] == "verify" and content["documents"] == []
    first, second = content["claims"]
    assert first["claimed"] == {"value": 5.4, "unit": "", "decimals": 1, "text": "5.4"}
    assert (first["verdict"], second["verdict"], second["claimed"]["value"]) == ("contradicted", "reproduced", None)
    assert first["evidence"][0]["lines"] == [2, 3, 4, 5]
    assert content["data"][0]["sha256"] == first["evidence"][0]["sha256"] and content["data"][0]["rows"] == 4


def test_under_and_strict(capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path) -> None:
    claims = tmp_path / "claims.txt"
    claims.write_text("# of the abstract\n\nmean(gain) = 5.4\n", encoding="utf-8")
    assert run(capsys, table, "--claims", str(claims), "--strict")[0] == 1
    status, out, _ = run(capsys, table, "--claims", str(claims), "--strict", "--under", "metric")
    assert status == 0 and "reproduced-under" in out and "metric = em" in out


def test_items_scale_and_decimals(capsys: pytest.CaptureFixture[str], table: str) -> None:
    _, out, _ = run(capsys, table, "--claim", "max(gain) = 5.4", "--items", "n")
    assert "5.40" in out and "impossible" not in out
    _, out, _ = run(capsys, table, "--claim", "max(gain) = 5.4", "--items", "7")
    assert "no count of 7 items is printed as 5.4; the nearest give 0.000 and 14.286" in out
    _, out, _ = run(capsys, table, "--claim", "mean(gain) = 3.50", "--decimals", "3")
    assert "contradicted" in out
    status, _, _ = run(capsys, table, "--claim", "mean(gain) = 3.5", "--scale", "-10", "10")
    assert status == 0


def test_a_bundled_set_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    claim = "mean(gain where condition = '2005.13013v2') = 5.4"
    status, out, _ = run(capsys, "phang2020_x_stilts", "--claim", claim, "--strict")
    assert status == 0 and "reproduced" in out


def test_template_and_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "tables.csv"
    assert run(capsys, "--template", str(path))[:2] == (0, "")
    assert run(capsys, "--template")[1] == path.read_text(encoding="utf-8")
    filled = [
        line[:-1] + "392703," if line.startswith("intermediate tasks,,train,MNLI") else line
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    path.write_text("\n".join(filled) + "\n", encoding="utf-8")
    status, out, _ = run(capsys, "--tables", str(path), "--show", "mnli-size", "--strict", "--json", "-")
    content = json.loads(out)
    claim = next(item for item in content["claims"] if item["id"] == "mnli-size")
    assert claim["verdict"] == "contradicted"  # the paper's own table settles it, whatever the public set has
    assert claim["recomputed"] == "392,703"
    assert content["data"][0]["name"] == "tables.csv"
    assert status == 1


@pytest.mark.slow
def test_averages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, "--averages", "chung2021_rembert", "--json", str(tmp_path / "v.json"), "--strict")
    assert status == 1
    assert re.search(
        r"contradicted +FILTER AVG_task\(7\) +74\.9 +mean of F1 and EM, mean of tasks: 74\.42 \(74\.37 to 74\.47\)", out
    )
    content = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    wrong = [item for item in content["averages"] if item["verdict"] == "contradicted"]
    assert len(wrong) == 7 and wrong[0]["lines"] == list(range(14, 24))
    assert content["granularity"] == [] and content["profiles"] == []


def test_averages_of_a_users_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    rows = ["model,method,target_task,metric,language,score,n_items", "M,baseline,xnli,acc,de,80.1,500"]
    rows += ["M,baseline,xnli,acc,fr,70.2,500", "M,baseline,xnli,acc,avg,77.7,"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    status, out, _ = run(capsys, "--averages", str(path), "--strict")
    assert status == 1
    assert "mean over 2 languages: 75.15 (75.10 to 75.20)" in out
    assert "no count of 500 items is printed as 80.1" in out


def test_what_a_blank_cell_must_be_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "blank.csv"
    rows = ["model,target_task,metric,language,score", "A,xnli,acc,en,85.7", "A,xnli,acc,fr,", "A,xnli,acc,de,78.6"]
    path.write_text("\n".join([*rows, "A,xnli,acc,avg,81.3"]) + "\n", encoding="utf-8")
    status, out, _ = run(capsys, "--averages", str(path), "--strict")
    assert status == 0
    assert "mean over 3 languages: fra, not printed, must be 79.3 to 79.9" in out
    assert "read as" not in out


def test_results(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    status, out, _ = run(capsys, "--results", "polyglot_prompt_explainaboard", "--json", str(path))
    assert status == 0
    assert "mT5 Base, not XLM-R Large" in out and "no verdict rests on these results" in out
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["replication"]["claims"][0]["outcome"] == "same direction"
    assert content["replication"]["read"] == 26


def test_html_is_one_file_without_network(capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path) -> None:
    path = tmp_path / "v.html"
    claim = "mean(gain where model = 'A' and gain < 100) = 3.2"
    run(capsys, table, "--claim", claim, "--html", str(path))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert '<td data-v="reproduced">reproduced</td>' in text
    assert "gain &lt; 100" in text and claim not in text
    for outside in ("http://", "https://", "<script", "src=", "@import", "url("):
        assert outside not in text
    run(capsys, "--html", str(path))
    text = path.read_text(encoding="utf-8")
    assert text.count("<h2 id=") == 3 and "average-gain" in text
    assert re.findall(r'src="([a-z/+:]*)', text) == ["data:image/svg+xml"]
    assert "http://" not in text and "https://" not in text and "<script" not in text
    _, out, _ = run(capsys, "--html", "-")
    assert out == text


def test_plot(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "gain.svg"
    run(capsys, "--plot", str(path))
    first = path.read_bytes()
    run(capsys, "--plot", str(path))
    assert path.read_bytes() == first
    status, _, err = run(capsys, "--plot", str(tmp_path / "gain.txt"))
    assert status == 2 and "cannot be saved as" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--claim", "mean(gain) = 1"), "--claim needs a table"),
        (("chung2021_rembert",), "no claim is made about 'chung2021_rembert', and it is not a file"),
        (("TABLE", "--claim", "mean(gain)"), "a claim compares"),
        (("TABLE", "--claim", "mean(gain) = 1", "--results", "x"), "--results is about the registry; leave out TABLE"),
        (("--averages", "--documents", "x"), "--documents is about the registry; leave out --averages"),
        (("--items", "5"), "--items is about a table"),
        (("--decimals", "0"), "--decimals is about a table"),
        (("TABLE", "--claim", "mean(gain) = 1", "--averages"), "two questions"),
        (("TABLE", "--claim", "mean(gain) = 1", "--decimals", "-1"), "--decimals -1 is negative"),
        (("TABLE", "--claim", "mean(gain) = 1", "--scale", "5", "1"), "the smaller one first"),
        (("TABLE", "--claim", "mean(gain) = 1", "--scale", "a", "b"), "--scale a b is not two numbers"),
        (("TABLE", "--claims", "EMPTY"), "has no claim"),
        (("TABLE", "--claims", "none.txt"), "'none.txt' cannot be read"),
        (("--averages", "chung"), "'chung' is neither a file nor a bundled data set"),
        (("--tables", "none.csv"), "there is no file"),
    ],
)
def test_what_is_refused(
    capsys: pytest.CaptureFixture[str], table: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n", encoding="utf-8")
    given = [item.replace("TABLE", table).replace("EMPTY", str(tmp_path / "empty.txt")) for item in arguments]
    status, out, err = run(capsys, *given)
    assert (status, out) == (2, "")
    assert message.replace("TABLE'", f"{table}'") in err
