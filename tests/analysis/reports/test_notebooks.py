"""The bundled notebooks: no statistic is typed, each has its parts, and all of them run on bundled data."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from analysis.cli.main import main
from analysis.records import bundled as datasets
from analysis.reports.bibliography import SETS, entries
from analysis.reports.discovery import notebooks
from analysis.reports.prose import blocks, literal_statistics
from tests.conftest import ROOT

NAMES = sorted(notebooks(ROOT / "notebooks"))


def cells(name: str) -> list[tuple[str, str]]:
    """Kind and source of each cell, read without jupytext: these tests need no extra."""
    text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"(?m)^# %%", text)[1:]:
        head, _, body = part.partition("\n")
        markdown = "[markdown]" in head
        found.append(("markdown" if markdown else "code", re.sub(r"(?m)^# ?", "", body) if markdown else body))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_statistic_is_typed(name: str) -> None:
    for kind, source in cells(name):
        if kind == "markdown":
            assert literal_statistics(source) == [], source


@pytest.mark.parametrize("name", NAMES)
def test_parts_of_a_report(name: str) -> None:
    found = cells(name)
    code = [source for kind, source in found if kind == "code"]
    assert "session.provenance(" in code[0]
    assert code[-1].rstrip().endswith("session.finish()")
    prose = "\n".join(source for kind, source in found if kind == "markdown")
    opening = prose.index("> {answer}")
    shown = re.search(r"(?m)^\{(figure|table) ", prose)
    assert shown is not None
    assert opening < shown.start() < prose.index("## What the data cannot say")
    calls = "\n".join(code)
    for part in ("session.diagnose(", "session.method(", "session.cite("):
        assert part in calls


#: What sweep.rows.show() and pairs.show_pairs() record.
SHOWN = {"sweep", "sweep_table"}
SHOWN_PAIRS = {"pairs"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_for_is_recorded(name: str) -> None:
    prose = "\n".join(source for kind, source in cells(name) if kind == "markdown")
    code = "\n".join(source for kind, source in cells(name) if kind == "code")
    by_show = SHOWN if re.search(r"(?m)^show\(", code) else set()
    by_show = by_show | (SHOWN_PAIRS if "show_pairs(session" in code else set())
    for kind, block in blocks(prose):
        if block in by_show:
            continue
        call = "(?:figure|drawing)" if kind == "figure" else "table"
        assert re.search(rf"session\.{call}\(\s*\"{block}\"", code), block


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"replication"}))  # which is about the bundled tables
def test_whoever_reads_the_users_data_reads_their_columns(name: str) -> None:
    """Every call that takes the data takes the mapping of their columns too; the rows alone are none."""
    tree = ast.parse("\n".join(source for kind, source in cells(name) if kind == "code"))
    reading = [
        call
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and re.match(r"cl\.\w+\(|possible\(", text := ast.unparse(call))
        and re.search(r"session\.data|\bDATA\b", text)
    ]
    assert reading
    for call in reading:
        assert "session.mapping" in ast.unparse(call)


def test_every_bundled_set_of_scores_has_its_reference() -> None:
    assert set(SETS) >= {entry.name for entry in datasets.record_sets() if not entry.name.startswith("crosslift")}
    assert set(SETS.values()) <= set(entries())


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    assert main(["report", "all", "--out", str(out)]) == 0
    return out


@pytest.mark.reports
@pytest.mark.parametrize("name", NAMES)
def test_reports_run_on_bundled_data(reports: Path, name: str) -> None:
    content = json.loads((reports / name / "numbers.json").read_text(encoding="utf-8"))
    assert content["answer"] and content["diagnostics"] and content["methods"] and content["references"]
    text = (reports / name / f"{name}.md").read_text(encoding="utf-8")
    assert not re.search(r"\{(?:figure|table)? ?[a-z_.]+\}", text.split("## References")[0])
    assert (reports / name / f"{name}.html").stat().st_size < 5_000_000
    for item in content["figures"]:
        assert (reports / name / "figures" / f"{item['name']}.svg").is_file()


@pytest.mark.reports
def test_index_has_all_answers(reports: Path) -> None:
    index = (reports / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}/{name}.html"' in index for name in NAMES)
