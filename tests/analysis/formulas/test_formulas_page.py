"""The page of formulas names what there is."""

from __future__ import annotations

import json
import re

from analysis.formulas.functions import functions
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")


def test_every_function_is_on_the_page() -> None:
    words = set(re.findall(r"[\w.]+", PAGE.split("## Functions")[1].split("## Conditions")[0]))
    assert set(functions()) - words == set()


def test_counts_are_those_of_the_reference() -> None:
    reference = json.loads((ROOT / "validation/formulas/reference.json").read_text(encoding="utf-8"))
    columns, outcomes = len(reference["columns"]), len(reference["outcomes"])
    assert f"{columns} right-hand\nsides and {outcomes} outcomes" in PAGE
