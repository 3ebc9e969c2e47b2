"""The examples of docs/meta.md run."""

from __future__ import annotations

import re
import shlex

from analysis.cli.main import build_parser
from tests.conftest import ROOT

TEXT = (ROOT / "docs/meta.md").read_text(encoding="utf-8")


def test_shown_python_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert names["crossed"].mixed.converged  # type: ignore[attr-defined]
    assert names["filled"].missing >= 0  # type: ignore[attr-defined]


def test_shown_commands_parse() -> None:
    lines = [line.split("#")[0].strip() for line in TEXT.splitlines() if line.startswith("    analyze ")]
    assert len(lines) == 6
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


def test_shown_figure_exists() -> None:
    for path in re.findall(r"\]\((figures/[^)]+)\)", TEXT):
        assert (ROOT / "docs" / path).is_file()
