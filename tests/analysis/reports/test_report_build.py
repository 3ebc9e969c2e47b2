"""Notebooks are executed and become pages that need no network; a fault stops its own report only."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.cli.main import main
from tests.analysis.reports.notebook import CODE, PROSE, write
from tests.conftest import skip_or_fail


@pytest.fixture(autouse=True)
def _report_packages() -> None:
    from analysis.core.errors import CrossliftError
    from analysis.reports.execute import require

    try:
        require()
    except CrossliftError as error:
        skip_or_fail(error.message)


class Links(HTMLParser):
    """What a page loads, and what it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for key, value in attrs if key == "src" or (tag == "link" and key == "href")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write(folder / "notebooks")
    assert main(["report", "tiny", "--notebooks", str(folder / "notebooks"), "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.mark.slow
def test_page_holds_everything_itself(built: Path) -> None:
    page = (built / "tiny/tiny.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert links.loads
    assert all(item.startswith("data:image/") for item in links.loads)
    assert not links.tags & {"script", "link", "iframe"}
    assert "url(" not in page and "@import" not in page
    assert "<math" in page and "<style>" in page


def test_prose_is_rendered_from_the_numbers_of_the_run(built: Path) -> None:
    content = json.loads((built / "tiny/numbers.json").read_text(encoding="utf-8"))
    assert content["command"] == "report"
    assert content["numbers"]["slope"]["estimate"] == -1.234
    assert content["diagnostics"] == ["Nothing is wrong."]
    assert len(content["data"][0]["sha256"]) == 64
    page = (built / "tiny/tiny.html").read_text(encoding="utf-8")
    text = (built / "tiny/tiny.md").read_text(encoding="utf-8")
    for words in ("−1.23 points (95% interval −2.00 to −0.40; p = 0.010; 23.0 degrees of freedom)", "phang2020"):
        assert words in page and words in text
    assert "That is &lt;all&gt;." in page
    assert "x &amp; y" in page
    assert "{slope" not in re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    write(tmp_path / "notebooks")
    assert main(["report", "tiny", "--notebooks", str(tmp_path / "notebooks"), "--out", str(tmp_path / "out")]) == 0
    for name in ("tiny.html", "tiny.md", "numbers.json", "figures/line.svg", "figures/line.png"):
        assert (tmp_path / "out/tiny" / name).read_bytes() == (built / "tiny" / name).read_bytes(), name


def test_figures_tables_and_index(built: Path) -> None:
    assert {path.name for path in (built / "tiny/figures").iterdir()} == {"line.png", "line.svg"}
    assert "![A line that rises](figures/line.png)" in (built / "tiny/tiny.md").read_text(encoding="utf-8")
    index = (built / "index.html").read_text(encoding="utf-8")
    assert 'href="tiny/tiny.html"' in index and "It falls by 1.23 points" in index


def test_provenance_is_the_first_output(built: Path) -> None:
    page = (built / "tiny/tiny.html").read_text(encoding="utf-8")
    first = re.search(r'<pre class="output">(.*?)</pre>', page, re.DOTALL)
    assert first is not None
    for words in ("devlin2019_mbert", "sha256", "numpy", "revision"):
        assert words in first[1]


FAULTS = {
    "cell": (PROSE, CODE.replace('["devlin2019_mbert"]', '["devlin2019_mbrt"]'), "cell 2 ('from analysis.records.read"),
    "number": (PROSE.replace("{slope}", "{slop}"), CODE, "no number 'slop' was recorded"),
    "figure": (PROSE.replace("{figure line}", "{figure lin}"), CODE, "no figure 'lin' was recorded"),
    "unfinished": (PROSE, CODE.replace("session.finish()", ""), "no numbers.json was written"),
    "answer": (PROSE, CODE.replace('session.say("answer"', 'session.say("reply"'), "lacks an 'answer'"),
    "reference": (PROSE, CODE.replace('"phang2020"', '"phang2019"'), "unknown reference 'phang2019'"),
}


@pytest.mark.slow
def test_faults_are_named_and_stop_no_other_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "notebooks", tmp_path / "out"
    for name, (prose, code, _) in FAULTS.items():
        write(folder, name, prose, code)
    write(folder, "tiny")
    assert main(["report", "--notebooks", str(folder), "--out", str(out)]) == 1
    lines = capsys.readouterr().out.splitlines()
    for name, (_, _, words) in FAULTS.items():
        (line,) = [line for line in lines if line.startswith(f"{name} failed in")]
        assert words in line
        assert not (out / name / f"{name}.html").is_file()
    assert (out / "tiny/tiny.html").is_file()
    assert (out / "index.html").read_text(encoding="utf-8").count('<li class="failed">') == len(FAULTS)


@pytest.mark.slow
def test_what_is_left_out_on_purpose_leaves_no_trace(tmp_path: Path) -> None:
    code = CODE.replace('session.figure("line"', 'session.omit("line"); session.figure("other"')
    write(tmp_path / "notebooks", code=code)
    assert main(["report", "--notebooks", str(tmp_path / "notebooks"), "--out", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out/tiny/tiny.md").read_text(encoding="utf-8")
    assert "{figure" not in text and "![" not in text


@pytest.mark.slow
def test_own_data_reach_the_notebook(tmp_path: Path) -> None:
    write(tmp_path / "notebooks")
    scores = tmp_path / "scores.csv"
    scores.write_text("language,score,method\nde,71.5,baseline\nfr,73.5,baseline\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["report", "--notebooks", str(tmp_path / "notebooks"), "--out", str(out), "--data", str(scores)]) == 0
    content = json.loads((out / "tiny/numbers.json").read_text(encoding="utf-8"))
    assert [(item["name"], item["rows"]) for item in content["data"]] == [("scores.csv", 2)]


@pytest.mark.slow
def test_own_columns_need_no_other_names(tmp_path: Path) -> None:
    write(tmp_path / "notebooks")
    scores = tmp_path / "scores.csv"
    scores.write_text("sprache,wert,method\nde,71.5,baseline\nfr,73.5,baseline\n", encoding="utf-8")
    arguments = ["--notebooks", str(tmp_path / "notebooks"), "--out", str(tmp_path / "out"), "--data", str(scores)]
    assert main(["report", *arguments]) == 2
    assert main(["report", *arguments, "--map", "sprache=language", "--map", "wert=score"]) == 0
    content = json.loads((tmp_path / "out/tiny/numbers.json").read_text(encoding="utf-8"))
    assert [(item["name"], item["rows"]) for item in content["data"]] == [("scores.csv", 2)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["typolgy"], "unknown report 'typolgy'.\n  Did you mean 'typology'?"),
        (["--jobs", "0"], "--jobs 0: at least one report has to run."),
        (["typology", "--data", "nowhere.csv"], "'nowhere.csv'"),
        (["typology", "--map", "lang=language"], "--map names columns of files, but no file is given."),
        (["typology", "--map", "lang"], "--map 'lang' is not COLUMN=FIELD."),
    ],
)
def test_bad_arguments_are_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["report", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_list_names_the_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "model_size", "corpus_size", "intermediate_vs_direct", "domain", "typology", "replication"
    ]  # fmt: skip
