"""Reports on five small tables of one's own say nothing that is false of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.reports.short import MOST_WORDS

LANGUAGES = ["en", "de", "fr", "es", "ru", "tr", "hi", "zh", "ar", "sw", "vi", "th"]
MODELS = ("mBERT", "XLM-R base", "XLM-R large")


def long(gain: bool = True) -> pd.DataFrame:
    """One score per row: gains that differ between tasks, and a gap that widens in distant languages."""
    rng = np.random.default_rng(5)
    rows = []
    for i, model in enumerate(MODELS):
        for task in ("XNLI", "PAWS-X"):
            for j, language in enumerate(LANGUAGES):
                base = 70.0 + 4 * i - 1.5 * j + rng.normal(0, 1.0)
                rows.append((model, task, language, "baseline", None, base))
                if gain:
                    rows.append((model, task, language, "intermediate", "mnli", base + 3.0 - 0.2 * j
                                 + (2.0 if task == "XNLI" else 0.0) + rng.normal(0, 1.0)))  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "target_task", "language", "method", "intermediate_task", "score"])


def wide() -> pd.DataFrame:
    table = (
        long().pivot_table(index=["model", "target_task", "method"], columns="language", values="score").reset_index()
    )
    return table.rename(columns={"method": "setting"}).replace({"setting": {"intermediate": "mnli"}}).round(1)


def gains() -> pd.DataFrame:
    table = (
        long().pivot_table(index=["model", "target_task", "language"], columns="method", values="score").reset_index()
    )
    table["gain"] = (table["intermediate"] - table["baseline"]).round(2)
    return table[table["language"] != "en"][["model", "target_task", "language", "gain"]]


def several_sources() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    rows = [(tested, trained, 80.0 - 20.0 * (tested != trained) + rng.normal(0, 3), model, task)
            for trained in ("en", "tr", "zh") for tested in LANGUAGES for model in ("A", "B")
            for task in ("pos", "ner")]  # fmt: skip
    return pd.DataFrame(rows, columns=["language", "train_language", "score", "model", "target_task"]).round(1)


TABLES = {"long": long, "wide": wide, "gains": gains, "several": several_sources, "scores": lambda: long(gain=False)}


@pytest.fixture(scope="module", params=sorted(TABLES))
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / f"{request.param}.csv"
    TABLES[request.param]().to_csv(path, index=False)
    out = folder / "out"
    assert main(["report", "typology", "intermediate_vs_direct", "--data", str(path), "--out", str(out)]) == 0
    return request.param, out


@pytest.mark.reports
def test_the_answer_is_short_and_has_its_numbers(built: tuple[str, Path]) -> None:
    _, out = built
    index = (out / "index.html").read_text(encoding="utf-8")
    for name in ("typology", "intermediate_vs_direct"):
        content = json.loads((out / name / "numbers.json").read_text(encoding="utf-8"))
        assert len(content["answer"].split()) <= MOST_WORDS
        assert content["answer"].count(". ") == 0
        (key,) = [table for table in content["tables"] if table["name"] == "key"]
        assert 2 <= len(key["columns"]) <= 3
        assert content["answer"] in index.replace("&#39;", "'")
    assert '<dl class="key">' in index
    assert "Slopes with intervals under each model" in index


@pytest.mark.reports
def test_no_sentence_is_about_other_data(built: tuple[str, Path]) -> None:
    kind, out = built
    text = (out / "typology/typology.md").read_text(encoding="utf-8")
    assert "in 0% of the rows" not in text and " 0 have fewer than half" not in text
    assert "it does on one task and not on another" not in text
    found = re.search(r"standard error ([\d.]+), ours ([\d.]+)", text)
    assert found is not None
    if "would overstate" in text:
        assert float(found[1]) <= float(found[2])
    else:
        assert "does not narrow the interval" in text and float(found[1]) >= float(found[2])
    assert ("A gap mixes" in text) == (kind != "gains")
    if kind == "several":
        assert "Gap to the language trained on (points)" in text
        assert "distance from English" not in text.split("## What the data cannot say")[1].split("## Methods")[
            0
        ].replace("distance from English is not", "")
        assert "The specifications were not fitted" in text
    else:
        assert re.search(r"% of [\d,]+ fits", text)
    beside = (out / "intermediate_vs_direct/intermediate_vs_direct.md").read_text(encoding="utf-8")
    for words in (
        "African",
        "as the publications print",
        "crosslift_mini has",
        "published averages",
        "XLM-R Large with",
    ):
        assert words not in beside


@pytest.mark.reports
def test_the_multiverse_is_that_of_the_command(built: tuple[str, Path]) -> None:
    kind, out = built
    content = json.loads((out / "typology/numbers.json").read_text(encoding="utf-8"))
    if kind == "several":
        pytest.skip("distances are from several languages")
    found = re.search(r"We fitted (\d+) of ([\d,]+) specifications", " ".join(content["methods"]))
    assert found is not None
    assert int(found[1]) >= min(1900, 0.9 * int(found[2].replace(",", "")))
