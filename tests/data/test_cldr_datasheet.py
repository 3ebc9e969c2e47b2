"""The datasheet of the suite cldr says what the suite is."""

from __future__ import annotations

import csv
import sys

import pytest

from runner.tasks.catalog import find_task
from runner.tasks.cldr.task import is_current
from runner.tasks.load import CLDR
from tests.conftest import ROOT, skip_or_fail

ROWS = list(csv.DictReader((ROOT / "data/mini/cldr.csv").read_text(encoding="utf-8").splitlines()))
SHEET = (ROOT / "data/mini/cldr.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CLDR)
def test_counts_are_those_of_the_catalogue(name: str) -> None:
    card, short = find_task(name), name.removeprefix("cldr-")
    counted = {row["locale"]: int(row[short]) for row in ROWS if not row[f"{short}_excluded"]}
    assert counted == card.languages
    total = f"| {len(counted)} | {sum(counted.values()):,} | {card.train_examples:,} |"
    assert [line for line in SHEET.splitlines() if line.startswith(f"| `{name}` |") and total in line]


def test_every_language_left_out_has_its_reason() -> None:
    assert len(ROWS) > 350
    for name in CLDR:
        short = name.removeprefix("cldr-")
        for row in ROWS:
            assert bool(row[f"{short}_excluded"]) != bool(row[f"{short}_surface"])


@pytest.mark.parametrize("locale", ["en", "de", "fil", "sw", "tok", "zh_Hant"])
def test_rows_are_made_by_the_script(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_current(find_task(CLDR[0])):
        skip_or_fail("another CLDR is installed than the datasheet was made with")
    pytest.importorskip("babel")
    monkeypatch.syspath_prepend(str(ROOT / "data" / "build"))
    import cldr

    (row,) = (row for row in ROWS if row["locale"] == locale)
    assert {key: str(value) for key, value in cldr.describe(locale).items()} == row
    sys.modules.pop("cldr")
