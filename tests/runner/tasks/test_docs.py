"""docs/tasks.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from runner.cli.main import main
from runner.kinds.registry import find_kind, kind_names
from runner.tasks.catalog import find_task
from runner.tasks.cldr.task import is_current
from runner.tasks.load import CLDR, load_task
from runner.tasks.spec import bundled_specs
from tests.conftest import ROOT, skip_or_fail

DOCS = (ROOT / "docs/tasks.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    if not all(is_current(find_task(name)) for name in CLDR):
        skip_or_fail("another CLDR is installed than the table was made with")
    shown = re.search(r"<!-- output of: runner (.*?) -->\n```text\n(.*?)\n```", DOCS, re.DOTALL)
    assert shown is not None
    assert main(shown[1].split()) == 0
    assert capsys.readouterr().out.strip("\n") == shown[2]


def test_the_example_of_a_specification_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    assert example is not None
    (tmp_path / "tasks.toml").write_text(example[1], encoding="utf-8")
    rows = [("en", "train", "1", "good", "5"), ("en", "test", "2", "bad", "5"), ("sw", "test", "2", "mbaya", "5")]
    frame = pd.DataFrame(rows, columns=["lang", "split", "id", "review", "stars"])
    frame.to_csv(tmp_path / "reviews.tsv", sep="\t", index=False)
    assert load_task("reviews", tmp_path).card.languages == {"en": 1, "sw": 1}


def test_every_kind_is_described() -> None:
    for kind in kind_names():
        (line,) = [line for line in DOCS.splitlines() if line.startswith(f"| {kind} |")]
        assert all(f"`{metric}`" in line for metric in find_kind(kind).metrics)


def test_every_bundled_task_has_its_source_and_licence() -> None:
    for name, spec in bundled_specs().items():
        assert spec.source, name
        assert spec.licence, name


def test_unknown_tasks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "sib20"]) == 2
    assert "unknown task 'sib20'" in capsys.readouterr().err


def test_json_has_languages_and_revisions(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["tasks", "nusax", "--json", "-"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["tasks"]
    assert found["languages"]["ace"] == 400
    assert len(found["revision"]) == 64
