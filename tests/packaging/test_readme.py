"""What the README shows is what the commands print."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.cli.main import build_parser, main
from analysis.records import bundled as datasets
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


#: Pages that show commands of ``analyze`` in indented lines.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_outputs() -> list[tuple[str, str]]:
    """Commands whose output a page shows, each with what it shows."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += re.findall(r"<!-- output of: analyze (.*?) -->\n```text\n(.*?)\n```", text, re.DOTALL)
    return found


def in_order(parts: list[str], text: str) -> bool:
    """Whether the parts follow each other in a text, the first at its start."""
    position = 0
    for i, part in enumerate(parts):
        found = text.find(part, position)
        if found < 0 or (i == 0 and found != 0):
            return False
        position = found + len(part)
    return True


@pytest.mark.parametrize(("command", "shown"), shown_outputs())
def test_shown_output_is_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    """On a screen of 100 columns; a line with an ellipsis stands for what is not shown."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(ROOT)
    assert main(command.split()) == 0
    printed = capsys.readouterr().out.strip("\n")
    assert in_order(shown.removesuffix("\n…").split("\n…\n"), printed)
    assert "…" in shown or shown == printed


def test_the_main_outputs_are_shown() -> None:
    assert [command for command, _ in shown_outputs()] == [
        "fit --factor typology --data docs/example.csv",
        "fit --factor typology",
    ]


@pytest.mark.slow
def test_what_is_said_of_the_gap(tmp_path: Path) -> None:
    """The sentence beside the figure, and that every model beside the answer agrees."""
    import crosslift as cl

    found = cl.fit(factor="typology", outcome="gap")
    said = " ".join(README.split())
    item = found.details.answers[0]
    used = found.details.outcome.frame.loc[found.details.result.design.kept]
    assert f"of {used['model'].nunique()} models in {item.levels} languages" in said
    assert f"the gap to English widens by {item.estimate:.2f} points per 0.1 of typological distance" in said
    assert f"(95% interval {item.conf_low:.2f} to {item.conf_high:.2f})" in said
    assert item.verdict == "holds"
    others = re.search(r"survives (\d+) of (\d+) other sources of distance", found.details.survival)
    assert others is not None and others[1] == others[2]
    assert (found.frames["robustness"]["conf_low"].dropna() > 0).all()


def test_what_is_said_of_the_gain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--factor", "typology"]) == 0
    answer = capsys.readouterr().out.split("\n")[0]
    estimate, low, high = re.findall(r"[−\d.]*\d\.\d\d", answer)[:3]
    said = " ".join(README.split())
    assert "do not settle" in answer
    assert f"{estimate} points per 0.1 (95% interval {low} to {high}), so the data do not settle" in said


def test_shown_commands_parse() -> None:
    import shlex

    shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES).replace("\\\n", " ")
    lines = re.findall(r"^    (analyze .*)$", shown, re.MULTILINE)
    assert len(lines) > 60
    for line in lines:
        build_parser().parse_args(shlex.split(line, comments=True)[1:])


def test_the_table_of_commands_is_complete() -> None:
    from analysis.cli.main import COMMANDS

    for name in COMMANDS:
        assert f"`analyze {name}" in README, name


def test_the_readme_is_short() -> None:
    assert len(README) < 8000


def test_shown_figure_exists() -> None:
    for path in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (ROOT / path).is_file()


def test_shown_counts_are_those_of_the_data() -> None:
    scores = sum(len(datasets.load(entry.name)) for entry in datasets.published_sets())
    text = f"{scores:,} published scores in {len(datasets.published_sets())} sets"
    assert text in README


def test_shown_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/example.csv", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)  # it writes a figure
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)
    assert names["found"].details.result.converged
    assert (tmp_path / "effect.png").is_file()


def test_shown_python_of_a_model_of_ones_own_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/fit.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["result"].converged


@pytest.mark.slow
def test_shown_models_run() -> None:
    """The blocks of docs/models.md, one after the other."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/models.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert names["related"].converged  # type: ignore[attr-defined]


def test_shown_claims_run() -> None:
    """The Python of docs/claims.md; its claims over a table are run beside the claim language."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/claims.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert "contradicted" in set(names["averages"]["verdict"])  # type: ignore[index]
    assert set(names["gain"].frame.columns) == {"task", "kind", "publication", "low", "high"}  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "name"), [("scale", "found"), ("predict", "found")])
def test_shown_answers_run(topic: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of the other topics that have one."""
    monkeypatch.chdir(tmp_path)  # one writes a figure
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/{topic}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert names[name].to_json()["n_obs"] > 800  # type: ignore[attr-defined]


@pytest.mark.slow
def test_shown_distances_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The block of docs/distances.md; its table is what the block of the command prints."""
    text = (ROOT / "docs/distances.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, {})
    shown = re.findall(r"^\| (\S.*?) \| (−?[\d.]+), p [=<] [\d.]+ \((\d+).*?\| (−?[\d.]+), p", text, re.MULTILINE)
    assert len(shown) == 8
    assert main(["sources"]) == 0
    out = capsys.readouterr().out
    for words, gain, languages, gap in shown:
        named = re.escape(words.removesuffix(", the default"))
        assert re.search(rf"^  {named} +{gain} .* {languages} .* {gap} ", out, re.MULTILINE), words


@pytest.mark.parametrize("name", ["multiverse", "power"])
def test_shown_advice_runs(name: str) -> None:
    """The block of each of these pages."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, object] = {}
    exec(blocks[0], names)
    assert len(names["found"].answer) > 0  # type: ignore[attr-defined]
