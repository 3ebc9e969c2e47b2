"""What the README shows is what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.cli.main import build_parser, main
from analysis.records import bundled as datasets
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_shown_output_is_real(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = re.search(r"<!-- output of: analyze (.*?) -->\n```text\n(.*?)\n```", README, re.DOTALL)
    assert shown is not None
    assert main(shown[1].split()) == 0
    assert capsys.readouterr().out.strip("\n") == shown[2]


def test_shown_commands_parse() -> None:
    import shlex

    lines = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    analyze ")]
    assert len(lines) > 8
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


def test_shown_figure_exists() -> None:
    for path in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (ROOT / path).is_file()


def test_shown_counts_are_those_of_the_data() -> None:
    scores = sum(len(datasets.load(entry.name)) for entry in datasets.published_sets())
    text = f"{scores:,} published scores in {len(datasets.published_sets())} sets"
    assert text in README


def test_shown_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # it writes a figure
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(code[1], names)
    assert names["result"].converged  # type: ignore[attr-defined]


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


@pytest.mark.parametrize("name", ["multiverse", "power"])
def test_shown_advice_runs(name: str) -> None:
    """The block of each of these pages."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, object] = {}
    exec(blocks[0], names)
    assert len(names["found"].answer) > 0  # type: ignore[attr-defined]
