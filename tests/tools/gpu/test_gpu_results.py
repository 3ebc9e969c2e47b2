"""The page of results: every number with the card beside it, and nothing of a rehearsal by mistake."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.core.errors import CrossliftError
from tests.tools.gpu.conftest import Rehearsal
from tools.gpu import results
from tools.gpu.results import report

CARD = "NVIDIA H100 80GB HBM3"


def on_a_gpu(rehearsal: Rehearsal, ratio: float = 1.4) -> dict[str, Any]:
    """Made-up numbers in the shape of a run on a GPU."""
    content = copy.deepcopy(rehearsal.content)
    content["start"]["device"] = {"name": CARD, "driver": "999.1"}
    for block in content["blocks"].values():
        block.pop("stand_in", None)
        block |= {"rehearsal": False, "device": "cuda:0"}
        if "card" in block["facts"]:
            block["facts"]["card"] = CARD
    large, beside, sweep = (content["blocks"][name]["facts"] for name in ("large", "beside", "sweep"))
    large["models"] = [{
        **large["models"][0], "model": "Llama-shaped 1.2B", "peak_gib": 31.27, "tokens_per_s": 45678.9,
        "tflops_per_s": 199.0, "mfu": 0.2011, "card_peak_tflops": 989.4, "j_per_1000_tokens": 12.345, "busy": 0.97,
    }]  # fmt: skip
    for model in beside["models"]:
        model |= {"tokens_per_s": {"runner": 5000.0 * ratio, "trainer": 5000.0}, "ratio": ratio}
        model["busy"] = {"runner": 0.9, "trainer": 0.8}
    sweep |= {"cells_per_s": 31.5, "busy": 0.6, "energy_j": 63000.0, "cells": 630}
    return content


def test_every_number_has_the_card_beside_it(rehearsal: Rehearsal) -> None:
    text = report(on_a_gpu(rehearsal))
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    headers = [row for row in rows if "| card |" in row]
    assert len(headers) == 7  # the blocks, and six sections
    assert all(CARD in row for row in rows if row not in headers)
    for number in ("31.3", "45,679", "20.1%", "12.35", "7,000", "1.40", "31.5", "100.0", "76.08"):
        assert number in text
    assert "989.4 TFLOP/s" in text and "4·N + 6·A" in text
    assert "rehearsal" not in text.split("## Blocks")[0]


def test_a_runner_that_is_slower_comes_with_its_profile(rehearsal: Rehearsal) -> None:
    fast, slow = (report(on_a_gpu(rehearsal, ratio)) for ratio in (1.4, 0.7))
    assert "kernel or operation" not in fast
    assert f"| {CARD}: kernel or operation | side | calls | ms |" in slow
    profiles = rehearsal.content["blocks"]["beside"]["facts"]["models"][1]["profiles"]
    assert profiles["trainer"]["processor"][0]["name"] in slow


def test_a_card_that_is_not_in_the_table_has_no_peak(rehearsal: Rehearsal) -> None:
    content = on_a_gpu(rehearsal)
    content["blocks"]["large"]["facts"]["models"][0] |= {"card_peak_tflops": None, "mfu": None}
    assert f"{CARD} is not in the table of peaks" in report(content)
    assert "not measured" in report(content)


def test_what_does_not_hold_is_said(rehearsal: Rehearsal) -> None:
    content = on_a_gpu(rehearsal)
    block = content["blocks"]["kinds"]
    block |= {"holds": False, "reasons": ["no failed stage: failed 1"]}
    block["facts"]["failures"] = [{"architecture": "bloom", "error": "RuntimeError: no kernel"}]
    text = report(content)
    assert f"| kinds | {CARD} | does not hold |" in text and "- bloom, RuntimeError: no kernel" in text


def test_blocks_that_were_not_run_have_no_section(rehearsal: Rehearsal) -> None:
    content = on_a_gpu(rehearsal)
    content["blocks"] = {"check": content["blocks"]["check"]}
    text = report(content)
    assert "## Precisions and energy" in text and "## Beside" not in text


def test_a_rehearsal_is_refused(rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CrossliftError, match="a rehearsal, whose numbers are not results") as caught:
        report(rehearsal.content)
    assert "on a GPU" in caught.value.hint
    assert "Nothing here is a result" in report(rehearsal.content, rehearsal=True)
    for arguments, status in (
        ([str(rehearsal.out)], 2),
        ([str(rehearsal.out), "--rehearsal"], 2),  # into the page of results
        ([str(tmp_path)], 2),
        ([str(rehearsal.out), "--rehearsal", "--out", str(tmp_path / "page.md")], 0),
    ):
        monkeypatch.setattr("sys.argv", ["results", *arguments])
        assert results.main() == status
    assert not results.OUT.exists() or "rehearsal" not in results.OUT.read_text(encoding="utf-8")
    assert (tmp_path / "page.md").is_file()


def test_a_run_that_was_cut_off_still_has_a_page(rehearsal: Rehearsal) -> None:
    """Whatever block was ended whenever: facts that it did not come to are said to be missing."""
    content = on_a_gpu(rehearsal)
    for name in content["blocks"]:
        content["blocks"][name] |= {"finished": False, "checks": [], "facts": {}, "holds": "not-run"}
    assert "not measured" in report(json.loads(json.dumps(content)))
